// What goes wrong, when, and how it ends. Each kind of fault is a function that
// does it and returns how to end it; nullptr if it could not happen now.
//
//   world_faults_nodes.cpp      Redis servers
//   world_faults_sentinels.cpp  sentinels, their disks, and their operators
//   world_faults_members.cpp    the operators' changes of the peers list
//   world_faults_network.cpp    hosts and what is between them, and rumours
#include <fmt/core.h>

#include "common/check.h"
#include "tests/sim/world.h"

namespace sentinel::sim {

std::function<void()> World::cause(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::NodeKill: return kill_node(fault);
    case FaultKind::NodePause: return pause_node(fault);
    case FaultKind::NodeReset: return reset_node(fault);
    case FaultKind::NodeBusy: return trouble_node(fault, &RedisServer::busy, "is busy with a script");
    case FaultKind::NodeMisconf: return trouble_node(fault, &RedisServer::misconf, "can't save");
    case FaultKind::NodeRefuses: return trouble_node(fault, &RedisServer::refuses_role, "may not change its role");
    case FaultKind::NodeMove: return move_node(fault);
    case FaultKind::ForeignNode: return replace_node(fault);
    case FaultKind::SentinelCrash: return crash_sentinel(fault);
    case FaultKind::SentinelCrashBeforeDurable: return arm_crash(fault, CrashPoint::BeforeDurable);
    case FaultKind::SentinelCrashAfterDurable: return arm_crash(fault, CrashPoint::AfterDurable);
    case FaultKind::SentinelPause: return pause_sentinel(fault);
    case FaultKind::LeaderStall: return arm_stall(fault);
    case FaultKind::Partition:
    case FaultKind::OneWayPartition: return partition(fault);
    case FaultKind::PartialPartition: return cut_some_pairs(fault);
    case FaultKind::Clog: return clog(fault);
    case FaultKind::SlowNetwork: return slow_network(fault);
    case FaultKind::SlowDns: return slow_dns(fault);
    case FaultKind::DiskFailure: return fail_disk(fault);
    case FaultKind::DiskSlow: return slow_disk(fault);
    case FaultKind::ForgedHello: return forge_hello(fault);
    case FaultKind::StaleHello: return repeat_hello(fault);
    case FaultKind::OperatorFailover: return operator_fails_over(fault);
    case FaultKind::OperatorReset: return operator_resets(fault);
    case FaultKind::OperatorRemove: return operator_removes(fault);
    case FaultKind::OperatorSet: return operator_sets(fault);
    case FaultKind::ReceiverTrouble: return trouble_receiver(fault);
    case FaultKind::ClockStep: return step_clock(fault);
    case FaultKind::MembershipChange: return change_members(fault);
    case FaultKind::Storm: return kill_masters();
  }
  UNREACHABLE();
}

void World::happen(const Fault& fault) {
  if (healed_) return;
  remember_hello();
  std::function<void()> end = cause(fault);
  if (!end) return;
  // No trouble: a wall clock that is set must not be noticed at all.
  if (fault.kind == FaultKind::OperatorFailover || fault.kind == FaultKind::ClockStep) {
    ++report_.happened[fault.kind];
    return end();
  }
  last_trouble_ = queue_.now();
  // Counted when it strikes.
  const bool armed = fault.kind == FaultKind::SentinelCrashBeforeDurable ||
                     fault.kind == FaultKind::SentinelCrashAfterDurable || fault.kind == FaultKind::LeaderStall;
  if (!armed) ++report_.happened[fault.kind];
  end_later(fault.lasts, std::move(end));
}

// Ends it after that time, or when everything is healed.
void World::end_later(Millis lasts, std::function<void()> end) {
  const std::uint64_t key = next_ongoing_++;
  ongoing_[key] = std::move(end);
  queue_.after(lasts, [this, key] {
    const auto found = ongoing_.find(key);
    if (found == ongoing_.end()) return;
    const auto finish = std::move(found->second);
    ongoing_.erase(found);
    last_trouble_ = queue_.now();
    finish();
  });
}

void World::heal_all() {
  healed_ = true;
  last_trouble_ = queue_.now();
  note("world: everything is healed");
  while (!ongoing_.empty()) {  // The end of one may leave another behind.
    const auto finish = std::move(ongoing_.begin()->second);
    ongoing_.erase(ongoing_.begin());
    finish();
  }
  for (ServerIndex index = 0; index < own_servers_; ++index) {
    redis_.resume(index);
    redis_.start(index);
  }
  for (const auto& sentinel : sentinels_) {
    sentinel->crash_at(std::nullopt);
    sentinel->when_it_leads(nullptr);
    sentinel->resume();
    sentinel->boot();
    if (sentinel->disk_refuses()) sentinel->refuse_disk(false);
  }
  for (const auto& sentinel : stock_) {
    sentinel->resume();
    sentinel->boot();
  }
}

// --- Whom it hits.

ServerIndex World::node_victim(const Fault& fault) {
  if (fault.victim == Victim::Master) {
    const auto master = current_master(fault.choice % settings_.groups);
    if (master && *master < own_servers_) return *master;
  }
  return fault.choice % own_servers_;
}

SentinelProcess& World::sentinel_victim(const Fault& fault) {
  if (fault.victim == Victim::Leader) {
    for (const auto& sentinel : sentinels_) {
      if (!sentinel->core()) continue;
      const FailoverTimeline* timeline = sentinel->core()->timeline(group_name(0));
      if (timeline && timeline->leader == sentinel->id() && timeline->outcome == "running") return *sentinel;
    }
  }
  return *sentinels_[fault.choice % sentinels_.size()];
}

}  // namespace sentinel::sim
