#include "sentinel/config/conf/server_directives.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>

#include "common/conf/numbers.h"
#include "common/conf/tls_directives.h"
#include "sentinel/acl/users.h"

namespace sentinel::conf {
namespace {

using Words = std::vector<std::string>;

constexpr char kWrongCount[] = "wrong number of arguments";

// The targets of one line's value.
struct Target {
  ServerDraft& draft;
  DaemonConfig& config;
};

std::string read_flag(bool& target, const std::string& text) {
  const auto value = yes_or_no(text);
  if (!value) return "argument must be 'yes' or 'no'";
  target = *value;
  return {};
}

template <typename Number>
std::string read_number(Number& target, const std::string& text, std::int64_t least, std::int64_t most) {
  const auto value = whole_integer(text);
  if (!value) return "argument couldn't be parsed into an integer";
  if (*value < least || *value > most) return fmt::format("argument must be between {} and {} inclusive", least, most);
  target = static_cast<Number>(*value);
  return {};
}

template <typename Value>
struct Choice {
  std::string_view word;
  Value value;
};

template <typename Value>
std::string read_choice(Value& target, const std::string& text, std::span<const Choice<Value>> choices) {
  const std::string word = lower(text);
  std::string all;
  for (const Choice<Value>& choice : choices) {
    if (choice.word == word) {
      target = choice.value;
      return {};
    }
    all += all.empty() ? "" : ", ";
    all += choice.word;
  }
  return "argument(s) must be one of the following: " + all;
}

std::string set_port(Target to, const std::string& text) { return read_number(to.draft.port, text, 0, 65535); }

std::string set_folder(Target to, const std::string& text) {
  to.config.conf.folder = text;
  if (!to.draft.touch_files) return {};
  struct stat found {};
  if (::stat(text.c_str(), &found) != 0) return std::strerror(errno);
  if (!S_ISDIR(found.st_mode)) return std::strerror(ENOTDIR);
  return {};
}

std::string set_log_level(Target to, const std::string& text) {
  static constexpr std::array kLevels{
      Choice<LogLevel>{"debug", LogLevel::Debug},     Choice<LogLevel>{"verbose", LogLevel::Debug},
      Choice<LogLevel>{"notice", LogLevel::Info},     Choice<LogLevel>{"warning", LogLevel::Warning},
      Choice<LogLevel>{"nothing", LogLevel::Nothing},
  };
  std::string problem = read_choice<LogLevel>(to.config.log.level, text, kLevels);
  if (problem.empty()) to.config.conf.log_level = lower(text);
  return problem;
}

std::string set_facility(Target to, const std::string& text) {
  static constexpr std::array kFacilities{"user",   "local0", "local1", "local2", "local3",
                                          "local4", "local5", "local6", "local7"};
  std::vector<Choice<std::string>> choices;
  for (const char* name : kFacilities) choices.push_back({name, name});
  return read_choice<std::string>(to.config.log.syslog_facility, text, choices);
}

std::string set_supervised(Target to, const std::string& text) {
  static constexpr std::array kModes{
      Choice<Supervised>{"upstart", Supervised::Upstart},
      Choice<Supervised>{"systemd", Supervised::Systemd},
      Choice<Supervised>{"auto", Supervised::Auto},
      Choice<Supervised>{"no", Supervised::No},
  };
  return read_choice<Supervised>(to.config.conf.supervised, text, kModes);
}

std::string set_pubsub_default(Target to, const std::string& text) {
  static constexpr std::array kModes{Choice<bool>{"allchannels", true}, Choice<bool>{"resetchannels", false}};
  return read_choice<bool>(to.config.conf.acl_pubsub_allchannels, text, kModes);
}

std::string set_seconds(Target to, const std::string& text) {
  int seconds = 0;
  std::string problem = read_number(seconds, text, 0, std::numeric_limits<int>::max());
  if (problem.empty()) to.config.conf.idle_timeout = Millis(std::int64_t{seconds} * 1000);
  return problem;
}

std::string set_unix_socket(Target to, const std::string& text) {
  if (!text.empty()) to.draft.warnings.push_back("unixsocket: a sentinel is reached by TCP only; ignored");
  return {};
}

constexpr std::int64_t kIntMax = std::numeric_limits<int>::max();

// Directives of one value.
struct Single {
  std::string_view name;
  std::string (*set)(Target to, const std::string& text);
};
constexpr std::array kSingles{
    Single{"port", set_port},
    Single{"dir", set_folder},
    Single{"daemonize", [](Target to, const std::string& text) { return read_flag(to.config.conf.daemonize, text); }},
    Single{"pidfile",
           [](Target to, const std::string& text) {
             to.config.conf.pid_file = text;
             return std::string();
           }},
    Single{"logfile",
           [](Target to, const std::string& text) {
             to.draft.log_file = text;
             return std::string();
           }},
    Single{"loglevel", set_log_level},
    Single{"syslog-enabled", [](Target to, const std::string& text) { return read_flag(to.config.log.syslog, text); }},
    Single{"syslog-ident",
           [](Target to, const std::string& text) {
             to.config.log.syslog_ident = text;
             return std::string();
           }},
    Single{"syslog-facility", set_facility},
    Single{"supervised", set_supervised},
    Single{"protected-mode",
           [](Target to, const std::string& text) { return read_flag(to.config.conf.protected_mode, text); }},
    Single{"requirepass",
           [](Target to, const std::string& text) {
             to.config.password = text;
             return std::string();
           }},
    Single{"aclfile",
           [](Target to, const std::string& text) {
             to.config.conf.acl_file = text;
             return std::string();
           }},
    Single{
        "acllog-max-len",
        [](Target to, const std::string& text) { return read_number(to.config.conf.acl_log_max, text, 0, kIntMax); }},
    Single{"acl-pubsub-default", set_pubsub_default},
    Single{
        "maxclients",
        [](Target to, const std::string& text) { return read_number(to.config.limits.max_clients, text, 1, kIntMax); }},
    Single{"timeout", set_seconds},
    Single{
        "tcp-keepalive",
        [](Target to, const std::string& text) { return read_number(to.config.conf.tcp_keepalive, text, 0, kIntMax); }},
    Single{"tcp-backlog",
           [](Target to, const std::string& text) {
             return read_number(to.config.conf.tcp_backlog.emplace(), text, 0, kIntMax);
           }},
    Single{"bind-source-addr",
           [](Target to, const std::string& text) {
             to.config.conf.bind_source_address = text;
             return std::string();
           }},
    Single{"unixsocket", set_unix_socket},
    Single{"unixsocketperm", [](Target, const std::string&) { return std::string(); }},
};

std::string set_bind(Target to, const Words& words) {
  constexpr std::size_t kAddressesMax = 16;
  if (words.size() - 1 > kAddressesMax) return "Too many bind addresses specified.";
  to.draft.bind.assign(words.begin() + 1, words.end());
  if (to.draft.bind.size() == 1 && to.draft.bind.front().empty()) to.draft.bind.clear();
  return {};
}

// "client-output-buffer-limit <class> <hard> <soft> <seconds>", groups of four.
// The hard limit of subscribers is ours; the other classes don't exist here.
std::string set_output_limit(Target to, const Words& words) {
  if (words.size() < 5 || (words.size() - 1) % 4 != 0) return kWrongCount;
  for (std::size_t at = 1; at < words.size(); at += 4) {
    const std::string name = lower(words[at]);
    if (name != "normal" && name != "slave" && name != "replica" && name != "pubsub" && name != "master")
      return fmt::format("Invalid client class specified in buffer limit configuration.");
    const auto hard = memory_size(words[at + 1]);
    const auto soft = memory_size(words[at + 2]);
    const auto seconds = whole_integer(words[at + 3]);
    if (!hard || !soft || !seconds || *seconds < 0)
      return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    if (name == "pubsub" && *hard != 0) to.config.limits.client_output_buffer = *hard;
  }
  return {};
}

std::string add_user(const Words& words, ConfSettings& conf) {
  const std::string& user = words[1];
  const auto same = [&](const auto& other) { return other.front() == user; };
  if (std::any_of(conf.users.begin(), conf.users.end(), same)) {
    return "Error in user declaration '" + user +
           "': Duplicate user found. A user can only be defined once in config files";
  }
  const auto read = read_user_line({.name = user, .rules = {words.begin() + 2, words.end()}}, {});
  if (!read) return read.error();
  conf.users.emplace_back(words.begin() + 1, words.end());
  return {};
}

}  // namespace

std::string apply_server_directive(const Words& words, ServerDraft& draft, DaemonConfig& config) {
  const std::string name = lower(words.front());
  const Target to{draft, config};
  const auto* single =
      std::find_if(kSingles.begin(), kSingles.end(), [&](const Single& it) { return it.name == name; });
  if (single != kSingles.end()) return words.size() == 2 ? single->set(to, words[1]) : kWrongCount;
  if (name == "bind") return words.size() > 1 ? set_bind(to, words) : kWrongCount;
  if (name == "client-output-buffer-limit") return set_output_limit(to, words);
  if (name == "user") {
    if (words.size() < 2) return "Bad directive or wrong number of arguments";
    return add_user(words, config.conf);
  }
  if (name == "replicaof" || name == "slaveof") return "replicaof directive not allowed in sentinel mode";
  if (name.starts_with("tls-")) return apply_tls_directive(words, config.tls);
  if (is_ignored_directive(name)) return {};
  return "Bad directive or wrong number of arguments";
}

}  // namespace sentinel::conf
