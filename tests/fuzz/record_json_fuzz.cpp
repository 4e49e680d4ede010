// The JSON columns of the state file, which a disk or a downgrade may damage:
// what is read writes and reads as itself, and a number that its field does not
// hold leaves the default instead of another number.
#include "sentinel/store/record_json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

using nlohmann::json;

// The member if it is a number that fits, else the default.
template <typename Number>
Number number_in(const json& object, const char* name, Number otherwise) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_number_integer()) return otherwise;
  const json& value = object[name];
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return number <= static_cast<std::uint64_t>(std::numeric_limits<Number>::max()) ? static_cast<Number>(number)
                                                                                    : otherwise;
  }
  return std::is_signed_v<Number> ? static_cast<Number>(value.get<std::int64_t>()) : otherwise;
}

void check_settings(const std::string& text, const json& value) {
  const GroupSettings settings = settings_from_json(text);
  const GroupSettings defaults;
  CHECK(settings.quorum == number_in(value, "quorum", defaults.quorum));
  CHECK(settings.parallel_syncs == number_in(value, "parallel_syncs", defaults.parallel_syncs));
  CHECK(settings.min_replicas == number_in(value, "min_replicas", defaults.min_replicas));
  if (value.is_object() && value.contains("master")) {
    CHECK(settings.master.port == number_in<std::uint16_t>(value["master"], "port", 0));
  }
  for (const Millis duration :
       {settings.down_after, settings.failover_timeout, settings.crash_confirm, settings.evidence_hold_max,
        settings.loading_timeout, settings.max_lag, settings.master_reboot_down_after}) {
    CHECK(duration >= Millis{0} && duration <= kStoredMillisMax);
  }
  const std::string written = to_json(settings);
  CHECK(settings_from_json(written) == settings);
  CHECK(to_json(settings_from_json(written)) == written);
}

void check_timeline(const std::string& text, const json& value) {
  const FailoverTimeline timeline = timeline_from_json(text);
  CHECK(timeline.epoch.value == number_in<std::uint64_t>(value, "epoch", 0));
  CHECK(timeline_from_json(to_json(timeline)) == timeline);
}

void check_event(const std::string& text) {
  const std::string written = to_json(event_from_json(text));
  CHECK(to_json(event_from_json(written)) == written);
}

void check(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  check_settings(text, value);
  check_timeline(text, value);
  check_event(text);
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sentinel::check(sentinel::expand_runs(sentinel::text_of(data, size)));
  return 0;
}
