// The rules of votes, configurations and safety, on a single Coordinator.
#include <gtest/gtest.h>

#include "one_sentinel.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

// --- Votes.

VoteRequest request(std::uint64_t epoch) { return {"g", Epoch{epoch}, Epoch{0}, kMaster, false, 1}; }

TEST(Vote, IsRefusedWhileTheMasterAnswersUnlessAnOperatorAsked) {  // R-E5
  OneSentinel world;
  world.settle();
  world.say(kPeerB, request(5));
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::MasterHealthy);
  VoteRequest forced = request(5);
  forced.forced = true;
  world.say(kPeerB, forced);
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::None);
}

TEST(Vote, LeavesOnlyWhenItIsDurable) {  // R-E2
  OneSentinel world;
  world.settle();
  world.kill(kMaster);
  world.pass(600ms);
  world.disk_works = false;
  const auto before = world.told<VoteReply>().size();
  world.say(kPeerB, request(5));
  EXPECT_EQ(world.told<VoteReply>().size(), before);
  EXPECT_EQ(std::get<VoteRecord>(world.records.back()), (VoteRecord{"g", Epoch{5}, kPeerB}));
}

TEST(Vote, IsRefusedForStrangersStaleConfigurationsAndWithoutADisk) {
  OneSentinel world;
  world.settle();
  world.kill(kMaster);
  world.pass(600ms);
  world.say(NodeId{std::string(40, 'f')}, request(5));
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::NotMember);  // R-E3
  world.say(kPeerB, ConfigMessage{"g", Epoch{3}, kReplica1, "", kPeerB});
  world.say(kPeerC, request(5));
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::StaleConfig);
  world.feed(StoreHealth{false, "disk full"});
  world.say(kPeerC, request(6));
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::StoreUnavailable);  // R-E7
  EXPECT_TRUE(world.saw("+store-failed"));
  world.feed(StoreHealth{true, ""});
  EXPECT_TRUE(world.saw("-store-failed"));
  world.say(kPeerC, VoteRequest{"unknown", Epoch{1}, Epoch{0}, kMaster, false, 1});
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::UnknownGroup);
}

TEST(Vote, OutlivesTheRemovalOfItsGroup) {  // R-E2; found by the simulation
  OneSentinel world;
  world.settle();
  world.kill(kMaster);
  world.pass(600ms);
  world.say(kPeerB, request(5));
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::None);
  ASSERT_TRUE(world.core.remove(world.now, "g"));
  ASSERT_TRUE(world.core.monitor(world.now, group_settings()));
  world.feed(Tick{});
  world.say(kPeerC, request(5));
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::AlreadyVoted);
}

TEST(Membership, AGroupWatchedAgainAsksThePeersWhoWatchItToo) {  // R-E3; found by the simulation
  OneSentinel world;
  world.settle();
  ASSERT_TRUE(world.core.remove(world.now, "g"));
  ASSERT_TRUE(world.core.monitor(world.now, group_settings()));
  world.feed(Tick{});
  EXPECT_TRUE(world.told<ConfigMessage>().back().asks);
  const auto configs = world.told<ConfigMessage>().size();
  const auto views = world.told<ViewMessage>().size();
  world.say(kPeerB, ConfigMessage{"g", Epoch{0}, kMaster, "", {}, true});
  EXPECT_EQ(world.told<ConfigMessage>().size(), configs + 1);
  EXPECT_FALSE(world.told<ConfigMessage>().back().asks);
  EXPECT_EQ(world.told<ViewMessage>().size(), views + 1);
}

// --- Configuration.

TEST(Configuration, EqualEpochsWithTwoAddressesAreReportedAndTheMajorityWins) {  // R-C4
  OneSentinel world;
  world.settle();
  world.say(kPeerB, ConfigMessage{"g", Epoch{0}, kReplica1, "", {}});
  EXPECT_TRUE(world.saw("+config-conflict"));
  EXPECT_EQ(*world.core.master_address("g"), kMaster);
  world.say(kPeerC, ConfigMessage{"g", Epoch{0}, kReplica1, "", {}});
  EXPECT_EQ(*world.core.master_address("g"), kReplica1);
}

TEST(Configuration, AbsurdEpochsAndForgedHellosMoveNothing) {  // R-C4
  OneSentinel world;
  world.settle();
  world.say(kPeerB, ConfigMessage{"g", Epoch{UINT64_MAX}, kReplica1, "", kPeerB});
  world.feed(
      HelloReceived{world.played[kMaster].link,
                    {{"10.6.6.6", 26379}, {std::string(40, 'e')}, Epoch{99}, "g", {"10.6.6.6", 6379}, Epoch{99}}});
  world.pass(5s);
  EXPECT_EQ(*world.core.master_address("g"), kMaster);
  EXPECT_EQ(world.core.status(world.now, "g")->sentinels.size(), 2U);
}

// Even if the node it names is a master of our history: epochs are made by elections only.
TEST(Configuration, AHelloOnlyShowsWhereToLook) {  // R-C4; found by the simulation
  OneSentinel world;
  world.settle();
  world.played[kReplica1].info = OneSentinel::master_info("run-x", "history-2", 100);
  world.played[kReplica1].info.replication_id2 = "history";
  world.feed(PeerDown{kPeerB});
  const Hello hello{{"10.0.1.2", 26379}, kPeerB, Epoch{7}, "g", kReplica1, Epoch{7}};
  world.feed(HelloPublished{hello});
  world.pass(100ms);
  world.feed(HelloPublished{hello});
  world.pass(100ms);
  EXPECT_EQ(*world.core.master_address("g"), kMaster);
  EXPECT_EQ(world.core.status(world.now, "g")->config_epoch, Epoch{0});
}

TEST(Configuration, NobodyIsCommandedBeforeItSaidWhoItIs) {  // R-C6; found by the simulation
  OneSentinel world;
  world.settle();
  world.played[kReplica1].info = OneSentinel::master_info("run-x", "history-2", 100);
  world.pass(12s);  // A stray: it would be corrected.
  world.kill(kReplica1);
  const auto before = world.sent<Repoint>().size();
  // Another deployment's replica answers at its address; its INFO takes a moment.
  world.played[kReplica1].info = OneSentinel::replica_info("run-y", {"10.9.9.9", 6379}, 5);
  world.played[kReplica1].info.replication_id = "strange";
  world.feed(LinkUp{world.played[kReplica1].link, kReplica1.host, "10.0.1.1"});  // played[].answers stays false.
  world.pass(1s);
  EXPECT_EQ(world.sent<Repoint>().size(), before);
  world.revive(kReplica1);
  world.pass(60s);
  EXPECT_TRUE(world.saw("+foreign-node"));
  EXPECT_EQ(world.sent<Repoint>().size(), before);
}

TEST(Configuration, AStrangerAtTheMastersAddressIsReplacedAndNeverCommanded) {  // R-C6; found by the simulation
  OneSentinel world;
  world.settle();
  world.kill(kMaster);
  world.played[kMaster].info = OneSentinel::replica_info("run-y", {"10.9.9.9", 6379}, 5);
  world.played[kMaster].info.replication_id = "strange";
  world.revive(kMaster);
  world.pass(6s);
  world.agree_that_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }));
  world.pass(60s);
  EXPECT_TRUE(world.saw("+foreign-node"));
  for (const Repoint& repoint : world.sent<Repoint>()) EXPECT_NE(repoint.link, world.played[kMaster].link);
}

TEST(Timers, TakeEffectAtOnce) {
  OneSentinel world;
  world.settle();
  const auto count = [&](Millis time) {
    world.actions.clear();
    world.pass(time);
    return std::pair(world.sent<SendPing>().size(), world.sent<SendInfo>().size());
  };
  const auto before = count(9000ms);
  Timers timers;
  timers.ping_period = 50ms;
  timers.info_period = 500ms;
  world.core.change_timers(world.now, timers);
  world.feed(Tick{});
  const auto after = count(9000ms);
  EXPECT_GT(after.first, 4 * before.first);
  EXPECT_GT(after.second, 5 * before.second);
}

TEST(SimulatedFailure, EndsTheProcessOnceItIsElected) {
  OneSentinel world;
  world.settle();
  world.core.simulate({.after_election = true});
  ASSERT_TRUE(world.core.failover(world.now, "g"));
  EXPECT_FALSE(world.crashed);
  world.feed(Tick{});
  EXPECT_TRUE(world.crashed);
}

TEST(SimulatedFailure, EndsTheProcessInTheBatchOfThePromotion) {
  OneSentinel world;
  world.settle();
  world.core.simulate({.after_promotion = true});
  ASSERT_TRUE(world.core.failover(world.now, "g"));
  world.feed(Tick{});
  ASSERT_TRUE(world.pass_until([&] { return world.crashed; }));
  EXPECT_FALSE(world.records.empty());
  EXPECT_TRUE(std::any_of(world.records.begin(), world.records.end(), [](const Record& record) {
    const auto* config = std::get_if<ConfigRecord>(&record);
    return config != nullptr && config->master != kMaster;
  })) << "whoever starts it again finds the promotion";
}

// --- Write safety.

TEST(WriteSafety, IsSetOnAllNodesAndDriftIsRepairedWithAWarning) {  // R-L1, R-L2
  GroupSettings settings = group_settings();
  settings.write_safety = WriteSafety::Enforce;
  OneSentinel world(settings);
  world.settle();
  EXPECT_EQ(world.server_config["min-replicas-to-write"], "1");
  world.server_config["min-replicas-to-write"] = "0";
  world.pass(15s);
  EXPECT_EQ(world.server_config["min-replicas-to-write"], "1");
  ASSERT_TRUE(world.saw("+write-safety-set"));
  EXPECT_EQ(world.event("+write-safety-set")->level, Level::Warning);
  world.server_config["min-replicas-to-write"] = "2";  // Stricter: the operator's business.
  world.pass(15s);
  EXPECT_EQ(world.server_config["min-replicas-to-write"], "2");
  EXPECT_LT(world.sent<ConfigSet>().size(), 10U);
}

TEST(WriteSafety, AuditReportsAndChangesNothing) {
  GroupSettings settings = group_settings();
  settings.write_safety = WriteSafety::Audit;
  OneSentinel world(settings);
  world.peers_up();
  world.pass(15s);
  EXPECT_TRUE(world.saw("+write-safety-drift"));
  EXPECT_TRUE(world.sent<ConfigSet>().empty());
}

TEST(WriteSafety, AMissingPermissionIsNamedOnce) {
  GroupSettings settings = group_settings();
  settings.write_safety = WriteSafety::Enforce;
  OneSentinel world(settings);
  world.config_error = "NOPERM config";
  world.peers_up();
  world.pass(30s);
  EXPECT_TRUE(world.saw("-write-safety-refused"));
}

// --- Peers.

TEST(Peers, AreAnnouncedWhenTheyConnectAndDownWhenTheyStayAway) {
  OneSentinel world;
  world.peers_up();
  EXPECT_TRUE(world.saw("+sentinel"));
  EXPECT_EQ(world.core.check_quorum(world.now, "g")->usable, 3U);
  world.feed(PeerDown{kPeerB});
  world.pass(2s);
  ASSERT_TRUE(world.saw("+sdown"));
  EXPECT_EQ(world.event("+sdown")->message.substr(0, 17), "sentinel bbbbbbbb");
  EXPECT_EQ(world.core.check_quorum(world.now, "g")->usable, 2U);
  world.peers_up();
  EXPECT_TRUE(world.saw("-sdown"));
}

// --- The operator.

TEST(Operator, ResetForgetsReplicasAndMonitorAddsThemAgain) {
  OneSentinel world;
  world.settle();
  world.core.reset(world.now, "g");
  world.feed(Tick{});
  EXPECT_TRUE(world.saw("+reset-master"));
  EXPECT_TRUE(world.pass_until([&] { return world.core.status(world.now, "g")->replicas.size() == 2; }));
  ASSERT_TRUE(world.core.remove(world.now, "g"));
  world.feed(Tick{});
  EXPECT_TRUE(world.saw("-monitor"));
  EXPECT_EQ(world.core.master_address("g"), nullptr);
  ASSERT_TRUE(world.core.monitor(world.now, group_settings()));
  world.feed(Tick{});
  EXPECT_TRUE(world.saw("+monitor"));
  EXPECT_EQ(world.core.monitor(world.now, group_settings()).error(), "ERR Duplicate master name.");
}

TEST(Restart, RemembersConfigurationVoteAndReplicas) {
  RestoredState restored;
  restored.configs = {{"g", Epoch{4}, kReplica1, "run-x", kPeerB}};
  restored.votes = {{"g", Epoch{6}, kPeerC}};
  restored.replicas = {{"g", kReplica2, true}};
  OneSentinel world(group_settings(), restored);
  EXPECT_EQ(*world.core.master_address("g"), kReplica1);
  world.peers_up();
  VoteRequest again = request(6);
  again.config_epoch = Epoch{4};
  world.say(kPeerB, again);
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::AlreadyVoted);
  again.epoch = Epoch{7};
  world.say(kPeerB, again);
  EXPECT_EQ(world.told<VoteReply>().back().refusal, VoteRefusal::LeaseHeld) << "promised a moment ago, for all we know";
}

}  // namespace
}  // namespace sentinel
