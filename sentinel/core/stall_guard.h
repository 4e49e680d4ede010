// StallGuard keeps the time during which this process was not listening (its
// loop was late, it was stopped, the machine slept) out of every verdict (R-D6).
//
// Intuition: after our own pause every instance seems silent. So detection
// runs on listening time, which stands still during a stall: ear = now - deaf().
// A process that stalls long or often trusts itself less for a while: it
// neither reports a master down nor stands for election.
#pragma once

#include <cstdint>

#include "common/time.h"

namespace sentinel {

class StallGuard {
 public:
  static constexpr Millis kNoticed{20};       // Less is ordinary scheduling.
  static constexpr Millis kSerious{200};      // Several of these ...
  static constexpr unsigned kSeriousMax = 3;  // ... within kWindow mean distrust.
  static constexpr Millis kWindow{10000};

  StallGuard(Millis tilt_threshold, Millis tilt_period) : threshold_(tilt_threshold), period_(tilt_period) {}

  // Tells that the loop woke at `now` though it wanted to at `due`. Returns the
  // stall, zero if there was none.
  Millis woke(TimePoint now, TimePoint due);

  // From the next stall on.
  void set_limits(Millis tilt_threshold, Millis tilt_period) {
    threshold_ = tilt_threshold;
    period_ = tilt_period;
  }

  // All the time not listened to since the start.
  Millis deaf() const { return deaf_; }
  std::uint64_t stalls() const { return stalls_; }

  // True for tilt_period after a stall of tilt_threshold or too many serious ones.
  bool tilt(TimePoint now) const { return now < tilt_until_; }
  TimePoint tilt_until() const { return tilt_until_; }
  TimePoint tilt_since() const { return tilt_since_; }

 private:
  Millis threshold_;
  Millis period_;
  Millis deaf_{0};
  std::uint64_t stalls_ = 0;
  unsigned serious_ = 0;
  TimePoint window_start_{};
  TimePoint tilt_since_{};
  TimePoint tilt_until_{};
};

}  // namespace sentinel
