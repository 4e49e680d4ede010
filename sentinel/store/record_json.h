// The JSON columns of the state file: what has many fields and is never
// searched by one of them. Reading is lenient, so that a file survives a
// downgrade: missing or odd fields keep their defaults, unknown ones are ignored.
#pragma once

#include <string>

#include "common/time.h"
#include "sentinel/core/event.h"
#include "sentinel/core/settings.h"
#include "sentinel/core/timeline.h"

namespace sentinel {

// Of a duration: what SENTINEL SET allows. A longer or negative one is odd.
inline constexpr Millis kStoredMillisMax{1'000'000'000'000};

std::string to_json(const GroupSettings& settings);
std::string to_json(const FailoverTimeline& timeline);
std::string to_json(const Event& event);

GroupSettings settings_from_json(const std::string& text);
FailoverTimeline timeline_from_json(const std::string& text);
Event event_from_json(const std::string& text);

}  // namespace sentinel
