// Virtual time: what happens next, and when. Two events of one millisecond run
// in the order they were scheduled, so a seed gives one history.
//
//   EventQueue queue;
//   queue.after(5ms, [&] { node.kill(); });
//   queue.run_until(TimePoint{} + 1min);
//
// Handlers run to completion and may schedule more. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "common/time.h"

namespace sentinel::sim {

class EventQueue {
 public:
  using Handler = std::function<void()>;

  TimePoint now() const { return now_; }
  std::uint64_t handled() const { return handled_; }

  void after(Millis delay, Handler handler) { at(now_ + delay, std::move(handler)); }

  // An event in the past runs next, at the present time.
  void at(TimePoint when, Handler handler) {
    heap_.push_back(Event{std::max(when, now_), next_sequence_++, std::move(handler)});
    std::push_heap(heap_.begin(), heap_.end());
  }

  // Runs everything up to and including `end` unless `stop` says so before; then it is `end`.
  template <typename Stop>
  void run_until(TimePoint end, Stop stop) {
    while (!heap_.empty() && heap_.front().when <= end && !stop()) {
      std::pop_heap(heap_.begin(), heap_.end());
      Event event = std::move(heap_.back());
      heap_.pop_back();
      now_ = event.when;
      ++handled_;
      event.handler();
    }
    if (!stop()) now_ = end;
  }

 private:
  struct Event {
    TimePoint when;
    std::uint64_t sequence;
    Handler handler;
    // Reversed: the standard heap has its largest in front.
    bool operator<(const Event& other) const {
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };

  TimePoint now_{};
  std::uint64_t next_sequence_ = 0;
  std::uint64_t handled_ = 0;
  std::vector<Event> heap_;
};

}  // namespace sentinel::sim
