// How the faults of fault.h are done to the world, and undone.
#include <fmt/core.h>

#include <algorithm>

#include "common/check.h"
#include "tests/sim/world.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kAlone = 2s;  // How long a stalled leader hears nobody after it moves again.

// The members of `hosts` whose bit is set.
std::vector<HostId> subset(const std::vector<HostId>& hosts, std::uint64_t bits) {
  std::vector<HostId> chosen;
  for (std::size_t at = 0; at < hosts.size(); ++at) {
    if ((bits >> at) & 1U) chosen.push_back(hosts[at]);
  }
  return chosen;
}

bool contains(const std::vector<HostId>& hosts, HostId host) {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

}  // namespace

void World::happen(const Fault& fault) {
  if (healed_) return;
  std::function<void()> end = cause(fault);
  // Counted when it strikes.
  const bool armed = fault.kind == FaultKind::SentinelCrashBeforeDurable ||
                     fault.kind == FaultKind::SentinelCrashAfterDurable || fault.kind == FaultKind::LeaderStall;
  if (!end) return;
  if (!armed) ++report_.happened[fault.kind];
  const std::uint64_t key = next_ongoing_++;
  ongoing_[key] = std::move(end);
  queue_.after(fault.lasts, [this, key] {
    const auto found = ongoing_.find(key);
    if (found == ongoing_.end()) return;
    const auto finish = std::move(found->second);
    ongoing_.erase(found);
    finish();
  });
}

void World::heal_all() {
  healed_ = true;
  note("world: everything is healed");
  for (auto& [key, finish] : std::exchange(ongoing_, {})) finish();
  for (ServerIndex index = 0; index < redis_.servers().size(); ++index) {
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
}

ServerIndex World::node_victim(const Fault& fault) {
  if (fault.victim == Victim::Master) {
    if (const auto master = current_master(fault.choice % settings_.groups)) return *master;
  }
  return fault.choice % redis_.servers().size();
}

SentinelIndex World::sentinel_victim(const Fault& fault) {
  if (fault.victim == Victim::Leader) {
    for (SentinelIndex index = 0; index < sentinels_.size(); ++index) {
      if (!sentinels_[index]->core()) continue;
      const FailoverTimeline* timeline = sentinels_[index]->core()->timeline(group_name(0));
      if (timeline && timeline->leader == sentinels_[index]->id() && timeline->outcome == "running") return index;
    }
  }
  return fault.choice % sentinels_.size();
}

// One side of a partition: around the master, around the leader, or any.
std::vector<HostId> World::side_of(const Fault& fault) {
  std::vector<HostId> all;
  for (std::size_t host = 0; host < net_.hosts(); ++host) all.push_back(HostId{host});
  std::vector<HostId> side = subset(all, fault.choice);
  switch (fault.victim) {
    case Victim::Chosen: break;
    case Victim::Master:
      side = subset(side, fault.choice >> 8);
      side.push_back(redis_.server(node_victim(fault)).host);
      break;
    case Victim::Leader:
      side = subset(side, fault.choice >> 8);
      side.push_back(sentinels_[sentinel_victim(fault)]->host());
      break;
  }
  return side;
}

std::function<void()> World::cut(std::vector<std::pair<HostId, HostId>> pairs) {
  if (pairs.empty()) return nullptr;
  std::string text;
  for (const auto& [from, to] : pairs) {
    net_.cut(from, to);
    if (history_.on()) text += fmt::format(" {}>{}", net_.name(from), net_.name(to));
  }
  note("world: cut" + text);
  return [this, pairs = std::move(pairs)] {
    note("world: a cut heals");
    for (const auto& [from, to] : pairs) net_.heal(from, to);
  };
}

// Does it and returns how to end it; nullptr if it could not happen now.
std::function<void()> World::cause(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::NodeKill:
    case FaultKind::NodePause:
    case FaultKind::NodeReset: return cause_at_node(fault);
    case FaultKind::SentinelCrash:
    case FaultKind::SentinelCrashBeforeDurable:
    case FaultKind::SentinelCrashAfterDurable:
    case FaultKind::SentinelPause:
    case FaultKind::LeaderStall:
    case FaultKind::DiskFailure:
    case FaultKind::OperatorFailover:
    case FaultKind::OperatorReset: return cause_at_sentinel(fault);
    case FaultKind::Partition:
    case FaultKind::OneWayPartition:
    case FaultKind::PartialPartition:
    case FaultKind::SlowNetwork: return cause_in_network(fault);
  }
  UNREACHABLE();
}

std::function<void()> World::cause_at_node(const Fault& fault) {
  const auto nothing_to_end = [] {};
  switch (fault.kind) {
    case FaultKind::NodeKill: {
      const ServerIndex node = node_victim(fault);
      if (!redis_.server(node).alive) return nullptr;
      note("world: kills " + to_string(redis_.server(node).at));
      redis_.kill(node);
      return [this, node] {
        note("world: starts " + to_string(redis_.server(node).at));
        redis_.start(node);
      };
    }
    case FaultKind::NodePause: {
      const ServerIndex node = node_victim(fault);
      if (!redis_.server(node).alive || redis_.server(node).paused) return nullptr;
      note("world: pauses " + to_string(redis_.server(node).at));
      redis_.pause(node);
      return [this, node] {
        note("world: resumes " + to_string(redis_.server(node).at));
        redis_.resume(node);
      };
    }
    case FaultKind::NodeReset: {
      const ServerIndex node = node_victim(fault);
      note("world: resets connections of " + to_string(redis_.server(node).at));
      redis_.close_connections(node, 0);
      return nothing_to_end;
    }
    case FaultKind::SentinelCrash:
    case FaultKind::SentinelCrashBeforeDurable:
    case FaultKind::SentinelCrashAfterDurable:
    case FaultKind::SentinelPause:
    case FaultKind::LeaderStall:
    case FaultKind::Partition:
    case FaultKind::OneWayPartition:
    case FaultKind::PartialPartition:
    case FaultKind::SlowNetwork:
    case FaultKind::DiskFailure:
    case FaultKind::OperatorFailover:
    case FaultKind::OperatorReset: break;
  }
  UNREACHABLE();
}

std::function<void()> World::cause_at_sentinel(const Fault& fault) {
  const auto nothing_to_end = [] {};
  switch (fault.kind) {
    case FaultKind::SentinelCrash: {
      SentinelProcess& process = *sentinels_[sentinel_victim(fault)];
      if (!process.alive()) return nullptr;
      process.crash();
      return [&process] { process.boot(); };
    }
    case FaultKind::SentinelCrashBeforeDurable:
    case FaultKind::SentinelCrashAfterDurable: {
      SentinelProcess& process = *sentinels_[sentinel_victim(fault)];
      if (!process.alive()) return nullptr;
      const bool before = fault.kind == FaultKind::SentinelCrashBeforeDurable;
      process.crash_at(before ? CrashPoint::BeforeDurable : CrashPoint::AfterDurable);
      return [this, &process, again = fault.lasts] { restart_when_crashed(process, again); };
    }
    case FaultKind::SentinelPause: {
      SentinelProcess& process = *sentinels_[sentinel_victim(fault)];
      if (!process.alive() || process.paused()) return nullptr;
      process.pause();
      return [&process] { process.resume(); };
    }
    case FaultKind::LeaderStall: {
      SentinelProcess& process = *sentinels_[sentinel_victim(fault)];
      if (!process.alive()) return nullptr;
      process.when_it_leads([this, &process, lasts = fault.lasts] { stall_leader(process, lasts); });
      return nothing_to_end;
    }
    case FaultKind::DiskFailure: {
      SentinelProcess& process = *sentinels_[sentinel_victim(fault)];
      if (process.disk_refuses()) return nullptr;
      process.refuse_disk(true);
      return [&process] { process.refuse_disk(false); };
    }
    case FaultKind::OperatorFailover: {
      SentinelProcess& process = *sentinels_[sentinel_victim(fault)];
      return process.failover(group_name(fault.choice % settings_.groups)) ? std::function<void()>(nothing_to_end)
                                                                           : nullptr;
    }
    case FaultKind::OperatorReset: {
      SentinelProcess& process = *sentinels_[sentinel_victim(fault)];
      return process.reset(group_name(fault.choice % settings_.groups)) ? std::function<void()>(nothing_to_end)
                                                                        : nullptr;
    }
    case FaultKind::NodeKill:
    case FaultKind::NodePause:
    case FaultKind::NodeReset:
    case FaultKind::Partition:
    case FaultKind::OneWayPartition:
    case FaultKind::PartialPartition:
    case FaultKind::SlowNetwork: break;
  }
  UNREACHABLE();
}

std::function<void()> World::cause_in_network(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::Partition:
    case FaultKind::OneWayPartition: {
      const std::vector<HostId> side = side_of(fault);
      std::vector<std::pair<HostId, HostId>> pairs;
      for (const HostId from : side) {
        for (std::size_t host = 0; host < net_.hosts(); ++host) {
          if (contains(side, HostId{host})) continue;
          const bool outwards = fault.kind == FaultKind::Partition || fault.choice % 2 == 0;
          if (outwards) pairs.emplace_back(from, HostId{host});
          if (fault.kind == FaultKind::Partition || !outwards) pairs.emplace_back(HostId{host}, from);
        }
      }
      return cut(std::move(pairs));
    }
    case FaultKind::PartialPartition: {
      Rng choose(fault.choice);
      std::vector<std::pair<HostId, HostId>> pairs;
      for (std::size_t a = 0; a < net_.hosts(); ++a) {
        for (std::size_t b = a + 1; b < net_.hosts(); ++b) {
          if (choose.below(4) != 0) continue;
          pairs.emplace_back(HostId{a}, HostId{b});
          pairs.emplace_back(HostId{b}, HostId{a});
        }
      }
      return cut(std::move(pairs));
    }
    case FaultKind::SlowNetwork: {
      const Millis extra = 20ms + Millis(static_cast<Millis::rep>(fault.choice % 1500));
      std::vector<HostId> slow = side_of(fault);
      for (const HostId host : slow) net_.slow_down(host, extra);
      note(fmt::format("world: {} hosts are {} ms slow", slow.size(), extra.count()));
      return [this, slow = std::move(slow)] {
        for (const HostId host : slow) net_.slow_down(host, 0ms);
      };
    }
    case FaultKind::NodeKill:
    case FaultKind::NodePause:
    case FaultKind::NodeReset:
    case FaultKind::SentinelCrash:
    case FaultKind::SentinelCrashBeforeDurable:
    case FaultKind::SentinelCrashAfterDurable:
    case FaultKind::SentinelPause:
    case FaultKind::LeaderStall:
    case FaultKind::DiskFailure:
    case FaultKind::OperatorFailover:
    case FaultKind::OperatorReset: break;
  }
  UNREACHABLE();
}

// The classic way to two leaders: the winner of an election stands still, the
// others elect another, and when it moves again it hears of nobody.
void World::stall_leader(SentinelProcess& process, Millis lasts) {
  if (healed_) return;
  ++report_.happened[FaultKind::LeaderStall];
  process.pause();
  std::vector<std::pair<HostId, HostId>> pairs;
  for (const auto& other : sentinels_) {
    if (other->host() == process.host()) continue;
    pairs.emplace_back(process.host(), other->host());
    pairs.emplace_back(other->host(), process.host());
  }
  const std::function<void()> join = cut(std::move(pairs));
  const std::uint64_t key = next_ongoing_++;
  ongoing_[key] = [&process, join] {
    process.resume();
    join();
  };
  queue_.after(lasts, [&process] { process.resume(); });
  queue_.after(lasts + kAlone, [this, key] {
    const auto found = ongoing_.find(key);
    if (found == ongoing_.end()) return;
    const auto finish = std::move(found->second);
    ongoing_.erase(found);
    finish();
  });
}

// An armed crash may come much later than it was armed, or never.
void World::restart_when_crashed(SentinelProcess& process, Millis again) {
  if (healed_) return;
  if (!process.alive()) return process.boot();
  queue_.after(again + 100ms, [this, &process, again] { restart_when_crashed(process, again); });
}

}  // namespace sentinel::sim
