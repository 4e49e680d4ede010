// The rules of failovers, aborts and corrections, on a single Coordinator.
#include <gtest/gtest.h>

#include "one_sentinel.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

// Kills the master with everybody's agreement and waits for the new one.
void fail_over(OneSentinel& world) {
  world.kill(kMaster);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+sdown"); }));
  world.agree_that_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }));
}

// --- The whole way.

TEST(Failover, GoesThroughStocksEventsInOrderAndAnnouncesAtTheCommit) {
  OneSentinel world;
  world.settle();
  fail_over(world);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+failover-end"); }));
  const std::vector<std::string> expected{"+sdown",
                                          "+odown",
                                          "+new-epoch",
                                          "+try-failover",
                                          "+vote-for-leader",
                                          "+elected-leader",
                                          "+failover-state-select-slave",
                                          "+selected-slave",
                                          "+failover-state-send-slaveof-noone",
                                          "+failover-state-wait-promotion",
                                          "-role-change",
                                          "+promoted-slave",
                                          "+switch-master",
                                          "+slave",
                                          "+slave",
                                          "+failover-state-reconf-slaves",
                                          "+sdown",
                                          "+slave-reconf-sent",
                                          "+slave-reconf-inprog",
                                          "+slave-reconf-done",
                                          "+failover-end"};
  std::vector<std::string> names;
  for (const Event& event : world.events) names.push_back(event.name);
  EXPECT_EQ(names, expected);
  EXPECT_EQ(*world.core.master_address("g"), kReplica1);
  EXPECT_EQ(world.event("+switch-master")->message, "g 10.0.0.1 6379 10.0.0.2 6379");
  EXPECT_EQ(world.core.timeline("g")->outcome, "done");
  EXPECT_EQ(world.told<ConfigMessage>().back().master, kReplica1);
}

TEST(Failover, NeedsTheQuorumsAgreement) {
  OneSentinel world;
  world.settle();
  world.kill(kMaster);
  world.pass(10s);
  EXPECT_TRUE(world.saw("+sdown"));
  EXPECT_FALSE(world.saw("+odown"));
  EXPECT_EQ(world.core.explain(world.now, "g")->verdict, "down for this sentinel, too few others agree");
}

TEST(Failover, IsNotAnnouncedBeforeItIsDurable) {  // R-F4
  OneSentinel world;
  world.settle();
  world.kill(kMaster);
  world.pass_until([&] { return world.saw("+sdown"); });
  world.disk_works = false;
  world.agree_that_down();
  world.pass(400ms);
  EXPECT_TRUE(world.saw("+try-failover"));
  EXPECT_FALSE(world.saw("+elected-leader")) << "our own vote was not durable";  // R-E2
  EXPECT_EQ(*world.core.master_address("g"), kMaster);
}

// --- Aborts: each has its name.

TEST(Abort, NotElectedWhenTheOthersRefuse) {
  OneSentinel world;
  world.settle();
  world.peers_vote = false;
  world.kill(kMaster);
  world.pass_until([&] { return world.saw("+sdown"); });
  world.agree_that_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("-failover-abort-not-elected"); }));
  EXPECT_NE(world.event("-failover-abort-not-elected")->message.find("sees the master alive"), std::string::npos);
  EXPECT_TRUE(world.sent<Promote>().empty());
}

TEST(Abort, NoGoodSlaveIsSaidOnceAndNobodyStands) {
  OneSentinel world;
  world.played[kReplica1].info.priority = 0;
  world.played[kReplica2].info.loading = true;
  world.settle();
  world.kill(kMaster);
  world.pass_until([&] { return world.saw("+sdown"); });
  world.agree_that_down();
  world.pass(10s);
  EXPECT_EQ(std::count_if(world.events.begin(), world.events.end(),
                          [](const Event& event) { return event.name == "-failover-abort-no-good-slave"; }),
            1);
  EXPECT_FALSE(world.saw("+try-failover"));
  const std::string& why = world.event("-failover-abort-no-good-slave")->message;
  EXPECT_NE(why.find("has priority 0"), std::string::npos) << why;
  EXPECT_NE(why.find("is loading its data"), std::string::npos) << why;
}

TEST(Abort, LeaseLostStopsALeaderWhoseReplicasAreStillMoving) {  // R-E6
  OneSentinel world;
  world.settle();
  world.peers_renew = false;
  world.replicas_sync_slowly = true;
  fail_over(world);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("-failover-abort-lease-lost"); }));
  EXPECT_FALSE(world.saw("+failover-end"));
}

TEST(Repointing, EndsAtFailoverTimeoutWhenAReplicaDoesNotGetReady) {
  GroupSettings settings = group_settings();
  settings.failover_timeout = 3s;
  OneSentinel world(settings);
  world.settle();
  world.replicas_sync_slowly = true;
  fail_over(world);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+failover-end"); }));
  EXPECT_TRUE(world.saw("+failover-end-for-timeout"));
}

TEST(Abort, SupersededByAHigherEpoch) {
  OneSentinel world;
  world.settle();
  world.kill(kMaster);
  world.pass_until([&] { return world.saw("+sdown"); });
  world.disk_works = false;  // Our candidacy hangs.
  world.agree_that_down();
  world.pass(50ms);
  world.disk_works = true;
  world.say(kPeerB, ConfigMessage{"g", Epoch{9}, kReplica2, "run-x", kPeerB});
  EXPECT_TRUE(world.saw("-failover-abort-superseded"));
  EXPECT_TRUE(world.saw("+config-update-from"));
  EXPECT_EQ(*world.core.master_address("g"), kReplica2);
  EXPECT_EQ(world.core.timeline("g")->outcome, "led by bbbbbbbb");
}

TEST(Abort, DrainTimeoutLeavesEverythingAsItWas) {  // R-L4
  OneSentinel world;
  world.settle();
  world.played[kMaster].info.master_offset = 500;  // Nobody will get there.
  ASSERT_TRUE(world.core.failover(world.now, "g"));
  world.feed(Tick{});
  ASSERT_TRUE(world.pass_until([&] { return world.saw("-failover-abort-drain-timeout"); }));
  EXPECT_TRUE(world.sent<Promote>().empty());
  EXPECT_EQ(world.sent<PauseWrites>().back().pause, 0ms) << "clients are released";
  EXPECT_EQ(*world.core.master_address("g"), kMaster);
}

TEST(Repointing, IsNotWaitedForIfAReplicaSaysYesAndDoesNot) {  // R-F5
  OneSentinel world;
  world.settle();
  world.repoint_ignored = true;
  ASSERT_TRUE(world.core.failover(world.now, "g"));
  world.feed(Tick{});
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+slave-reconf-sent"); }));
  world.pass(9000ms);
  EXPECT_FALSE(world.saw("-slave-reconf-sent-timeout"));
  world.pass(2000ms);
  EXPECT_TRUE(world.saw("-slave-reconf-sent-timeout"));
  EXPECT_TRUE(world.saw("+failover-end"));
  EXPECT_FALSE(world.saw("+failover-end-for-timeout"));
}

TEST(PlannedFailover, GoesOnWithoutTheLastWritesIfTheOperatorInsists) {  // R-L4
  OneSentinel world;
  world.settle();
  world.played[kMaster].info.master_offset = 500;  // Nobody will get there.
  ASSERT_TRUE(world.core.failover(world.now, "g", {.past_drain = true}));
  world.feed(Tick{});
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }));
  EXPECT_FALSE(world.saw("-failover-abort-drain-timeout"));
}

TEST(Abort, MasterBackBeforeAnythingWasDone) {
  OneSentinel world;
  world.settle();
  world.kill(kMaster);
  world.pass_until([&] { return world.saw("+sdown"); });
  world.played[kReplica1].answers = world.played[kReplica2].answers = false;  // The refresh takes its time.
  world.agree_that_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+elected-leader"); }, 300ms));
  world.revive(kMaster);
  world.pass(200ms);
  EXPECT_TRUE(world.saw("-failover-abort-master-back"));
}

TEST(Promotion, ThatIsRefusedGoesToTheNextReplica) {  // R-F3
  OneSentinel world;
  world.settle();
  world.promote_error = "NOPERM this user has no permissions to run the 'slaveof' command";
  world.kill(kMaster);
  world.pass_until([&] { return world.saw("+sdown"); });
  world.agree_that_down();
  world.pass(50ms);
  const auto promotions = world.sent<Promote>();
  ASSERT_GE(promotions.size(), 2U);
  EXPECT_NE(promotions[0].link, promotions[1].link);
  EXPECT_NE(world.event("-slave-promotion-refused")->message.find("NOPERM"), std::string::npos);
}

TEST(PlannedFailover, PausesWritesDrainsAndDemotesTheOldMaster) {  // R-L4, R-L5
  OneSentinel world;
  world.settle();
  ASSERT_TRUE(world.core.failover(world.now, "g"));
  world.feed(Tick{});
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+failover-end"); }));
  ASSERT_FALSE(world.sent<PauseWrites>().empty());
  const auto repoints = world.sent<Repoint>();
  const auto old = std::find_if(repoints.begin(), repoints.end(),
                                [&](const Repoint& each) { return each.link == world.played[kMaster].link; });
  ASSERT_NE(old, repoints.end());
  EXPECT_TRUE(old->fence);
  EXPECT_EQ(world.core.failover(world.now, "nope").error(), "ERR No such master with that name");
}

TEST(PlannedFailover, PromotesNobodyOnAReplyThatComesAfterTheLease) {  // R-E6
  OneSentinel world;
  world.settle();
  world.pause_answers = false;
  ASSERT_TRUE(world.core.failover(world.now, "g"));
  world.feed(Tick{});
  ASSERT_TRUE(world.pass_until([&] { return !world.sent<PauseWrites>().empty(); }));
  CommandReply late{.link = world.played[kMaster].link, .token = world.sent<PauseWrites>().back().token};
  late.error = "NOPERM no";
  late.refused = true;
  world.now += 10s;  // The process stood still.
  world.feed(late);
  EXPECT_TRUE(world.sent<Promote>().empty());
  EXPECT_TRUE(world.saw("-failover-abort-lease-lost"));
}

TEST(Choice, DoesNotHoldALostLinkAgainstReplicasOfAMasterThatWasNeverReached) {  // R-F2
  const Endpoint gone{"10.0.0.9", 6379};
  RestoredState restored;
  restored.configs.push_back({.group = "g", .epoch = Epoch{5}, .master = gone, .run_id = {}, .leader = kPeerB});
  for (const Endpoint& at : {kReplica1, kReplica2})
    restored.replicas.push_back({.group = "g", .at = at, .known = true});
  OneSentinel world(group_settings(), restored);
  for (const Endpoint& at : {kReplica1, kReplica2}) {
    NodeInfo& info = world.played[at].info;
    info = OneSentinel::replica_info("run-" + at.host, gone, 100);
    info.master_link_up = false;
    info.master_link_down = 3600s;
  }
  world.kill(gone);
  world.settle();
  world.agree_that_down(gone);
  EXPECT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }, 5s));
}

// --- Re-pointing and correction.

TEST(Repointing, ThatIsRefusedIsSaidAndDoesNotHoldTheEndBack) {
  OneSentinel world;
  world.settle();
  world.repoint_error = "NOPERM no";
  fail_over(world);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+failover-end"); }, 5s));
  EXPECT_TRUE(world.saw("-slave-reconf-refused"));
  EXPECT_LE(world.sent<Repoint>().size(), 4U) << "a node that said no is not nagged";
}

TEST(Correction, DemotesAReturningMasterAfterAMajorityConfirmed) {  // R-C5
  OneSentinel world;
  world.settle();
  fail_over(world);
  world.pass_until([&] { return world.saw("+failover-end"); });
  world.peers_confirm = false;
  world.revive(kMaster);
  world.pass(2s);
  EXPECT_FALSE(world.saw("+convert-to-slave")) << "nobody confirmed";
  world.peers_confirm = true;
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+convert-to-slave"); }));
  EXPECT_TRUE(world.sent<Repoint>().back().fence);
  EXPECT_EQ(world.sent<Repoint>().back().master, kReplica1);
}

TEST(Correction, WaitsForALeaderThatWasVotedForAndNotHeardOfSince) {  // R-C5
  OneSentinel world;
  world.settle();
  VoteRequest forced{"g", Epoch{5}, Epoch{0}, kMaster, true, 1};
  world.say(kPeerB, forced);
  ASSERT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::None);
  // What it may have promoted and committed looks like a stray from here.
  NodeInfo& info = world.played[kReplica1].info;
  info = OneSentinel::master_info(info.run_id, "history-2", 100);
  info.replication_id2 = "history";
  world.pass(15s);  // Longer than the lease, shorter than failover-timeout.
  EXPECT_FALSE(world.saw("+convert-to-slave"));
  world.say(kPeerC, ConfirmRequest{"g", Epoch{0}, kMaster, 7});
  EXPECT_FALSE(world.told<ConfirmReply>().back().confirmed);
  world.say(kPeerB, LeaseRequest{"g", Epoch{5}, 0, true});  // It is back, and has nothing to tell.
  EXPECT_TRUE(world.pass_until([&] { return world.saw("+convert-to-slave"); }));
}

TEST(Failover, TakesUpTheNodeThatTheConfiguredMasterItselfFollows) {
  OneSentinel world;
  world.settle();
  world.played[kMaster].info = OneSentinel::replica_info("run-1", kReplica2, 100);
  world.played[kMaster].info.replication_id = "history-of-another-tool";
  world.played[kReplica2].info = OneSentinel::master_info("run-10.0.0.3", "history-of-another-tool", 100);
  world.played[kReplica1].info.priority = 0;
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+sdown"); }));
  world.agree_that_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }));
  EXPECT_EQ(*world.core.master_address("g"), kReplica2);
}

TEST(Correction, TurnsAReplicaOfAnotherNodeBackAfterFailoverTimeoutOnly) {
  OneSentinel world;
  world.settle();
  world.played[kReplica2].info.master = Endpoint{"10.9.9.9", 6379};
  world.played[kReplica2].info.replication_id = "their-history";
  world.pass(19s);
  EXPECT_FALSE(world.saw("+fix-slave-config"));
  EXPECT_TRUE(world.pass_until([&] { return world.saw("+fix-slave-config"); }, 15s));
}

TEST(Identity, AStrangerAtAKnownAddressIsNeverTouched) {  // R-C6
  OneSentinel world;
  world.settle();
  NodeInfo& info = world.played[kReplica2].info;
  info = OneSentinel::replica_info("run-of-somebody-else", {"10.9.9.9", 6379}, 7);
  info.replication_id = "their-history";
  world.pass(60s);
  EXPECT_TRUE(world.saw("+reboot"));
  EXPECT_TRUE(world.saw("+foreign-node"));
  EXPECT_FALSE(world.saw("+fix-slave-config"));
  const auto status = world.core.status(world.now, "g");
  const auto foreign = std::find_if(status->replicas.begin(), status->replicas.end(),
                                    [](const NodeStatus& node) { return node.at == kReplica2; });
  EXPECT_EQ(foreign->ineligible, "belongs to another deployment");
}

TEST(Failover, AMasterThatWasMadeAReplicaGetsItsRoleBackWhenNobodyElseCanHaveIt) {  // R-F2; found by the simulation
  OneSentinel world;
  world.settle();
  world.played[kMaster].info = OneSentinel::replica_info("run-1", {"10.0.0.77", 6379}, 100);
  world.played[kMaster].info.master_link_up = false;
  world.kill(kReplica1);
  world.kill(kReplica2);
  world.pass(17s);
  world.agree_that_down();
  ASSERT_TRUE(world.pass_until([&] { return !world.sent<Promote>().empty(); }));
  EXPECT_EQ(world.sent<Promote>().back().link, world.played[kMaster].link);
  world.pass(1s);
  EXPECT_EQ(*world.core.master_address("g"), kMaster);
  EXPECT_EQ(world.core.status(world.now, "g")->config_epoch, Epoch{1});
  EXPECT_FALSE(world.saw("+switch-master"));
}

TEST(Failover, APlannedOneLeavesEverythingAsItWasWhenTheMasterIsNotReached) {  // R-L4
  OneSentinel world;
  world.settle();
  world.pause_answers = false;
  ASSERT_TRUE(world.core.failover(world.now, "g"));
  world.feed(Tick{});
  ASSERT_TRUE(world.pass_until([&] { return !world.sent<PauseWrites>().empty(); }));
  CommandReply lost{.link = world.played[kMaster].link, .token = world.sent<PauseWrites>().back().token};
  lost.error = "link lost";
  world.feed(lost);
  EXPECT_TRUE(world.saw("-failover-abort-drain-timeout"));
  EXPECT_TRUE(world.sent<Promote>().empty());
}

}  // namespace
}  // namespace sentinel
