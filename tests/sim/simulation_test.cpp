// The simulation as a test: fixed seeds must pass and must have tested
// something, and every planted bug must be found.
#include <gtest/gtest.h>

#include <ostream>

#include "tests/sim/campaign.h"

namespace sentinel::sim {
namespace {

constexpr std::uint64_t kFirstSeed = 1;
constexpr std::uint64_t kSeeds = 150;
constexpr std::uint64_t kSeedsToFindABug = 60;

Report run(const WorldSettings& settings) {
  World world(settings);
  return world.run();
}

TEST(Simulation, FixedSeedsKeepEveryInvariant) {
  Totals totals;
  for (std::uint64_t seed = kFirstSeed; seed < kFirstSeed + kSeeds; ++seed) {
    WorldSettings settings = draw_settings(seed);
    const Report report = run(settings);
    totals.add(report);
    if (!report.failure) continue;
    settings.history_lines = 200;
    FAIL() << explain(settings, run(settings));
  }
  EXPECT_TRUE(totals.gaps().empty()) << totals.gaps().front() << "\n" << to_string(totals);
}

TEST(Simulation, TheSameSeedGivesTheSameRun) {
  WorldSettings settings = draw_settings(7);
  settings.history_lines = 100000;
  const Report first = run(settings);
  const Report second = run(settings);
  EXPECT_EQ(first.handled, second.handled);
  EXPECT_EQ(first.history, second.history);
}

TEST(Simulation, WatchingARunDoesNotChangeIt) {
  WorldSettings settings = draw_settings(8);
  const Report unwatched = run(settings);
  settings.history_lines = 10;
  EXPECT_EQ(run(settings).handled, unwatched.handled);
}

TEST(Simulation, AQuietDeploymentElectsNobody) {
  WorldSettings settings = draw_settings(3);
  settings.fault_kinds.clear();
  const Report report = run(settings);
  EXPECT_FALSE(report.failure) << explain(settings, report);
  EXPECT_EQ(report.events.count("+elected-leader"), 0U);
  EXPECT_EQ(report.lost, 0U);
  EXPECT_GT(report.acknowledged, 0U);
}

TEST(Simulation, PlannedFailoversLoseNoAcknowledgedWrite) {
  std::uint64_t switches = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    WorldSettings settings = draw_settings(seed);
    if (settings.stock > 0) continue;  // A stock leader doesn't drain.
    settings.discovery = false;
    settings.odd_priorities = false;
    settings.fault_kinds = {FaultKind::OperatorFailover};
    settings.fault_count = 4;
    const Report report = run(settings);
    ASSERT_FALSE(report.failure) << explain(settings, report);
    EXPECT_EQ(report.lost, 0U) << "seed " << seed;
    switches += report.happened.contains(FaultKind::OperatorFailover) ? 1 : 0;
  }
  EXPECT_GT(switches, 0U);
}

struct PlantedBugRow {
  Mutation mutation;
  const char* name;
  const char* rule;              // The invariant that must notice it.
  std::vector<FaultKind> kinds;  // Empty: all.
  std::uint64_t seeds = kSeedsToFindABug;
};

void PrintTo(const PlantedBugRow& row, std::ostream* out) { *out << row.name; }

class PlantedBug : public testing::TestWithParam<PlantedBugRow> {};

TEST_P(PlantedBug, IsNoticedByItsInvariant) {
  for (std::uint64_t seed = 1; seed <= GetParam().seeds; ++seed) {
    WorldSettings settings = draw_settings(seed);
    settings.discovery = false;
    settings.mutation = GetParam().mutation;
    settings.fault_count = 20;
    if (!GetParam().kinds.empty()) settings.fault_kinds = GetParam().kinds;
    const Report report = run(settings);
    if (report.failure && report.failure->rule == GetParam().rule) return;
  }
  FAIL() << "\"" << GetParam().rule << "\" did not notice " << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(
    Mutations, PlantedBug,
    testing::Values(
        PlantedBugRow{Mutation::ForgetVotes,
                      "forget_votes",
                      "one vote per group and epoch",
                      {FaultKind::NodeKill, FaultKind::SentinelCrashAfterDurable, FaultKind::SentinelCrash}},
        PlantedBugRow{Mutation::ForgetVotes,
                      "forget_epochs",
                      "epochs only grow",
                      {FaultKind::OperatorFailover, FaultKind::SentinelCrash}},
        PlantedBugRow{Mutation::ForgetConfigs, "forget_configs", "a durable configuration shown never goes back", {}},
        PlantedBugRow{Mutation::ActBeforeDurable, "act_before_durable", "a vote is durable before it is granted", {}},
        PlantedBugRow{Mutation::ForgeVotes, "forge_votes", "a leader has the votes of a majority", {}},
        PlantedBugRow{Mutation::CorruptConfigs, "corrupt_configs", "one configuration per group and epoch", {}},
        PlantedBugRow{Mutation::LeaseMismatch,
                      "lease_mismatch",
                      "one leader acts at a time",
                      {FaultKind::NodeKill, FaultKind::LeaderStall}},
        PlantedBugRow{Mutation::ForgetAlerts,
                      "forget_alerts",
                      "webhooks come in order",
                      {FaultKind::NodeKill, FaultKind::SentinelCrash, FaultKind::ReceiverTrouble}},
        PlantedBugRow{Mutation::RashMembers,
                      "rash_members",
                      "one leader an epoch",
                      {FaultKind::MembershipChange, FaultKind::Partition, FaultKind::OneWayPartition,
                       FaultKind::OperatorFailover, FaultKind::NodeKill},
                      400},
        PlantedBugRow{Mutation::FalseReplies,
                      "false_replies",
                      "a healed deployment converges",
                      {FaultKind::NodeKill, FaultKind::OperatorFailover}}),
    [](const testing::TestParamInfo<PlantedBugRow>& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sentinel::sim
