// R-L6: what only a returning master has is saved before it is overwritten; and the fence, R-L5.
#include <gtest/gtest.h>

#include <algorithm>

#include "one_sentinel.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

GroupSettings rescuing() {
  GroupSettings settings = group_settings();
  settings.rescue = Rescue::Stream;
  settings.rescue_deadline = 4s;
  settings.rescue_bytes_max = 1000;
  settings.rescue_keep = 3;
  return settings;
}

void fail_over(OneSentinel& world) {
  world.kill(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+sdown"); }));
  world.agree_that_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+failover-end"); }));
}

// The last command to this node.
std::optional<Repoint> told(OneSentinel& world, const Endpoint& at) {
  std::optional<Repoint> last;
  for (const Repoint& each : world.sent<Repoint>())
    if (each.link == world.played[at].link) last = each;
  return last;
}

TEST(Rescue, IsOrderedFromWhereTheNewMastersHistoryParts) {
  OneSentinel world(rescuing());
  world.settle();
  const std::uint64_t promoted_at = world.played[kReplica1].info.replica_offset;
  fail_over(world);
  world.revive(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return told(world, kMaster).has_value(); }));
  const Repoint repoint = *told(world, kMaster);
  EXPECT_TRUE(repoint.fence);
  ASSERT_TRUE(repoint.rescue);
  const RescueOrder expected{.group = "g",
                             .epoch = Epoch{1},
                             .history = "history",
                             .from = promoted_at + 1,
                             .deadline = 4s,
                             .bytes_max = 1000,
                             .keep = 3,
                             .snapshot = false};
  EXPECT_EQ(*repoint.rescue, expected);
  for (const Repoint& each : world.sent<Repoint>())
    EXPECT_EQ(each.rescue.has_value(), each.link == world.played[kMaster].link) << "replicas have nothing of their own";
}

TEST(Rescue, IsNotOrderedWhereItIsOff) {
  OneSentinel world;
  world.settle();
  fail_over(world);
  world.revive(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return told(world, kMaster).has_value(); }));
  EXPECT_TRUE(told(world, kMaster)->fence);
  EXPECT_FALSE(told(world, kMaster)->rescue);
}

TEST(Rescue, KnowsWhereAnOlderHistoryPartsAfterSeveralFailovers) {
  OneSentinel world(rescuing());
  world.settle();
  const std::uint64_t promoted_at = world.played[kReplica1].info.replica_offset;
  fail_over(world);
  // The second failover: its master knows only the history of the first.
  NodeInfo& info = world.played[kReplica1].info;
  info.replication_id = "history-3";
  info.replication_id2 = "history-2";
  info.second_offset = 5000;
  world.pass(15s);
  world.revive(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return told(world, kMaster).has_value(); }));
  EXPECT_EQ(told(world, kMaster)->rescue.value_or(RescueOrder{}).from, promoted_at + 1);
}

TEST(Rescue, OfAStrayBeginsWhereItLeftOurHistory) {
  OneSentinel world(rescuing());
  world.settle();
  NodeInfo& stray = world.played[kReplica2].info;
  stray = OneSentinel::master_info(stray.run_id, "of-its-own", 700);
  stray.replication_id2 = "history";
  stray.second_offset = 601;
  ASSERT_TRUE(world.pass_until([&] { return told(world, kReplica2).has_value(); }));
  const RescueOrder order = told(world, kReplica2)->rescue.value_or(RescueOrder{});
  EXPECT_EQ(order.history, "of-its-own");
  EXPECT_EQ(order.from, 601U);
}

TEST(Rescue, OfAProcessWithAHistoryThatNobodyKnowsHasNoBegin) {
  OneSentinel world(rescuing());
  world.settle();
  fail_over(world);
  NodeInfo& restarted = world.played[kMaster].info;
  restarted = OneSentinel::master_info("run-anew", "unheard-of", 0);
  world.revive(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return told(world, kMaster).has_value(); }));
  ASSERT_TRUE(told(world, kMaster)->rescue);
  EXPECT_EQ(told(world, kMaster)->rescue->from, std::nullopt);
}

TEST(Rescue, IsAnAlertThatTellsWhatWasSaved) {
  OneSentinel world(rescuing());
  world.settle();
  fail_over(world);
  world.rescue_outcome = RescueOutcome{
      .bytes = 120, .saved_bytes = 120, .commands = 4, .keys = 3, .took = 12ms, .file = "/f.aof", .lost_because = ""};
  world.revive(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+writes-rescued"); }));
  EXPECT_EQ(world.event("+writes-rescued")->message,
            "slave 10.0.0.1:6379 10.0.0.1 6379 @ g 10.0.0.2 6379 bytes 120 commands 4 keys 3 ms 12 file /f.aof");
  EXPECT_TRUE(notifies(*world.event("+writes-rescued")));
  EXPECT_FALSE(world.saw("+writes-lost"));
}

TEST(Rescue, TellsWhatWasNotSavedAndTheNodeJoinsAllTheSame) {
  OneSentinel world(rescuing());
  world.settle();
  fail_over(world);
  world.rescue_outcome = RescueOutcome{.bytes = 120,
                                       .saved_bytes = 100,
                                       .commands = 4,
                                       .keys = 3,
                                       .took = 4000ms,
                                       .file = "/f.aof",
                                       .lost_because = "not done after 4000 ms"};
  world.revive(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+writes-lost"); }));
  EXPECT_TRUE(world.saw("+writes-rescued"));
  EXPECT_EQ(world.event("+writes-lost")->message,
            "slave 10.0.0.1:6379 10.0.0.1 6379 @ g 10.0.0.2 6379 bytes 20 ms 4000 #not done after 4000 ms");
  EXPECT_TRUE(notifies(*world.event("+writes-lost")));
  EXPECT_EQ(world.played[kMaster].info.role, NodeRole::Replica);
}

TEST(Rescue, SaysUnknownWhereNobodyCanTellHowMuchIsLost) {
  OneSentinel world(rescuing());
  world.settle();
  fail_over(world);
  world.rescue_outcome = RescueOutcome{.bytes = 0, .lost_because = "it restarted"};
  world.revive(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+writes-lost"); }));
  EXPECT_FALSE(world.saw("+writes-rescued"));
  EXPECT_NE(world.event("+writes-lost")->message.find("bytes unknown ms 0 #it restarted"), std::string::npos);
}

TEST(Rescue, IsNotAskedForAgainWhileItRuns) {
  OneSentinel world(rescuing());
  world.settle();
  world.rescue_outlasts = true;
  fail_over(world);
  world.revive(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return told(world, kMaster).has_value(); }));
  const auto sent = world.sent<Repoint>().size();
  // The failover ends meanwhile; corrections begin.
  world.pass(30s);
  EXPECT_EQ(world.sent<Repoint>().size(), sent);
}

TEST(Fence, IsNotLiftedByTheWriteSafetyOfSentinelsThatWait) {  // R-L5
  GroupSettings settings = rescuing();
  settings.write_safety = WriteSafety::Enforce;
  OneSentinel world(settings);
  world.settle();
  fail_over(world);
  world.peers_confirm = false;  // It is somebody else's turn.
  world.revive(kMaster);
  world.server_config["min-replicas-to-write"] = "1000000";
  const auto is_old = [&](LinkId link) { return link == world.played[kMaster].link; };
  world.actions.clear();
  world.pass(30s);
  for (const ConfigSet& set : world.sent<ConfigSet>()) EXPECT_FALSE(is_old(set.link));
}

}  // namespace
}  // namespace sentinel
