// The last events of a run, in words, for whoever reads a failure. Off in
// ordinary runs: a failed seed is simply run again with it on.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "common/time.h"

namespace sentinel::sim {

class History {
 public:
  explicit History(std::size_t lines_max) : lines_max_(lines_max) {}
  bool on() const { return lines_max_ > 0; }

  void add(TimePoint when, std::string line) {
    if (!on()) return;
    lines_.emplace_back(when, std::move(line));
    if (lines_.size() > lines_max_) lines_.pop_front();
  }
  const std::deque<std::pair<TimePoint, std::string>>& lines() const { return lines_; }

 private:
  std::size_t lines_max_;
  std::deque<std::pair<TimePoint, std::string>> lines_;
};

}  // namespace sentinel::sim
