#include <fmt/core.h>

#include "tests/sim/world.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

Millis between(Rng& rng, Millis low, Millis high) { return low + rng.jitter(high - low); }

}  // namespace

WorldSettings draw_settings(std::uint64_t seed) {
  Rng rng(seed);
  WorldSettings world;
  world.seed = seed;
  world.sentinels = rng.below(5) < 3 ? 3 : 4 + rng.below(2);
  world.replicas = rng.below(2) == 0 ? 2 : 1 + rng.below(4);
  world.groups = rng.below(5) == 0 ? 2 + rng.below(2) : 1;
  world.group.quorum = static_cast<unsigned>(2 + rng.below(world.sentinels / 2));
  world.group.down_after = between(rng, 500ms, 3s);
  world.group.failover_timeout = between(rng, 5s, 20s);
  world.group.parallel_syncs = static_cast<unsigned>(1 + rng.below(2));
  world.group.crash_detection = rng.below(2) == 0;
  world.group.evidence_hold_max = between(rng, 3s, 30s);
  constexpr WriteSafety kModes[] = {WriteSafety::Off, WriteSafety::Audit, WriteSafety::Enforce};
  world.group.write_safety = kModes[rng.below(3)];
  world.group.rescue = Rescue::Stream;
  world.group.max_lag = between(rng, 2s, 10s);
  world.discovery = rng.below(7) == 0;
  world.clock_error_ppm = rng.below(2) == 0 ? 10'000 : 50'000;
  world.delay_max = between(rng, 1ms, 20ms);
  world.commit_max = between(rng, 2ms, 50ms);
  world.odd_priorities = rng.below(6) == 0;
  world.redis.persists = rng.below(6) != 0;
  world.redis.ping_replicas = rng.below(2) == 0 ? 1s : 10s;
  world.redis.repl_timeout = 6 * world.redis.ping_replicas;
  world.fault_count = 3 + rng.below(20);
  for (const FaultName& each : kFaultNames) {
    // Some runs see everything, some a few kinds more often.
    if (seed % 2 == 0 || rng.below(2) == 0) world.fault_kinds.push_back(each.kind);
  }
  if (world.fault_kinds.empty()) world.fault_kinds.push_back(FaultKind::NodeKill);
  if (rng.below(16) == 0) world.groups = 4 + rng.below(3);
  if (world.groups > 1 && rng.below(2) == 0) world.process.max_parallel_failovers = 1 + rng.below(2);
  if (seed % 3 != 0) world.group.on_empty_restart = OnEmptyRestart::Failover;
  if (seed % 8 == 5) mix_in_stock(world);
  return world;
}

void mix_in_stock(WorldSettings& world) {
  if (world.stock > 0) return;
  Rng rng(world.seed * 2 + 3);
  world.stock = 1 + rng.below(world.sentinels - 1);
  world.sentinels -= world.stock;
  world.discovery = rng.below(3) != 0;
  std::erase_if(world.fault_kinds, [](FaultKind kind) {
    return kind == FaultKind::ForgedHello || kind == FaultKind::ForeignNode || kind == FaultKind::NodeMove ||
           kind == FaultKind::OperatorRemove || kind == FaultKind::OperatorReset;
  });
  if (world.fault_kinds.empty()) world.fault_kinds.push_back(FaultKind::NodeKill);
}

std::string to_string(const WorldSettings& world) {
  const GroupSettings& group = world.group;
  return fmt::format(
      "{} sentinels and {} stock ones ({}), {} groups of 1+{}, quorum {}, down-after {} ms, failover-timeout {} ms, "
      "parallel-syncs {}, "
      "crash-detection {}, on-empty-restart {}, max-parallel-failovers {}, write-safety {}, delay up to {} ms, commit "
      "up to {} ms, servers "
      "{}, {} faults",
      world.sentinels, world.stock, world.discovery ? "discovered" : "configured", world.groups, world.replicas,
      group.quorum, group.down_after.count(), group.failover_timeout.count(), group.parallel_syncs,
      group.crash_detection ? "on" : "off", group.on_empty_restart == OnEmptyRestart::Failover ? "failover" : "ignore",
      world.process.max_parallel_failovers, static_cast<int>(group.write_safety), world.delay_max.count(),
      world.commit_max.count(), world.redis.persists ? "persist" : "forget", world.fault_count);
}

}  // namespace sentinel::sim
