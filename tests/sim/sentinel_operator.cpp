// What an operator tells a simulated sentinel.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "tests/sim/sentinel_process.h"

namespace sentinel::sim {

bool SentinelProcess::failover(const std::string& group, const FailoverRequest& request) {
  if (!core_ || port_->paused) return false;
  const Result<void> done = core_->failover(local_now(), group, request);
  note(fmt::format("operator: {} {}: {}", request.lossless ? "switchover" : "failover", group,
                   done ? "OK" : done.error()));
  after_step();
  return done.has_value();
}

bool SentinelProcess::reset(const std::string& group) {
  if (!core_ || port_->paused || !core_->settings(group)) return false;
  note("operator: reset " + group);
  core_->reset(local_now(), group);
  remembers_since_ = around_.net->queue().now();
  after_step();
  return true;
}

bool SentinelProcess::remove(const std::string& group) {
  if (!core_ || port_->paused || !core_->settings(group)) return false;
  note("operator: remove " + group);
  removed_.insert(group);
  answered_.erase(group);
  around_.invariants->removed(setup_.index, group);
  const Result<void> done = core_->remove(local_now(), group);
  remembers_since_ = around_.net->queue().now();
  after_step();
  return done.has_value();
}

// True once the group is watched for good, by this command or because the removal was lost in a crash.
bool SentinelProcess::monitor(const std::string& group, const Endpoint& master) {
  if (!core_ || port_->paused) return false;
  if (core_->settings(group)) return !removed(group);
  const auto settings = std::find_if(setup_.groups.begin(), setup_.groups.end(),
                                     [&](const GroupSettings& each) { return each.name == group; });
  GroupSettings watched = *settings;
  watched.master = master;
  const Result<void> done = core_->monitor(local_now(), std::move(watched));
  note(fmt::format("operator: monitor {} at {}: {}", group, to_string(master), done ? "OK" : done.error()));
  after_step();
  return false;  // Once it is on disk.
}

bool SentinelProcess::set(const std::string& group, Millis down_after, unsigned quorum) {
  if (!core_ || port_->paused || !core_->settings(group)) return false;
  GroupSettings settings = *core_->settings(group);
  settings.down_after = down_after;
  settings.quorum = quorum;
  note(fmt::format("operator: set {} down-after {} quorum {}", group, down_after.count(), quorum));
  const Result<void> done = core_->set(local_now(), std::move(settings), {});
  after_step();
  return done.has_value();
}

}  // namespace sentinel::sim
