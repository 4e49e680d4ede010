#include "sentinel/ctl/event_feed.h"

#include <algorithm>
#include <sstream>

namespace sentinel {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kQueueEventsMax = 65536;  // Then drop the oldest: the newest tell how things stand.
constexpr Millis kStopCheck{50};
constexpr Millis kReconnectPause{250};

std::vector<std::string> words_of_text(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

bool concerns(const SeenEvent& event, std::string_view group) {
  const auto words = words_of_text(event.message);
  if (words.empty()) return false;
  if (const auto at = std::find(words.begin(), words.end(), "@"); at != words.end()) {
    return at + 1 != words.end() && *(at + 1) == group;  // "slave <name> <ip> <port> @ <group> <ip> <port>"
  }
  if (words.size() > 1 && words[0] == "master") return words[1] == group;
  return words[0] == group;  // "+switch-master <group> <ip> <port> <ip> <port>"
}

bool about_master(const SeenEvent& event, std::string_view group) {
  const auto words = words_of_text(event.message);
  return words.size() > 1 && words[0] == "master" && words[1] == group;
}

EventFeed::EventFeed(const std::vector<Endpoint>& sentinels, const ConnectOptions& options) : options_(options) {
  for (const Endpoint& at : sentinels) threads_.emplace_back([this, at] { follow(at); });
}

EventFeed::~EventFeed() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
}

std::size_t EventFeed::wait_ready(Millis wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [&] { return subscribed_ == threads_.size(); });
  return subscribed_;
}

std::optional<SeenEvent> EventFeed::next(Millis wait) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, wait, [&] { return !queue_.empty(); })) return std::nullopt;
  SeenEvent event = std::move(queue_.front());
  queue_.pop_front();
  return event;
}

void EventFeed::push(SeenEvent event) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() == kQueueEventsMax) {
    queue_.pop_front();
    ++dropped_;
  }
  queue_.push_back(std::move(event));
  changed_.notify_all();
}

void EventFeed::follow(const Endpoint& at) {
  bool reported_lost = false;
  const auto report = [&](const char* name, std::string message) {
    push({.at = Steady::now(), .wall = WallClock::now(), .sentinel = at, .name = name, .message = std::move(message)});
  };
  while (!stopping_) {
    auto link = Connection::open(at, options_);
    Result<Reply> subscribed = link ? link->ask({"PSUBSCRIBE", "*"}) : unexpected(link.error());
    if (subscribed) {
      if (reported_lost) report("(back)", "subscribed again; events in between are not shown");
      reported_lost = false;
      {
        const std::lock_guard lock(mutex_);
        ++subscribed_;
        changed_.notify_all();
      }
      read_until_broken(*link);
      const std::lock_guard lock(mutex_);
      --subscribed_;
    }
    if (stopping_) return;
    if (!reported_lost) report("(lost)", subscribed ? "connection lost" : subscribed.error());
    reported_lost = true;
    for (auto until = Steady::now() + kReconnectPause; Steady::now() < until && !stopping_;) {
      std::this_thread::sleep_for(kStopCheck);
    }
  }
}

void EventFeed::read_until_broken(Connection& link) {
  while (!stopping_) {
    auto reply = link.read(kStopCheck);
    if (!reply) return;
    if (!*reply) continue;
    const auto& items = (*reply)->items;
    if (items.size() != 4 || items[0].text != "pmessage") continue;
    push({.at = Steady::now(),
          .wall = WallClock::now(),
          .sentinel = link.at(),
          .name = items[2].text,
          .message = items[3].text});
  }
}

}  // namespace sentinel
