// Gives rescued writes back to a master, each at most once.
//
// A unit (one write, or one transaction) is applied if all of its keys allow it. Units go in chunks: MULTI, the units,
// SET of a marker key to the number of units done, EXEC. So a replay that was killed, or whose master failed over, goes
// on where it was. What was decided is written beside the file first, since what is missing is no longer missing once
// it was replayed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "sentinel/ctl/rescue_target.h"

namespace sentinel {

enum class ReplayPolicy {
  Untouched,    // Keys that the master has not changed since the failover, and those that it does not have.
  OnlyMissing,  // Keys that the master does not have.
  All,          // Everything: rescued values replace newer ones.
};
const char* name_of(ReplayPolicy policy);

struct ReplayPlan {
  ReplayPolicy policy = ReplayPolicy::OnlyMissing;
  std::vector<bool> apply;  // Of each unit.
  std::uint64_t applied() const;
};

ReplayPlan plan_replay(const std::vector<RescuedUnit>& units, ReplayPolicy policy, const KeyStates& states);

struct ReplayReport {
  std::uint64_t applied = 0;  // Units.
  std::uint64_t skipped = 0;
  std::vector<std::string> failed;  // Commands that the server refused, with its words; at most kFailuresShown.
  std::uint64_t failures = 0;
  bool resumed = false;  // An earlier replay had been interrupted.
};
inline constexpr std::size_t kFailuresShown = 10;

// The key in database 0 of the master that counts the units done.
std::string marker_of(const RescueMetadata& metadata);

// The plan of a replay that was begun, nullopt if there is none.
Result<std::optional<ReplayPlan>> read_plan(const RescueEntry& entry);

// Writes the plan, replays, and marks the file as replayed.
Result<ReplayReport> replay(Connection& master, const RescueEntry& entry, const std::vector<RescuedUnit>& units,
                            const ReplayPlan& plan);

}  // namespace sentinel
