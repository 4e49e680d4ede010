// Coordinator decides everything Vigil does, for all groups of one process. It
// is sans-IO and deterministic: the same settings, seed and inputs give the
// same outputs, in the daemon, in the simulation and in the tests.
//
//   Coordinator core(process, groups, restored, seed, now);
//   core.step(now, LinkUp{...});
//   Output out = core.take_output();      // Do it in the order output.h promises.
//   sleep_until(core.next_deadline());    // Then step(now, Tick{}).
//
// Not thread-safe: one owner calls it. Groups never reference each other, so
// cost follows what happens, not how much is watched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "sentinel/core/failover_request.h"
#include "sentinel/core/input.h"
#include "sentinel/core/output.h"
#include "sentinel/core/settings.h"
#include "sentinel/core/status.h"

namespace sentinel {

class Coordinator {
 public:
  // `restored` wins over `groups` where both know something of a group: the
  // master elected since, settings changed at run time, groups added or removed.
  // REQUIRES: process.self is set; names in `groups` are unique.
  Coordinator(ProcessSettings process, std::vector<GroupSettings> groups, RestoredState restored, std::uint64_t seed,
              TimePoint now);
  ~Coordinator();

  // Feeds one input and fires the deadlines that have passed.
  // REQUIRES: now is not before any earlier call.
  void step(TimePoint now, const Input& input);

  // Everything to do since the last call, and forgets it.
  Output take_output();

  // When step(Tick) is next needed; kNever if nothing is awaited.
  TimePoint next_deadline() const;

  // --- The operator's commands. Errors carry the stock text without "-".
  // All take effect at once; what must be durable first is in the next output.
  Result<void> failover(TimePoint now, std::string_view group, const FailoverRequest& request = {});
  Result<void> monitor(TimePoint now, GroupSettings settings);
  Result<void> remove(TimePoint now, std::string_view group);
  // Replaces the settings; `changed` lists "option value" for the +set events.
  Result<void> set(TimePoint now, GroupSettings settings, const std::vector<std::string>& changed);
  // Forgets replicas and discovered sentinels. REQUIRES: the group exists.
  void reset(TimePoint now, std::string_view group);

  // SENTINEL DEBUG and SIMULATE-FAILURE: until the process ends.
  // REQUIRES: every time is positive.
  void change_timers(TimePoint now, const Timers& timers);
  // Where hellos say that we are reached; the host may be empty: the local address of each connection.
  void change_announce(TimePoint now, Endpoint announce);
  // Whether names that others tell are looked up, and nodes told by name: see host_names.h.
  void change_hosts(TimePoint now, bool resolve, bool announce);
  void simulate(SimulatedFailures failures);

  // Stock peers: SENTINEL IS-MASTER-DOWN-BY-ADDR. A vote that it grants is in
  // the next output's records and must be durable before the answer leaves.
  struct DownAnswer {
    bool down = false;
    NodeId leader;  // Empty: none ("*").
    Epoch leader_epoch;
  };
  DownAnswer is_master_down(TimePoint now, const Endpoint& master, Epoch epoch, const NodeId& candidate);

  // --- Queries. Of announced state only: what was committed.
  // The address of the group's master, nullptr if the group is unknown. Valid until the next step.
  const Endpoint* master_address(std::string_view group) const;
  std::vector<std::string> group_names() const;  // In the order of creation.
  const GroupSettings* settings(std::string_view group) const;
  std::optional<GroupStatus> status(TimePoint now, std::string_view group) const;
  CoreStatus process_status(TimePoint now) const;
  // How many groups share the connection to this sentinel.
  unsigned link_refcount(const NodeId& id) const;
  std::size_t mixed_groups() const;  // Those with a stock sentinel among their members (R-M).
  std::optional<QuorumCheck> check_quorum(TimePoint now, std::string_view group) const;
  std::optional<SwitchoverPlan> plan(TimePoint now, std::string_view group, const FailoverRequest& request) const;
  std::optional<Explanation> explain(TimePoint now, std::string_view group) const;
  // The running failover we lead, else the last we led or restored.
  const FailoverTimeline* timeline(std::string_view group) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel
