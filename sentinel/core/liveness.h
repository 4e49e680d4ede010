// Liveness tells whether one instance looks dead from here ("subjectively
// down", R-D1). It is a pure algorithm: time goes in, a verdict comes out.
//
// Its time is listening time (see stall_guard.h): silence is evidence only if
// we were listening.
//
//   Liveness master(ear, 5s);
//   master.answered(ear, /*acceptable=*/true);
//   master.down(ear + 6s);   // true
#pragma once

#include <algorithm>
#include <optional>

#include "common/time.h"

namespace sentinel {

class Liveness {
 public:
  // REQUIRES: down_after > 0.
  Liveness(TimePoint ear, Millis down_after) : down_after_(down_after), last_ok_(ear), last_reply_(ear) {}

  // The ping that is on its way; a second one is not sent before it is answered or its link is gone.
  // `early`, up to a fifth of the period by chance, keeps the pings of several
  // sentinels from falling into step, which would split their votes.
  void asked(TimePoint ear, Millis early) {
    if (!asked_at_) asked_at_ = ear;
    next_ping_ = ear + ping_period() - early;
  }
  void answered(TimePoint ear, bool acceptable) {
    asked_at_.reset();
    last_reply_ = ear;
    if (acceptable) last_ok_ = ear;
  }
  // The link is gone, and with it the answer.
  void link_lost() { asked_at_.reset(); }
  void link_up(TimePoint ear) { next_ping_ = ear; }
  // Starts over, as after becoming the group's master. Counts as an answer.
  void reset(TimePoint ear) { answered(ear, true); }
  void set_down_after(Millis down_after) { down_after_ = down_after; }
  // REQUIRES: at least 1 ms.
  void set_ping_period_max(Millis period) { ping_period_max_ = period; }

  // True once nothing acceptable was heard for down_after.
  bool down(TimePoint ear) const { return ear >= down_at(); }
  // The moment down() turns true unless an answer comes first.
  TimePoint down_at() const { return last_ok_ + down_after_; }
  // Suspicion comes before the verdict: one and a half ping periods of silence (R-D3).
  TimePoint suspect_at() const { return last_ok_ + ping_period() * 3 / 2; }
  bool suspected(TimePoint ear) const { return ear >= suspect_at(); }
  // R-E5: a voter that had an answer within its last two ping periods sees a healthy instance.
  bool healthy(TimePoint ear) const { return ear < last_ok_ + ping_period() * 2; }

  // R-D2: a quarter of down_after, at least 20 ms and at most the ceiling (1 s unless SENTINEL DEBUG changed it).
  Millis ping_period() const { return std::min(std::max(down_after_ / 4, Millis{20}), ping_period_max_); }
  bool ping_due(TimePoint ear) const { return !asked_at_ && ear >= next_ping_; }
  // kNever while an answer is awaited.
  TimePoint ping_due_at() const { return asked_at_ ? kNever : next_ping_; }

  std::optional<TimePoint> asked_at() const { return asked_at_; }
  TimePoint last_ok() const { return last_ok_; }
  TimePoint last_reply() const { return last_reply_; }

 private:
  Millis down_after_;
  Millis ping_period_max_{1000};
  TimePoint last_ok_;
  TimePoint last_reply_;
  TimePoint next_ping_{};
  std::optional<TimePoint> asked_at_;
};

}  // namespace sentinel
