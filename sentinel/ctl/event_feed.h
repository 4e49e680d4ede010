// Follows the events of several sentinels at once: one thread a sentinel reads
// its pub/sub, reconnects when the connection breaks, and stamps what arrives.
//
//   EventFeed feed(sentinels, options);
//   feed.wait_ready(2s);
//   while (auto event = feed.next(100ms)) print(*event);
//
// next() and wait_ready() are for one thread. Destruction joins the threads.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sentinel/ctl/connection.h"

namespace sentinel {

using Steady = std::chrono::steady_clock;
using WallClock = std::chrono::system_clock;

struct SeenEvent {
  Steady::time_point at;       // When it arrived here.
  WallClock::time_point wall;  // The same moment, for people.
  Endpoint sentinel;
  std::string name;  // "+sdown". "(lost)" and "(back)" are the feed's own.
  std::string message;
};

// True if the event is about this group: its payload names the group where
// stock's formats have it. Events of the whole process concern no group.
bool concerns(const SeenEvent& event, std::string_view group);

// True if the payload is about the group's master itself, not about a replica or a sentinel.
bool about_master(const SeenEvent& event, std::string_view group);

class EventFeed {
 public:
  EventFeed(const std::vector<Endpoint>& sentinels, const ConnectOptions& options);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // How many sentinels are subscribed, after waiting until all are or `wait` is over.
  std::size_t wait_ready(Millis wait);

  // The oldest event not taken yet; nullopt if none came within `wait`.
  std::optional<SeenEvent> next(Millis wait);

  // Events lost because next() was not called often enough.
  std::size_t dropped() const { return dropped_.load(); }

 private:
  void follow(const Endpoint& at);
  void read_until_broken(Connection& link);
  void push(SeenEvent event);

  const ConnectOptions options_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> dropped_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SeenEvent> queue_;
  std::size_t subscribed_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace sentinel
