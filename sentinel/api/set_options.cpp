#include "sentinel/api/set_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>

#include "common/resp/text.h"

namespace sentinel {
namespace {

constexpr std::int64_t kMillisMax = 1'000'000'000'000;  // 31 years: far from overflow when added to a time.
constexpr std::string_view kScriptsDenied =
    "ERR Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig configuration "
    "directive in your Sentinel configuration";

std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || rest != text.data() + text.size() || number < least || number > most) {
    return std::nullopt;
  }
  return number;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

bool set_millis(Millis& target, std::string_view value, std::int64_t least) {
  const auto number = parse_integer(value, least, kMillisMax);
  if (number) target = Millis(*number);
  return number.has_value();
}

bool set_count(unsigned& target, std::string_view value) {
  const auto number = parse_integer(value, 1, std::numeric_limits<std::int32_t>::max());
  if (number) target = static_cast<unsigned>(*number);
  return number.has_value();
}

bool set_switch(bool& target, std::string_view value) {
  const bool on = is_word(value, "on") || is_word(value, "yes");
  if (!on && !is_word(value, "off") && !is_word(value, "no")) return false;
  target = on;
  return true;
}

// One word of several.
template <typename Enum>
bool set_choice(Enum& target, std::string_view value,
                std::initializer_list<std::pair<std::string_view, Enum>> choices) {
  const auto found =
      std::find_if(choices.begin(), choices.end(), [&](const auto& choice) { return is_word(value, choice.first); });
  if (found == choices.end()) return false;
  target = found->second;
  return true;
}

bool set_text(std::string& target, std::string_view value) {
  if (has_control_characters(value)) return false;
  target = value;
  return true;
}

bool set_rename(GroupSettings& settings, std::string_view from, std::string_view to) {
  const std::string name = upper(from);
  if (name == upper(to)) {
    settings.rename_commands.erase(name);
  } else {
    settings.rename_commands[name] = std::string(to);
  }
  return true;
}

// Options of one value. nullopt: not such an option; false: a bad value.
std::optional<bool> set_plain(GroupSettings& settings, std::string_view option, std::string_view value) {
  if (option == "down-after-milliseconds") return set_millis(settings.down_after, value, 1);
  if (option == "failover-timeout") return set_millis(settings.failover_timeout, value, 1);
  if (option == "parallel-syncs") return set_count(settings.parallel_syncs, value);
  if (option == "priority") return set_count(settings.priority, value);
  if (option == "quorum") return set_count(settings.quorum, value);
  if (option == "auth-pass") return set_text(settings.auth_pass, value);
  if (option == "auth-user") return set_text(settings.auth_user, value);
  if (option == "master-reboot-down-after-period" || option == "primary-reboot-down-after-period") {
    return set_millis(settings.master_reboot_down_after, value, 0);
  }
  if (option == "crash-detection") return set_switch(settings.crash_detection, value);
  if (option == "crash-confirm") return set_millis(settings.crash_confirm, value, 0);
  if (option == "evidence-hold-max") return set_millis(settings.evidence_hold_max, value, 0);
  if (option == "write-safety")
    return set_choice(settings.write_safety, value,
                      {{"off", WriteSafety::Off}, {"audit", WriteSafety::Audit}, {"enforce", WriteSafety::Enforce}});
  if (option == "min-replicas") return set_count(settings.min_replicas, value);
  if (option == "max-lag") return set_millis(settings.max_lag, value, 1);
  if (option == "on-empty-restart")
    return set_choice(settings.on_empty_restart, value,
                      {{"failover", OnEmptyRestart::Failover}, {"ignore", OnEmptyRestart::Ignore}});
  if (option == "loading-timeout") return set_millis(settings.loading_timeout, value, 0);
  if (option == "rescue")
    return set_choice(settings.rescue, value,
                      {{"off", Rescue::Off}, {"stream", Rescue::Stream}, {"snapshot", Rescue::Snapshot}});
  return std::nullopt;
}

struct Script {
  std::string* path;
  std::string_view name;  // In the error text.
};

std::optional<Script> script_option(GroupSettings& settings, std::string_view option) {
  if (option == "notification-script") return Script{&settings.notification_script, "Notification"};
  if (option == "client-reconfig-script") return Script{&settings.client_reconfig_script, "Client reconfiguration"};
  return std::nullopt;
}

std::string invalid(std::string_view value, std::string_view option) {
  return fmt::format("ERR Invalid argument '{}' for SENTINEL SET '{}'", value, option);
}

}  // namespace

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

SetRequest apply_set_options(GroupSettings settings, const std::vector<std::string>& words, bool deny_scripts) {
  SetRequest request{.settings = std::move(settings), .changed = {}, .error = {}};
  const auto fail = [&](std::string error) {
    request.error = std::move(error);
    return std::move(request);
  };
  std::size_t at = 0;
  while (at < words.size()) {
    const std::string& given = words[at];
    const std::string option = lower(given);
    const std::size_t values = words.size() - at - 1;
    const std::string unknown = fmt::format("ERR Unknown option or number of arguments for SENTINEL SET '{}'", given);
    if (values == 0) return fail(unknown);
    const std::string& value = words[at + 1];
    if (option == "rename-command") {
      if (values < 2) return fail(unknown);
      const std::string& to = words[at + 2];
      if (value.empty() || has_control_characters(value)) return fail(invalid(value, given));
      if (to.empty() || has_control_characters(to)) return fail(invalid(to, given));
      set_rename(request.settings, value, to);
      request.changed.push_back(fmt::format("{} {} {}", given, value, to));
      at += 3;
      continue;
    }
    if (const auto script = script_option(request.settings, option)) {
      if (deny_scripts) return fail(std::string(kScriptsDenied));
      if (!value.empty() && (has_control_characters(value) || access(value.c_str(), X_OK) != 0)) {
        return fail(fmt::format("ERR {} script seems non existing or non executable", script->name));
      }
      *script->path = value;
    } else {
      const auto applied = set_plain(request.settings, option, value);
      if (!applied) return fail(unknown);
      if (!*applied) return fail(invalid(option == "auth-pass" ? "******" : value, given));
    }
    request.changed.push_back(fmt::format("{} {}", given, option == "auth-pass" ? "******" : value));
    at += 2;
  }
  return request;
}

}  // namespace sentinel
