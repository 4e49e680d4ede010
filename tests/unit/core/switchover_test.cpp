// Rules R-L4 and R-L8: failovers that an operator asks for.
#include <gtest/gtest.h>

#include "one_sentinel.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

constexpr FailoverRequest kSwitchover{.lossless = true};

FailoverRequest to(const Endpoint& replica) { return {.lossless = true, .to = replica}; }

Result<void> switch_over(OneSentinel& world, const FailoverRequest& request) {
  auto done = world.core.failover(world.now, "g", request);
  world.feed(Tick{});
  return done;
}

TEST(Switchover, PromotesTheNamedReplicaAlthoughAnotherIsPreferred) {
  OneSentinel world;
  world.played[kReplica1].info.priority = 1;
  world.settle();
  ASSERT_TRUE(switch_over(world, to(kReplica2)));
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+failover-end"); }));
  EXPECT_EQ(*world.core.master_address("g"), kReplica2);
}

TEST(Switchover, IsRefusedWithTheReason) {
  OneSentinel world;
  world.played[kReplica1].info.priority = 0;
  world.settle();
  world.pass(11s);  // It has been read.
  const auto refusal = [&](const FailoverRequest& request) {
    const auto done = switch_over(world, request);
    return done ? std::string("accepted") : done.error();
  };
  EXPECT_EQ(refusal(to(kReplica1)), "NOGOODSLAVE 10.0.0.2:6379 has priority 0");
  EXPECT_EQ(refusal(to(kMaster)), "ERR 10.0.0.1:6379 is the master already.");
  EXPECT_EQ(refusal(to({"10.9.9.9", 1})), "ERR 10.9.9.9:1 is no replica of this master.");
  world.feed(PeerDown{kPeerB});
  world.feed(PeerDown{kPeerC});
  EXPECT_EQ(refusal(kSwitchover), "NOQUORUM 1 of 3 sentinels are connected, 2 are needed");
  world.kill(kMaster);
  EXPECT_TRUE(refusal(kSwitchover).starts_with("ERR The master can't hand over"));
  EXPECT_TRUE(world.sent<PauseWrites>().empty());
}

TEST(Switchover, NamesNobodyElseWhenTheNamedOneRefuses) {
  OneSentinel world;
  world.settle();
  world.promote_error = "NOPERM no";
  ASSERT_TRUE(switch_over(world, to(kReplica2)));
  ASSERT_TRUE(world.pass_until([&] { return world.saw("-failover-abort-no-good-slave"); }));
  for (const Promote& promote : world.sent<Promote>()) EXPECT_EQ(promote.link, world.played[kReplica2].link);
  EXPECT_EQ(world.sent<PauseWrites>().back().pause, 0ms) << "clients are released";
}

TEST(Switchover, GivesUpAfterItsOwnTimeLimit) {
  OneSentinel world;
  world.settle();
  world.played[kMaster].info.master_offset = 500;  // Nobody will get there.
  ASSERT_TRUE(switch_over(world, {.lossless = true, .drain_max = 4000ms}));
  world.pass(3900ms);
  EXPECT_FALSE(world.saw("-failover-abort-drain-timeout"));
  const auto pauses = world.sent<PauseWrites>();
  EXPECT_GE(pauses.size(), 7U) << "each pause is short and renewed";
  for (const PauseWrites& pause : pauses) EXPECT_LE(pause.pause, 2000ms) << "clients outlive a dead leader";
  world.pass(200ms);
  EXPECT_TRUE(world.saw("-failover-abort-drain-timeout"));
  EXPECT_EQ(world.sent<PauseWrites>().back().pause, 0ms);
  EXPECT_TRUE(world.sent<Promote>().empty());
}

TEST(Switchover, KeepsWritesPausedWhileTheDiskIsSlow) {
  OneSentinel world;
  world.settle();
  world.played[kMaster].info.master_offset = 500;
  ASSERT_TRUE(switch_over(world, kSwitchover));
  ASSERT_TRUE(world.pass_until([&] { return !world.sent<PauseWrites>().empty(); }));
  world.disk_works = false;
  world.played[kReplica1].info.replica_offset = 500;
  ASSERT_TRUE(world.pass_until([&] { return !world.sent<Promote>().empty(); }));
  const auto before = world.sent<PauseWrites>().size();
  world.pass(1600ms);
  EXPECT_EQ(*world.core.master_address("g"), kMaster);
  EXPECT_GE(world.sent<PauseWrites>().size(), before + 3);
}

TEST(Switchover, DoesNotHappenWhereTheMasterRefusesToPause) {
  OneSentinel world;
  world.settle();
  world.pause_answers = false;
  ASSERT_TRUE(switch_over(world, kSwitchover));
  ASSERT_TRUE(world.pass_until([&] { return !world.sent<PauseWrites>().empty(); }));
  CommandReply refused{.link = world.played[kMaster].link, .token = world.sent<PauseWrites>().back().token};
  refused.error = "NOPERM no";
  refused.refused = true;
  world.feed(refused);
  EXPECT_NE(world.event("-failover-abort-drain-timeout")->message.find("NOPERM"), std::string::npos);
  EXPECT_TRUE(world.sent<Promote>().empty());
}

TEST(Switchover, DryRunTellsWhatWouldHappenAndDoesNothing) {
  OneSentinel world;
  world.played[kReplica2].info.priority = 0;
  world.settle();
  world.pass(11s);  // It has been read.
  world.played[kMaster].info.master_offset = 130;
  world.pass(11s);
  const auto actions = world.sent<PauseWrites>().size() + world.told<VoteRequest>().size();
  const auto plan = world.core.plan(world.now, "g", kSwitchover);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->refusal, "");
  EXPECT_EQ(plan->to, kReplica1);
  EXPECT_EQ(plan->behind, 30U);
  EXPECT_EQ(plan->connected, 3U);
  EXPECT_EQ(plan->needed, 2U);
  const std::vector<std::pair<Endpoint, std::string>> verdicts{{kReplica1, "may be promoted"},
                                                               {kReplica2, "has priority 0"}};
  EXPECT_EQ(plan->replicas, verdicts);
  EXPECT_EQ(world.core.plan(world.now, "g", to(kReplica2))->refusal, "NOGOODSLAVE 10.0.0.3:6379 has priority 0");
  EXPECT_EQ(world.sent<PauseWrites>().size() + world.told<VoteRequest>().size(), actions);
  EXPECT_FALSE(world.core.plan(world.now, "nope", kSwitchover));
}

// --- R-L8: a FAILOVER command that somebody else gave the master.

TEST(ServerFailover, IsAbortedWhenASwitchoverFindsIt) {
  OneSentinel world;
  world.settle();
  world.played[kMaster].info.server_failover = true;
  ASSERT_TRUE(switch_over(world, kSwitchover));
  ASSERT_TRUE(world.pass_until([&] { return !world.sent<AbortServerFailover>().empty(); }));
  world.played[kMaster].info.server_failover = false;
  EXPECT_TRUE(world.saw("+server-failover-aborted"));
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+failover-end"); }));
  EXPECT_EQ(*world.core.master_address("g"), kReplica1);
}

TEST(ServerFailover, IsReportedAndAbortedAfterTheFailoverTimeout) {
  OneSentinel world;
  world.settle();
  world.played[kMaster].info.server_failover = true;
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+server-failover"); }));
  const auto explanation = world.core.explain(world.now, "g");
  const auto& findings = explanation->findings;
  EXPECT_TRUE(
      std::any_of(findings.begin(), findings.end(), [](const auto& each) { return each.first == "server-failover"; }));
  world.pass(19s);
  EXPECT_TRUE(world.sent<AbortServerFailover>().empty()) << "its own time limit may still end it";
  ASSERT_TRUE(world.pass_until([&] { return !world.sent<AbortServerFailover>().empty(); }, 5000ms));
  EXPECT_EQ(world.sent<AbortServerFailover>().front().link, world.played[kMaster].link);
}

}  // namespace
}  // namespace sentinel
