// Rules R-M: stock sentinels in the quorum.
#include <gtest/gtest.h>

#include "tests/unit/core/one_sentinel.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

const Endpoint kAtB{"10.0.1.2", 26379}, kAtC{"10.0.1.3", 26379};

// This sentinel and two stock ones, which it finds by hello.
class MixedWorld : public OneSentinel {
 public:
  explicit MixedWorld(RestoredState restored = {}) : OneSentinel(group_settings(), std::move(restored), {}) {
    b = &stock_up(kPeerB, kAtB);
    c = &stock_up(kPeerC, kAtC);
    pass(2s);
    events.clear();
    actions.clear();
  }
  void see_down() {
    kill(kMaster);
    b->down = c->down = true;
  }
  void hello(const NodeId& from, std::uint64_t epoch, const Endpoint& master, std::uint64_t config_epoch) {
    feed(HelloPublished{{from == kPeerB ? kAtB : kAtC, from, Epoch{epoch}, "g", master, Epoch{config_epoch}}});
  }
  // Somebody promoted replica 1.
  void promote_replica() {
    played[kReplica1].info = master_info("run-" + kReplica1.host, "history-2", 100);
    played[kReplica1].info.replication_id2 = "history";
  }
  GroupStatus status() { return *core.status(now, "g"); }
  Endpoint master() { return *core.master_address("g"); }

  PlayedStock* b = nullptr;
  PlayedStock* c = nullptr;
};

TEST(MixedQuorum, AHelloIsFollowedToTheSentinelItself) {  // R-M1
  OneSentinel world(group_settings(), {}, {});
  world.pass(1s);
  world.feed(HelloReceived{world.played[kMaster].link, {kAtB, kPeerB, Epoch{0}, "g", kMaster, Epoch{0}}});
  ASSERT_EQ(world.sent<DialPeer>().size(), 1U);
  EXPECT_FALSE(world.saw("+sentinel"));
  world.stock_up(kPeerB, kAtB);
  EXPECT_TRUE(world.saw("+sentinel"));
  const auto status = *world.core.status(world.now, "g");
  ASSERT_EQ(status.sentinels.size(), 1U);
  EXPECT_FALSE(status.sentinels[0].vigil);
  EXPECT_EQ(status.members, 2U);
  EXPECT_EQ(world.core.mixed_groups(), 1U);
}

TEST(MixedQuorum, AStockSentinelOfAnotherDeploymentIsNoMember) {  // R-M1
  OneSentinel world(group_settings(), {}, {});
  world.pass(1s);
  world.stocks[kPeerB].master = {"10.9.9.9", 6379};
  world.stocks[kPeerC].watches = false;
  world.stock_up(kPeerB, kAtB);
  world.stock_up(kPeerC, kAtC);
  world.pass(1s);
  EXPECT_EQ(world.core.status(world.now, "g")->members, 1U);
}

TEST(MixedQuorum, ASuspectedMasterIsAskedAboutAtOnceAndTheViewCounts) {  // R-M2
  MixedWorld world;
  world.b->leader_epoch = world.c->leader_epoch = Epoch{2'000'000};  // Out of reach (R-C4): they vote for nobody.
  world.b->down = true;
  world.kill(kMaster);
  world.pass(1100ms);
  EXPECT_TRUE(world.saw("+odown"));
  EXPECT_GE(world.sent<AskStockView>().size(), 4U);
  EXPECT_TRUE(world.status().sentinels[0].says_down);
}

TEST(MixedQuorum, AViewIsForgottenAfterFiveSecondsAndWithTheConnection) {  // R-M2
  MixedWorld world;
  world.b->leader_epoch = world.c->leader_epoch = Epoch{2'000'000};  // Out of reach (R-C4): they vote for nobody.
  world.see_down();
  world.pass(1500ms);
  ASSERT_TRUE(world.status().o_down);
  world.b->answers = world.c->answers = false;
  world.pass(4s);
  EXPECT_TRUE(world.status().o_down);
  world.pass(2s);
  EXPECT_FALSE(world.status().o_down);
  world.b->answers = true;
  world.pass(1s);
  EXPECT_TRUE(world.status().o_down);
  world.feed(StockDown{kPeerB});
  EXPECT_FALSE(world.status().o_down);
}

TEST(MixedQuorum, StockVotesElectAVigilLeaderWhoSwitches) {  // R-M4
  MixedWorld world;
  world.see_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }, 3s));
  EXPECT_EQ(world.b->leader, kSelf);
  const auto tells = world.sent<TellStock>();  // At once, to both.
  ASSERT_GE(tells.size(), 2U);
  EXPECT_NE(tells.back().hello.find(",g,10.0.0.2,6379,1"), std::string::npos) << tells.back().hello;
}

TEST(MixedQuorum, AVoteThatStockGaveToSomebodyElseIsNone) {  // R-M4
  MixedWorld world;
  world.b->leader_epoch = world.c->leader_epoch = Epoch{1};
  world.b->leader = kPeerB;
  world.c->leader = kPeerB;
  world.b->failover = StockFailover::Candidate;
  world.see_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("-failover-abort-not-elected"); }, 3s));
  EXPECT_FALSE(world.saw("+elected-leader"));
}

TEST(MixedQuorum, ALeaderWhoseStockVotersVoteAnewStops) {  // R-M4
  MixedWorld world;
  world.promote_error = "LOADING";
  world.see_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+elected-leader"); }, 3s));
  MixedWorld other;
  other.see_down();
  other.replicas_sync_slowly = true;  // Its re-pointing goes on.
  ASSERT_TRUE(other.pass_until([&] { return other.saw("+switch-master"); }, 3s));
  other.b->leader = other.c->leader = kPeerC;
  other.b->leader_epoch = other.c->leader_epoch = Epoch{7};
  other.b->master = other.c->master = kReplica1;
  other.pass(3s);
  EXPECT_TRUE(other.saw("-failover-abort-lease-lost"));
}

TEST(MixedQuorum, TheEpochOfTheWholeProcessIsOutbid) {  // R-M3
  MixedWorld world;
  world.b->current_epoch = world.c->current_epoch = Epoch{41};
  world.hello(kPeerB, 41, kMaster, 0);
  world.see_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }, 3s));
  EXPECT_EQ(world.status().config_epoch, Epoch{42});
}

TEST(MixedQuorum, AnAbsurdEpochIsNotBelievedFromAnybody) {  // R-M3, R-C4
  MixedWorld world;
  world.hello(kPeerB, UINT64_MAX, kMaster, 0);
  world.feed(HelloPublished{{{"10.6.6.6", 1}, {std::string(40, 'e')}, Epoch{500}, "g", kMaster, Epoch{500}}});
  EXPECT_EQ(world.core.process_status(world.now).current_epoch, Epoch{0});
}

TEST(MixedQuorum, AStockCandidateGetsOneVoteAnEpochAndTheLease) {  // R-M4, R-E2
  MixedWorld world;
  world.see_down();
  world.b->answers = world.c->answers = false;
  world.pass(1500ms);
  auto answer = world.core.is_master_down(world.now, kMaster, Epoch{3}, kPeerB);
  EXPECT_TRUE(answer.down);
  EXPECT_EQ(answer.leader, kPeerB);
  EXPECT_EQ(answer.leader_epoch, Epoch{3});
  EXPECT_TRUE(std::any_of(world.records.begin(), world.records.end(), [](const Record&) { return true; }));
  answer = world.core.is_master_down(world.now, kMaster, Epoch{3}, kPeerC);
  EXPECT_EQ(answer.leader, kPeerB);
  answer = world.core.is_master_down(world.now, kMaster, Epoch{4}, kPeerC);
  EXPECT_EQ(answer.leader, kPeerB);  // The promise lasts.
  const auto nobody = world.core.is_master_down(world.now, kMaster, Epoch{9}, NodeId{std::string(40, 'f')});
  EXPECT_EQ(nobody.leader_epoch, Epoch{3});
}

TEST(MixedQuorum, APromiseToAStockCandidateLastsWhileItsFailoverDoes) {  // R-M5
  MixedWorld world;
  world.see_down();
  world.b->leader_epoch = world.c->leader_epoch = Epoch{900'000};
  world.b->failover = StockFailover::Acting;
  world.pass(1500ms);
  EXPECT_EQ(world.core.is_master_down(world.now, kMaster, Epoch{3}, kPeerB).leader, kPeerB);
  world.pass(5s);
  EXPECT_FALSE(world.saw("+try-failover"));
  EXPECT_EQ(world.core.explain(world.now, "g")->findings[0].second, "the lease is promised to another leader");
  world.b->failover = StockFailover::None;  // It gave up: nobody needs to wait.
  world.b->leader_epoch = world.c->leader_epoch = Epoch{3};
  world.pass(500ms);
  EXPECT_TRUE(world.saw("+try-failover"));
}

TEST(MixedQuorum, AHungStockLeaderHoldsNobodyBackForLong) {  // R-M5
  MixedWorld world;
  world.see_down();
  world.b->failover = StockFailover::Acting;
  world.b->leader_epoch = world.c->leader_epoch = Epoch{3};
  world.pass(6s);
  EXPECT_FALSE(world.saw("+switch-master"));
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }, 10s));
}

TEST(MixedQuorum, AConfigurationIsAdoptedFromTheSentinelItselfWithProof) {  // R-M6
  MixedWorld world;
  world.promote_replica();
  world.b->config_epoch = Epoch{5};
  world.b->master = kReplica1;
  world.hello(kPeerB, 5, kReplica1, 5);
  world.pass(200ms);
  EXPECT_EQ(world.master(), kReplica1);
  EXPECT_EQ(world.status().config_epoch, Epoch{5});
  EXPECT_TRUE(world.saw("+config-update-from"));
}

TEST(MixedQuorum, AHelloThatTheSentinelItselfDoesNotConfirmMovesNothing) {  // R-M6, R-C4
  MixedWorld world;
  world.promote_replica();
  world.hello(kPeerB, 5, kReplica1, 5);
  world.pass(200ms);
  EXPECT_EQ(world.master(), kMaster);
}

TEST(MixedQuorum, AMisledSentinelMovesNothingAndHoldsBackNobodyForLong) {  // R-M6
  MixedWorld world;
  const Endpoint stray{"10.6.6.6", 6379};
  world.played[stray].info = OneSentinel::master_info("run-s", "another history", 5);
  world.b->config_epoch = Epoch{5};
  world.b->master = stray;
  for (int i = 0; i < 30; ++i) {
    world.hello(kPeerB, 5, stray, 5);
    world.pass(1s);
  }
  EXPECT_EQ(world.master(), kMaster);
  for (const Repoint& repoint : world.sent<Repoint>()) EXPECT_NE(repoint.link, world.played[stray].link);
  EXPECT_TRUE(world.sent<ConfigSet>().empty());
  world.kill(kMaster);
  world.c->down = true;
  EXPECT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }, 5s));  // With the other one's vote.
}

TEST(MixedQuorum, TwoMisledSentinelsUnderOurOwnEpochMoveNothing) {  // R-M6, R-C4
  MixedWorld world;
  const Endpoint stray{"10.6.6.6", 6379};
  world.b->master = world.c->master = stray;
  world.hello(kPeerB, 0, stray, 0);
  world.hello(kPeerC, 0, stray, 0);
  world.pass(5s);
  EXPECT_TRUE(world.saw("+config-conflict"));
  EXPECT_EQ(world.master(), kMaster);
}

TEST(MixedQuorum, AStrayIsNotCorrectedWhileAStockLeaderMayHaveMadeIt) {  // R-M7
  MixedWorld world;
  world.promote_replica();
  world.b->failover = StockFailover::Acting;  // An operator's: it asked nobody.
  world.pass(9s);
  EXPECT_TRUE(world.sent<Repoint>().empty());
  world.b->failover = StockFailover::None;  // It gave up.
  world.pass(3s);
  ASSERT_FALSE(world.sent<Repoint>().empty());
  EXPECT_EQ(world.sent<Repoint>()[0].master, kMaster);
}

TEST(MixedQuorum, AProcessReplacedInPlaceIsWhatItIsNow) {
  MixedWorld world;
  world.feed(StockDown{kPeerB});
  world.feed(PeerUp{kPeerB, kAtB, kAtB});
  EXPECT_TRUE(world.status().sentinels[0].vigil);
  world.feed(StockUp{kPeerB, kAtB, "10.0.1.1"});  // Back, before the loss of the connection was seen.
  EXPECT_FALSE(world.status().sentinels[0].vigil);
  world.feed(PeerDown{kPeerB});
  EXPECT_FALSE(world.status().sentinels[0].disconnected);
  EXPECT_EQ(world.status().members, 3U);
}

TEST(MixedQuorum, AMemberThatMovesIsTheSameMember) {
  MixedWorld world;
  world.feed(StockDown{kPeerB});
  world.feed(StockUp{kPeerB, {"10.0.1.9", 26379}, "10.0.1.1"});
  EXPECT_TRUE(world.saw("+sentinel-address-switch"));
  EXPECT_EQ(world.status().members, 3U);
  world.feed(StockDown{kPeerC});
  world.stock_up(NodeId{std::string(40, 'd')}, kAtC);  // A new sentinel in the old one's place.
  EXPECT_TRUE(world.saw("+sentinel-invalid-addr"));
  EXPECT_EQ(world.status().members, 3U);
}

TEST(MixedQuorum, AResetForgetsWhoNoLongerWatchesTheGroup) {
  MixedWorld world;
  world.b->watches = false;
  world.hello(kPeerB, 0, kReplica1, 0);  // Makes it ask again.
  world.pass(200ms);
  EXPECT_EQ(world.status().members, 3U);
  world.core.reset(world.now, "g");
  world.feed(Tick{});
  EXPECT_EQ(world.status().members, 2U);
}

}  // namespace
}  // namespace sentinel
