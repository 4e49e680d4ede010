#include "sentinel/config/conf/sentinel_directives.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "common/conf/numbers.h"
#include "sentinel/core/limits.h"

namespace sentinel::conf {
namespace {

using Words = std::vector<std::string>;

constexpr std::int64_t kMillisMax = 1'000'000'000'000;  // 31 years: far from overflow when added to a time.
constexpr std::size_t kIdChars = 40;

// One group while its lines are read.
struct GroupDraft {
  GroupSettings& settings;
  ConfGroupState& state;
};

class Applier {
 public:
  Applier(DaemonConfig& config, bool touch_files) : config_(config), touch_files_(touch_files) {}

  // The empty text: all is well.
  std::string process_line(const Words& words);
  std::string monitor(const Words& words, const std::string& file);
  std::string group_line(const Words& words);

 private:
  std::string known_replica(GroupDraft group, const Words& words);
  std::string known_sentinel(GroupDraft group, const Words& words);
  std::string read_script(std::string& target, const std::string& path, const char* complaint) const;
  std::string check_instance(const std::string& host, const std::string& port) const;
  std::optional<GroupDraft> find(const std::string& name);

  DaemonConfig& config_;
  bool touch_files_;
  struct Place {
    std::size_t index;
    std::string file;  // Of its monitor line.
  };
  std::unordered_map<std::string, Place> places_;
};

bool has_odd_characters(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == ','; });
}

std::string read_millis(Millis& target, const std::string& text) {
  const std::int64_t value = leading_integer(text);
  if (value <= 0) return "negative or zero time parameter.";
  target = Millis(std::min(value, kMillisMax));
  return {};
}

std::string read_switch(bool& target, const std::string& text, const char* complaint) {
  const std::optional<bool> value = yes_or_no(text);
  if (!value) return complaint;
  target = *value;
  return {};
}

constexpr char kUnrecognized[] = "Unrecognized sentinel configuration statement.";

}  // namespace

std::optional<GroupDraft> Applier::find(const std::string& name) {
  const auto found = places_.find(name);
  if (found == places_.end()) return std::nullopt;
  return GroupDraft{config_.groups[found->second.index], config_.conf_state.groups[found->second.index]};
}

std::string Applier::read_script(std::string& target, const std::string& path, const char* complaint) const {
  if (touch_files_ && ::access(path.c_str(), X_OK) == -1) return complaint;
  target = path;
  return {};
}

std::string Applier::process_line(const Words& words) {
  if (words.size() != 3) return kUnrecognized;
  const std::string name = lower(words[1]);
  const std::string& value = words[2];
  if (name == "announce-ip") {
    if (!value.empty()) config_.conf.announce_ip = value;
    return {};
  }
  if (name == "announce-port") {
    const std::int64_t port = leading_integer(value);
    if (port < 0 || port > std::numeric_limits<std::uint16_t>::max()) return "Invalid port number.";
    config_.conf.announce_port = static_cast<std::uint16_t>(port);
    return {};
  }
  if (name == "sentinel-user") {
    config_.conf.sentinel_user = value;
    return {};
  }
  if (name == "sentinel-pass") {
    config_.conf.sentinel_pass = value;
    return {};
  }
  if (name == "deny-scripts-reconfig")
    return read_switch(config_.conf.deny_scripts_reconfig, value,
                       "Please specify yes or no for the deny-scripts-reconfig options.");
  if (name == "resolve-hostnames")
    return read_switch(config_.conf.resolve_hostnames, value,
                       "Please specify yes or no for the resolve-hostnames option.");
  if (name == "announce-hostnames")
    return read_switch(config_.conf.announce_hostnames, value,
                       "Please specify yes or no for the announce-hostnames option.");
  if (name == "current-epoch") {
    config_.conf_state.current_epoch = std::max(config_.conf_state.current_epoch, Epoch{leading_unsigned(value)});
    return {};
  }
  if (name == "myid") {
    if (value.size() != kIdChars) return "Malformed Sentinel id in myid option.";
    config_.conf_state.self = NodeId{value};
    return {};
  }
  return kUnrecognized;
}

std::string Applier::check_instance(const std::string& host, const std::string& port) const {
  const std::int64_t number = leading_integer(port);
  if (number < 1 || number > std::numeric_limits<std::uint16_t>::max()) return "Invalid port number.";
  const bool name_ok =
      config_.conf.resolve_hostnames && !host.empty() && host.size() <= kHostBytesMax && !has_odd_characters(host);
  if (!numeric_address(host) && !name_ok) return "Can't resolve instance hostname.";
  return {};
}

std::string Applier::monitor(const Words& words, const std::string& file) {
  if (words.size() != 6) return kUnrecognized;
  const std::int64_t quorum = leading_integer(words[5]);
  if (quorum <= 0) return "Quorum must be 1 or greater.";
  if (std::string problem = check_instance(words[3], words[4]); !problem.empty()) return problem;
  const auto known = places_.find(words[2]);
  if (known != places_.end()) {
    if (known->second.file == file) return "Duplicate master name.";
    GroupSettings& group = config_.groups[known->second.index];
    group.master = {words[3], static_cast<std::uint16_t>(leading_integer(words[4]))};
    group.quorum = static_cast<unsigned>(std::min<std::int64_t>(quorum, std::numeric_limits<std::int32_t>::max()));
    known->second.file = file;
    return {};
  }
  if (words[2].empty() || words[2].size() > kGroupNameBytesMax || has_odd_characters(words[2]))
    return fmt::format("A master name has 1 to {} characters and no blanks, commas or control characters.",
                       kGroupNameBytesMax);
  if (config_.groups.size() >= kGroupsMax) return fmt::format("More than {} masters.", kGroupsMax);
  GroupSettings settings = config_.defaults;
  settings.name = words[2];
  settings.master = {words[3], static_cast<std::uint16_t>(leading_integer(words[4]))};
  settings.quorum = static_cast<unsigned>(std::min<std::int64_t>(quorum, std::numeric_limits<std::int32_t>::max()));
  places_[words[2]] = {config_.groups.size(), file};
  config_.groups.push_back(std::move(settings));
  config_.conf_state.groups.push_back(
      {.name = words[2], .config_epoch = {}, .leader_epoch = {}, .replicas = {}, .sentinels = {}});
  return {};
}

std::string Applier::known_replica(GroupDraft group, const Words& words) {
  if (std::string problem = check_instance(words[3], words[4]); !problem.empty()) return problem;
  const Endpoint at{words[3], static_cast<std::uint16_t>(leading_integer(words[4]))};
  auto& replicas = group.state.replicas;
  if (std::find(replicas.begin(), replicas.end(), at) != replicas.end()) {
    // Host names resolving to one address make redis-sentinel write a line twice: that must not stop the way here.
    if (config_.conf.resolve_hostnames) return {};
    return "Duplicate hostname and port for replica.";
  }
  if (replicas.size() < kNodesPerGroupMax) replicas.push_back(at);
  return {};
}

std::string Applier::known_sentinel(GroupDraft group, const Words& words) {
  if (words.size() == 5) return {};  // The form of Redis 2.8, without an id.
  if (std::string problem = check_instance(words[3], words[4]); !problem.empty()) return problem;
  const NodeId id{words[5]};
  auto& sentinels = group.state.sentinels;
  const auto same = [&](const auto& known) { return known.first == id; };
  if (std::any_of(sentinels.begin(), sentinels.end(), same)) return "Duplicate runid for sentinel.";
  if (id == config_.conf_state.self || sentinels.size() >= kPeersPerGroupMax) return {};
  sentinels.push_back({id, {words[3], static_cast<std::uint16_t>(leading_integer(words[4]))}});
  return {};
}

std::string Applier::group_line(const Words& words) {
  struct Shape {
    std::string_view name;
    std::size_t least;
    std::size_t most;  // Words, with `sentinel` and the directive.
  };
  static constexpr std::array kShapes{
      Shape{"down-after-milliseconds", 4, 4},
      Shape{"failover-timeout", 4, 4},
      Shape{"parallel-syncs", 4, 4},
      Shape{"notification-script", 4, 4},
      Shape{"client-reconfig-script", 4, 4},
      Shape{"auth-pass", 4, 4},
      Shape{"auth-user", 4, 4},
      Shape{"rename-command", 5, 5},
      Shape{"master-reboot-down-after-period", 4, 4},
      Shape{"primary-reboot-down-after-period", 4, 4},
      Shape{"config-epoch", 4, 4},
      Shape{"leader-epoch", 4, 4},
      Shape{"known-replica", 5, 5},
      Shape{"known-slave", 5, 5},
      Shape{"known-sentinel", 5, 6},
  };
  const std::string name = lower(words[1]);
  const auto* shape = std::find_if(kShapes.begin(), kShapes.end(), [&](const Shape& it) { return it.name == name; });
  // What redis-sentinel writes, and can't read, of a replica whose name it never resolved: "known-replica m  6379".
  if (config_.conf.resolve_hostnames && words.size() == 4 && (name == "known-replica" || name == "known-slave"))
    return {};
  if (shape == kShapes.end() || words.size() < shape->least || words.size() > shape->most) return kUnrecognized;
  const std::optional<GroupDraft> group = find(words[2]);
  if (!group) return "No such master with specified name.";
  GroupSettings& settings = group->settings;
  const std::string& value = words[3];
  if (name == "down-after-milliseconds") return read_millis(settings.down_after, value);
  if (name == "failover-timeout") return read_millis(settings.failover_timeout, value);
  if (name == "parallel-syncs") {
    const std::int64_t count = leading_integer(value);
    // Stock takes 0 and never re-points a replica then.
    settings.parallel_syncs = static_cast<unsigned>(std::clamp<std::int64_t>(count, 1, 1'000'000));
    return {};
  }
  if (name == "notification-script")
    return read_script(settings.notification_script, value,
                       "Notification script seems non existing or non executable.");
  if (name == "client-reconfig-script")
    return read_script(settings.client_reconfig_script, value,
                       "Client reconfiguration script seems non existing or non executable.");
  if (name == "auth-pass") {
    settings.auth_pass = value;
    return {};
  }
  if (name == "auth-user") {
    settings.auth_user = value;
    return {};
  }
  if (name == "rename-command") {
    const auto [known, fresh] = settings.rename_commands.emplace(upper(value), words[4]);
    return fresh || known->second == words[4] ? "" : "Same command renamed multiple times with rename-command.";
  }
  if (name == "master-reboot-down-after-period" || name == "primary-reboot-down-after-period") {
    const std::int64_t period = leading_integer(value);
    if (period < 0) return "negative time parameter.";
    settings.master_reboot_down_after = Millis(std::min(period, kMillisMax));
    return {};
  }
  if (name == "config-epoch") {
    group->state.config_epoch = Epoch{leading_unsigned(value)};
    config_.conf_state.current_epoch = std::max(config_.conf_state.current_epoch, group->state.config_epoch);
    return {};
  }
  if (name == "leader-epoch") {
    // Who voted in an epoch has seen it, also when a hand has taken the line of current-epoch away.
    group->state.leader_epoch = Epoch{leading_unsigned(value)};
    config_.conf_state.current_epoch = std::max(config_.conf_state.current_epoch, group->state.leader_epoch);
    return {};
  }
  if (name == "known-sentinel") return known_sentinel(*group, words);
  return known_replica(*group, words);
}

namespace {

enum class Pass { Process, Monitor, Group };

Pass pass_of(const Words& words) {
  static constexpr std::array<std::string_view, 9> kProcess{
      "announce-ip", "announce-port", "deny-scripts-reconfig", "sentinel-user",     "sentinel-pass",
      "myid",        "current-epoch", "resolve-hostnames",     "announce-hostnames"};
  const std::string name = lower(words[1]);
  if (name == "monitor") return Pass::Monitor;
  return std::find(kProcess.begin(), kProcess.end(), name) != kProcess.end() ? Pass::Process : Pass::Group;
}

}  // namespace

std::optional<ConfError> apply_sentinel_lines(const std::vector<QueuedLine>& lines, bool touch_files,
                                              DaemonConfig& config) {
  Applier applier(config, touch_files);
  for (const Pass pass : {Pass::Process, Pass::Monitor, Pass::Group}) {
    for (const QueuedLine& line : lines) {
      if (pass_of(line.words) != pass) continue;
      std::string problem;
      switch (pass) {
        case Pass::Process: problem = applier.process_line(line.words); break;
        case Pass::Monitor: problem = applier.monitor(line.words, line.file); break;
        case Pass::Group: problem = line.words.size() < 3 ? kUnrecognized : applier.group_line(line.words); break;
      }
      if (!problem.empty())
        return ConfError{.file = line.file, .line = line.line, .text = line.text, .message = std::move(problem)};
    }
  }
  return std::nullopt;
}

}  // namespace sentinel::conf
