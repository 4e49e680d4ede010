#include "sentinel/core/stall_guard.h"

namespace sentinel {

Millis StallGuard::woke(TimePoint now, TimePoint due) {
  if (due == kNever || now - due < kNoticed) return Millis{0};
  const Millis stall = now - due;
  deaf_ += stall;
  ++stalls_;
  if (stall >= kSerious) {
    if (now - window_start_ > kWindow) {
      window_start_ = now;
      serious_ = 0;
    }
    ++serious_;
  }
  if (stall >= threshold_ || serious_ >= kSeriousMax) {
    if (!tilt(now)) tilt_since_ = now;
    tilt_until_ = now + period_;
    serious_ = 0;
  }
  return stall;
}

}  // namespace sentinel
