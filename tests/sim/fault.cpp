#include "tests/sim/fault.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/check.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kCompanyBefore = 500ms;
constexpr Millis kCompanySpan = 4s;  // Detection, election, failover and its tail.

Millis between(Rng& rng, Millis low, Millis high) { return low + rng.jitter(high - low); }

Millis duration(Rng& rng, FaultKind kind) {
  switch (kind) {
    case FaultKind::NodeKill:
    case FaultKind::Storm:
    case FaultKind::NodePause:
    case FaultKind::NodeMove:
    case FaultKind::ForeignNode: return between(rng, 200ms, rng.below(3) == 0 ? 40s : 8s);
    case FaultKind::NodeBusy:
    case FaultKind::NodeMisconf:
    case FaultKind::NodeRefuses: return between(rng, 200ms, 12s);
    case FaultKind::SentinelCrash:
    case FaultKind::SentinelCrashBeforeDurable:
    case FaultKind::SentinelCrashAfterDurable: return between(rng, 50ms, rng.below(3) == 0 ? 15s : 2s);
    case FaultKind::SentinelPause:
    case FaultKind::LeaderStall: return between(rng, 100ms, rng.below(3) == 0 ? 20s : 4s);
    case FaultKind::Partition:
    case FaultKind::OneWayPartition:
    case FaultKind::PartialPartition:
    case FaultKind::Clog: return between(rng, 200ms, rng.below(3) == 0 ? 30s : 6s);
    case FaultKind::SlowNetwork:
    case FaultKind::ReceiverTrouble:
    case FaultKind::SlowDns: return between(rng, 500ms, 10s);
    case FaultKind::DiskFailure:
    case FaultKind::DiskSlow: return between(rng, 100ms, 10s);
    case FaultKind::OperatorRemove: return between(rng, 10ms, 10s);
    case FaultKind::NodeReset:
    case FaultKind::ForgedHello:
    case FaultKind::StaleHello:
    case FaultKind::OperatorFailover:
    case FaultKind::OperatorReset:
    case FaultKind::OperatorSet:
    case FaultKind::MembershipChange:
    case FaultKind::ClockStep: return 0ms;
  }
  UNREACHABLE();
}

Victim victim(Rng& rng, FaultKind kind) {
  switch (kind) {
    case FaultKind::NodeKill:
    case FaultKind::NodePause:
    case FaultKind::NodeReset:
    case FaultKind::NodeBusy:
    case FaultKind::NodeMisconf:
    case FaultKind::NodeMove:
    case FaultKind::ForeignNode: return rng.below(5) < 3 ? Victim::Master : Victim::Chosen;
    case FaultKind::SentinelCrash:
    case FaultKind::SentinelPause:
    case FaultKind::DiskFailure:
    case FaultKind::DiskSlow:
    case FaultKind::OperatorReset:
    case FaultKind::OperatorRemove:
    case FaultKind::OperatorSet: return rng.below(2) == 0 ? Victim::Leader : Victim::Chosen;
    case FaultKind::Partition:
    case FaultKind::OneWayPartition:
    case FaultKind::SlowNetwork:
      return rng.below(3) == 0 ? Victim::Master : rng.below(2) == 0 ? Victim::Leader : Victim::Chosen;
    case FaultKind::SentinelCrashBeforeDurable:
    case FaultKind::SentinelCrashAfterDurable:
    case FaultKind::PartialPartition:
    case FaultKind::Clog:
    case FaultKind::SlowDns:
    case FaultKind::NodeRefuses:
    case FaultKind::LeaderStall:
    case FaultKind::ForgedHello:
    case FaultKind::StaleHello:
    case FaultKind::OperatorFailover:
    case FaultKind::ReceiverTrouble:
    case FaultKind::ClockStep:
    case FaultKind::MembershipChange:
    case FaultKind::Storm: return Victim::Chosen;
  }
  UNREACHABLE();
}

}  // namespace

std::string_view name_of(FaultKind kind) {
  for (const FaultName& each : kFaultNames) {
    if (each.kind == kind) return each.name;
  }
  UNREACHABLE();
}

std::optional<FaultKind> parse_fault_kind(std::string_view name) {
  for (const FaultName& each : kFaultNames) {
    if (each.name == name) return each.kind;
  }
  return std::nullopt;
}

std::string to_string(const Fault& fault) {
  const std::string_view who = fault.victim == Victim::Master   ? "the master"
                               : fault.victim == Victim::Leader ? "the leader"
                                                                : "chosen";
  return fmt::format("{:>7} ms  {} of {} ({}) for {} ms", fault.at.time_since_epoch().count(), name_of(fault.kind), who,
                     fault.choice, fault.lasts.count());
}

std::vector<Fault> draw_faults(Rng& rng, const FaultPlan& plan) {
  CHECK(!plan.kinds.empty());
  std::vector<Fault> faults;
  const auto add = [&](TimePoint at, FaultKind kind) {
    Fault fault;
    fault.at = std::clamp(at, plan.from, plan.until);
    fault.kind = kind;
    fault.lasts = duration(rng, kind);
    fault.victim = victim(rng, kind);
    fault.choice = rng.next() >> 16;
    faults.push_back(fault);
  };
  const auto any = [&] { return plan.kinds[rng.below(plan.kinds.size())]; };
  while (faults.size() < plan.count) {
    const TimePoint at = plan.from + rng.jitter(plan.until - plan.from);
    const FaultKind first = any();
    add(at, first);
    for (auto company = rng.below(4); company > 0; --company)
      add(at - kCompanyBefore + rng.jitter(kCompanySpan), any());
  }
  std::stable_sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return faults;
}

}  // namespace sentinel::sim
