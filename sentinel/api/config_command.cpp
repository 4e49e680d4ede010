// SENTINEL CONFIG: parameters of the whole process.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/conf/tls_directives.h"
#include "common/resp/text.h"
#include "sentinel/api/changes.h"
#include "sentinel/api/set_options.h"

namespace sentinel {
namespace {

constexpr std::string_view kSecretShown = "******";
constexpr std::string_view kUsage =
    "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> [<param> <value> ...] are "
    "supported.";
constexpr std::array<std::string_view, 5> kLogLevels{"debug", "verbose", "notice", "warning", "nothing"};

std::string shown(bool value) { return value ? "yes" : "no"; }

bool set_flag(bool& target, std::string_view value) {
  if (!is_word(value, "yes") && !is_word(value, "no")) return false;
  target = is_word(value, "yes");
  return true;
}

bool set_text(std::string& target, std::string_view value) {
  if (has_control_characters(value)) return false;
  target = value;
  return true;
}

bool set_port(std::uint16_t& target, std::string_view value) {
  std::uint16_t port = 0;
  const auto [rest, failure] = std::from_chars(value.data(), value.data() + value.size(), port);
  if (failure != std::errc{} || rest != value.data() + value.size()) return false;
  target = port;
  return true;
}

bool set_log_level(std::string& target, std::string_view value) {
  const std::string level = lower(value);
  if (std::find(kLogLevels.begin(), kLogLevels.end(), level) == kLogLevels.end()) return false;
  target = level;
  return true;
}

struct Parameter {
  std::string_view name;
  std::function<std::string(const GlobalSettings&)> get;
  std::function<bool(GlobalSettings&, std::string_view value)> set;  // False: a bad value.
  bool secret = false;
};

// Stock's, in its order.
const std::array<Parameter, 7> kStockParameters{{
    {"resolve-hostnames", [](const GlobalSettings& all) { return shown(all.resolve_hostnames); },
     [](GlobalSettings& all, std::string_view value) { return set_flag(all.resolve_hostnames, value); }},
    {"announce-hostnames", [](const GlobalSettings& all) { return shown(all.announce_hostnames); },
     [](GlobalSettings& all, std::string_view value) { return set_flag(all.announce_hostnames, value); }},
    {"announce-ip", [](const GlobalSettings& all) { return all.announce_ip; },
     [](GlobalSettings& all, std::string_view value) { return set_text(all.announce_ip, value); }},
    {"announce-port", [](const GlobalSettings& all) { return std::to_string(all.announce_port); },
     [](GlobalSettings& all, std::string_view value) { return set_port(all.announce_port, value); }},
    {"sentinel-user", [](const GlobalSettings& all) { return all.sentinel_user; },
     [](GlobalSettings& all, std::string_view value) { return set_text(all.sentinel_user, value); }},
    {"sentinel-pass", [](const GlobalSettings& all) { return all.sentinel_password; },
     [](GlobalSettings& all, std::string_view value) { return set_text(all.sentinel_password, value); }, true},
    {"loglevel", [](const GlobalSettings& all) { return all.log_level; },
     [](GlobalSettings& all, std::string_view value) { return set_log_level(all.log_level, value); }},
}};

// redis-server's, of its CONFIG; stock's sentinels have no word for them.
Parameter tls_parameter(std::string_view name) {
  return {.name = name,
          .get = [name](const GlobalSettings& all) { return conf::tls_directive_value(name, all.tls); },
          .set =
              [name](GlobalSettings& all, std::string_view value) {
                if (has_control_characters(value)) return false;
                return conf::apply_tls_directive({std::string(name), std::string(value)}, all.tls).empty();
              },
          .secret = name.ends_with("-pass")};
}

const std::vector<Parameter>& parameters() {
  static const std::vector<Parameter> all = [] {
    std::vector<Parameter> made(kStockParameters.begin(), kStockParameters.end());
    for (const std::string_view name : conf::changeable_tls_directives()) made.push_back(tls_parameter(name));
    return made;
  }();
  return all;
}

const Parameter* find_parameter(std::string_view name) {
  const auto found = std::find_if(parameters().begin(), parameters().end(),
                                  [&](const Parameter& parameter) { return is_word(name, parameter.name); });
  return found == parameters().end() ? nullptr : &*found;
}

std::string value_shown(const Parameter& parameter, const GlobalSettings& settings) {
  std::string value = parameter.get(settings);
  return parameter.secret && !value.empty() ? std::string(kSecretShown) : value;
}

void get(const GlobalSettings& settings, const std::vector<std::string>& patterns, ReplyWriter& reply) {
  std::string pairs;
  ReplyWriter writer(pairs, reply.version());
  std::set<std::string_view> told;
  for (const std::string& pattern : patterns) {
    for (const Parameter& parameter : parameters()) {
      if (!glob_matches(pattern, parameter.name, LetterCase::Ignore) || !told.insert(parameter.name).second) continue;
      writer.bulk(parameter.name).bulk(value_shown(parameter, settings));
    }
  }
  reply.map(told.size()).raw(pairs);
}

// The settings with all of the list, or the error of the first bad word.
Result<GlobalSettings> with_all(GlobalSettings settings, const std::vector<std::string>& words) {
  std::set<std::string_view> given;
  for (std::size_t at = 0; at < words.size(); at += 2) {
    const Parameter* const parameter = find_parameter(words[at]);
    if (parameter == nullptr) {
      return unexpected(fmt::format("ERR Invalid argument '{}' to SENTINEL CONFIG SET", words[at]));
    }
    if (!given.insert(parameter->name).second) {
      return unexpected(fmt::format("ERR Duplicate argument '{}' to SENTINEL CONFIG SET", words[at]));
    }
    if (at + 1 == words.size()) return unexpected(fmt::format("ERR Missing argument '{}' value", words[at]));
    const std::string& value = words[at + 1];
    if (parameter->set(settings, value)) continue;
    return unexpected(fmt::format("ERR Invalid value '{}' to SENTINEL CONFIG SET '{}'",
                                  parameter->secret ? kSecretShown : value, words[at]));
  }
  return settings;
}

}  // namespace

asio::awaitable<void> sentinel_config(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply) {
  const std::vector<std::string> words(arguments.begin() + 3, arguments.end());
  if (is_word(arguments[2], "get") && !words.empty()) {
    get(context.daemon.global_settings(), words, reply);
    co_return;
  }
  if (!is_word(arguments[2], "set") || words.size() < 2) {
    reply.error(kUsage);
    co_return;
  }
  Result<GlobalSettings> settings = with_all(context.daemon.global_settings(), words);
  if (!settings) {
    reply.error(settings.error());
    co_return;
  }
  const Result<void> result = co_await context.daemon.change_global_settings(std::move(*settings));
  if (result) {
    reply.simple("OK");
  } else {
    reply.error(result.error());
  }
}

}  // namespace sentinel
