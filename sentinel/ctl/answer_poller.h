// Asks sentinels all the time for a group's master, one thread a sentinel, and
// notes when each began to name another one than it named at first.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sentinel/ctl/connection.h"

namespace sentinel {

struct SentinelAnswer {
  Endpoint sentinel;
  std::optional<Endpoint> master;                                   // Its last answer.
  std::optional<std::chrono::steady_clock::time_point> changed_at;  // When it first was not the old master.
};

class AnswerPoller {
 public:
  AnswerPoller(const std::vector<Endpoint>& sentinels, const ConnectOptions& options, std::string group,
               Endpoint old_master);
  ~AnswerPoller();
  AnswerPoller(const AnswerPoller&) = delete;
  AnswerPoller& operator=(const AnswerPoller&) = delete;

  std::vector<SentinelAnswer> answers() const;

  // The new master all of them name; nullopt until then.
  std::optional<Endpoint> agreed() const;

 private:
  void poll(std::size_t index);
  void note(std::size_t index, const Endpoint& master);

  const ConnectOptions options_;
  const std::string group_;
  const Endpoint old_master_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<SentinelAnswer> answers_;
  std::vector<std::thread> threads_;
};

}  // namespace sentinel
