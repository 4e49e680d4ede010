// Time as the core sees it: points and durations that somebody else measured.
// There is deliberately no now(): the caller of the core owns the clock. The
// daemon feeds a monotonic clock, the simulation a virtual one.
#pragma once

#include <chrono>

namespace sentinel {

using Millis = std::chrono::milliseconds;

struct CoreClock {
  using rep = Millis::rep;
  using period = Millis::period;
  using duration = Millis;
  using time_point = std::chrono::time_point<CoreClock>;
  static constexpr bool is_steady = true;
};

using TimePoint = CoreClock::time_point;

inline constexpr TimePoint kNever = TimePoint::max();

}  // namespace sentinel
