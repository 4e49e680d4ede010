// Faults of sentinels: their processes, their disks, their operators.
#include <fmt/core.h>

#include <algorithm>

#include "tests/sim/world.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kAlone = 2s;         // How long a stalled leader hears nobody after it moves again.
constexpr Millis kTryAgain = 200ms;   // An operator whose command was not heard.
constexpr Millis kDiskExtraMax = 2s;  // A commit on a slow disk.

}  // namespace

// One of the stock sentinels, as often as their share of all is.
StockSentinel* World::stock_victim(const Fault& fault) {
  if (stock_.empty() || fault.victim == Victim::Leader) return nullptr;
  const std::size_t index = (fault.choice / 7) % (stock_.size() + sentinels_.size());
  return index < stock_.size() ? stock_[index].get() : nullptr;
}

std::function<void()> World::crash_sentinel(const Fault& fault) {
  if (StockSentinel* stock = stock_victim(fault)) {
    if (!stock->alive()) return nullptr;
    stock->crash();
    return [stock] { stock->boot(); };
  }
  SentinelProcess& process = sentinel_victim(fault);
  if (!process.alive()) return nullptr;
  process.crash();
  return [&process] { process.boot(); };
}

std::function<void()> World::arm_crash(const Fault& fault, CrashPoint point) {
  SentinelProcess& process = sentinel_victim(fault);
  if (!process.alive()) return nullptr;
  process.crash_at(point);
  return [this, &process, again = fault.lasts] { restart_when_crashed(process, again); };
}

// An armed crash may come much later than it was armed, or never.
void World::restart_when_crashed(SentinelProcess& process, Millis again) {
  if (healed_) return;
  if (!process.alive()) return process.boot();
  queue_.after(again + 100ms, [this, &process, again] { restart_when_crashed(process, again); });
}

std::function<void()> World::pause_sentinel(const Fault& fault) {
  if (StockSentinel* stock = stock_victim(fault)) {
    stock->pause();
    return [stock] { stock->resume(); };
  }
  SentinelProcess& process = sentinel_victim(fault);
  if (!process.alive() || process.paused()) return nullptr;
  process.pause();
  return [&process] { process.resume(); };
}

std::function<void()> World::arm_stall(const Fault& fault) {
  SentinelProcess& process = sentinel_victim(fault);
  if (!process.alive()) return nullptr;
  process.when_it_leads([this, &process, lasts = fault.lasts] { stall_leader(process, lasts); });
  return [] {};
}

// The classic way to two leaders: the winner of an election stands still, the
// others elect another, and when it moves again it hears of nobody.
void World::stall_leader(SentinelProcess& process, Millis lasts) {
  if (healed_) return;
  ++report_.happened[FaultKind::LeaderStall];
  last_trouble_ = queue_.now();
  process.pause();
  std::vector<std::pair<HostId, HostId>> pairs;
  const auto part_from = [&](HostId other) {
    if (other == process.host()) return;
    pairs.emplace_back(process.host(), other);
    pairs.emplace_back(other, process.host());
  };
  for (const auto& other : sentinels_) part_from(other->host());
  for (const auto& other : stock_) part_from(other->host());
  const std::function<void()> join = cut(std::move(pairs));
  queue_.after(lasts, [&process] { process.resume(); });
  end_later(lasts + kAlone, [&process, join] {
    process.resume();
    if (join) join();
  });
}

std::function<void()> World::fail_disk(const Fault& fault) {
  SentinelProcess& process = sentinel_victim(fault);
  if (process.disk_refuses()) return nullptr;
  process.refuse_disk(true);
  return [&process] { process.refuse_disk(false); };
}

std::function<void()> World::slow_disk(const Fault& fault) {
  SentinelProcess& process = sentinel_victim(fault);
  note(fmt::format("world: the disk of {} is slow", net_.name(process.host())));
  process.slow_disk(kDiskExtraMax);
  return [&process] { process.slow_disk(0ms); };
}

// --- What is around them.

std::function<void()> World::trouble_receiver(const Fault& fault) {
  using Mood = AlertReceiver::Mood;
  constexpr Mood kMoods[] = {Mood::Fails, Mood::Silent, Mood::Refuses};
  constexpr const char* kWords[] = {"fails", "is silent", "refuses"};
  const std::size_t which = fault.choice % 3;
  note(fmt::format("world: the receiver of alerts {}", kWords[which]));
  receiver_->set_mood(kMoods[which]);
  return [this] {
    note("world: the receiver of alerts is well");
    receiver_->set_mood(Mood::Well);
  };
}

std::function<void()> World::step_clock(const Fault& fault) {
  constexpr Millis kSteps[] = {-24h, -1h, -1s, 1s, 1h, 24h};
  const Millis by = kSteps[fault.choice % 6];
  SentinelProcess& process = sentinel_victim(fault);
  note(fmt::format("world: the clock of {} is set by {} ms", net_.name(process.host()), by.count()));
  process.step_clock(by);
  return [] {};
}

// --- Operators.

std::function<void()> World::operator_fails_over(const Fault& fault) {
  const std::size_t group = fault.choice % settings_.groups;
  FailoverRequest request;
  request.lossless = fault.choice / settings_.groups % 2 == 1;
  if (request.lossless) {
    constexpr Millis kTimeLimits[] = {20ms, 1s, 3s};
    request.drain_max = kTimeLimits[fault.choice / 7 % 3];
    const auto& servers = redis_.servers();
    const RedisServer& named = *servers[fault.choice / 11 % servers.size()];
    if (named.group == group && !named.foreign) request.to = named.at;
  }
  if (!sentinel_victim(fault).failover(group_name(group), request)) return nullptr;
  return [] {};
}

std::function<void()> World::operator_resets(const Fault& fault) {
  if (!sentinel_victim(fault).reset(group_name(fault.choice % settings_.groups))) return nullptr;
  return [] {};
}

std::function<void()> World::operator_removes(const Fault& fault) {
  SentinelProcess& process = sentinel_victim(fault);
  const std::size_t group = fault.choice % settings_.groups;
  const bool elsewhere = std::any_of(sentinels_.begin(), sentinels_.end(),
                                     [&](const auto& each) { return each->removed(group_name(group)); });
  if (elsewhere || !process.remove(group_name(group))) return nullptr;  // Somebody must know where the master is.
  return [this, &process, group] { watch_again(process, group); };
}

// The operator asks the others where the master is, and has patience.
void World::watch_again(SentinelProcess& process, std::size_t group) {
  const auto master = current_master(group);
  const Endpoint at = master ? redis_.server(*master).at : group_settings_[group].master;
  if (process.monitor(group_name(group), at)) return;
  queue_.after(kTryAgain, [this, &process, group] { watch_again(process, group); });
}

std::function<void()> World::operator_sets(const Fault& fault) {
  const Millis down_after = 500ms + Millis(static_cast<Millis::rep>(fault.choice % 2500));
  const auto quorum = static_cast<unsigned>(1 + fault.choice % (settings_.sentinels / 2 + 1));
  if (!sentinel_victim(fault).set(group_name(fault.choice % settings_.groups), down_after, quorum)) return nullptr;
  return [] {};
}

}  // namespace sentinel::sim
