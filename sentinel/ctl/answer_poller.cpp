#include "sentinel/ctl/answer_poller.h"

#include "sentinel/ctl/fields.h"

namespace sentinel {

namespace {
constexpr Millis kPollPause{5};  // How exactly a change of answer is timed.
constexpr Millis kReconnectPause{50};
}  // namespace

AnswerPoller::AnswerPoller(const std::vector<Endpoint>& sentinels, const ConnectOptions& options, std::string group,
                           Endpoint old_master)
    : options_(options), group_(std::move(group)), old_master_(std::move(old_master)) {
  for (const Endpoint& at : sentinels) answers_.push_back({.sentinel = at, .master = {}, .changed_at = {}});
  for (std::size_t i = 0; i < sentinels.size(); ++i) threads_.emplace_back([this, i] { poll(i); });
}

AnswerPoller::~AnswerPoller() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
}

std::vector<SentinelAnswer> AnswerPoller::answers() const {
  const std::lock_guard lock(mutex_);
  return answers_;
}

std::optional<Endpoint> AnswerPoller::agreed() const {
  const std::lock_guard lock(mutex_);
  if (answers_.empty()) return std::nullopt;
  for (const SentinelAnswer& answer : answers_) {
    if (!answer.master || *answer.master == old_master_ || answer.master != answers_.front().master)
      return std::nullopt;
  }
  return answers_.front().master;
}

void AnswerPoller::note(std::size_t index, const Endpoint& master) {
  const std::lock_guard lock(mutex_);
  SentinelAnswer& answer = answers_[index];
  answer.master = master;
  if (master == old_master_)
    answer.changed_at.reset();  // Back again: the change did not hold.
  else if (!answer.changed_at)
    answer.changed_at = std::chrono::steady_clock::now();
}

void AnswerPoller::poll(std::size_t index) {
  const Endpoint at = [&] {
    const std::lock_guard lock(mutex_);
    return answers_[index].sentinel;
  }();
  while (!stopping_) {
    auto link = Connection::open(at, options_);
    while (link && !stopping_) {
      const auto reply = link->ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group_});
      if (!reply) break;
      if (const auto master = to_endpoint(*reply)) note(index, *master);
      std::this_thread::sleep_for(kPollPause);
    }
    if (!stopping_) std::this_thread::sleep_for(kReconnectPause);
  }
}

}  // namespace sentinel
