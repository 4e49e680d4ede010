// The small pure rules: liveness, stalls, counting, ballots, leases, choice.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sentinel/core/ballot.h"
#include "sentinel/core/lease.h"
#include "sentinel/core/liveness.h"
#include "sentinel/core/promotion.h"
#include "sentinel/core/quorum.h"
#include "sentinel/core/stall_guard.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint kStart{Millis{1'000'000}};
const NodeId kAnna{"anna"}, kBob{"bob"};

// --- R-D1, R-D2, R-D3

TEST(Liveness, IsDownAfterExactlyDownAfterOfSilence) {
  Liveness master(kStart, 5s);
  master.answered(kStart + 1s, true);
  EXPECT_FALSE(master.down(kStart + 5999ms));
  EXPECT_TRUE(master.down(kStart + 6s));
}

TEST(Liveness, AnUnacceptableReplyIsNoSignOfLife) {
  Liveness master(kStart, 5s);
  master.answered(kStart + 4s, false);
  EXPECT_TRUE(master.down(kStart + 5s));
  EXPECT_EQ(master.last_reply(), kStart + 4s);
}

TEST(Liveness, PingsFourTimesWithinDownAfterButNeverTooOften) {
  EXPECT_EQ(Liveness(kStart, 1s).ping_period(), 250ms);
  EXPECT_EQ(Liveness(kStart, 40ms).ping_period(), 20ms);
  EXPECT_EQ(Liveness(kStart, 30s).ping_period(), 1s);
}

TEST(Liveness, AsksOnceUntilItIsAnsweredOrItsLinkIsGone) {
  Liveness master(kStart, 1s);
  ASSERT_TRUE(master.ping_due(kStart));
  master.asked(kStart, 0ms);
  EXPECT_FALSE(master.ping_due(kStart + 10s));
  EXPECT_EQ(master.ping_due_at(), kNever);
  master.link_lost();
  EXPECT_TRUE(master.ping_due(kStart + 250ms));
}

TEST(Liveness, IsSuspectedBeforeItIsDownAndHealthyBeforeThat) {
  Liveness master(kStart, 1s);
  EXPECT_TRUE(master.healthy(kStart + 499ms));
  EXPECT_FALSE(master.healthy(kStart + 500ms));
  EXPECT_FALSE(master.suspected(kStart + 374ms));
  EXPECT_TRUE(master.suspected(kStart + 375ms));
}

// --- R-D6

TEST(StallGuard, TimeNotListenedToIsCountedOnce) {
  StallGuard guard(2s, 5s);
  EXPECT_EQ(guard.woke(kStart + 19ms, kStart), 0ms);
  EXPECT_EQ(guard.woke(kStart + 300ms, kStart), 300ms);
  EXPECT_EQ(guard.deaf(), 300ms);
  EXPECT_EQ(guard.woke(kStart, kNever), 0ms);
}

TEST(StallGuard, DistrustsItselfAfterALongStall) {
  StallGuard guard(2s, 5s);
  guard.woke(kStart + 2s, kStart);
  EXPECT_TRUE(guard.tilt(kStart + 2s + 4999ms));
  EXPECT_FALSE(guard.tilt(kStart + 7s));
}

TEST(StallGuard, DistrustsItselfAfterThreeSeriousStallsInTheWindowOnly) {
  StallGuard close(2s, 5s);
  for (const Millis at : {Millis{0}, Millis{1000}, Millis{2000}}) close.woke(kStart + at + 200ms, kStart + at);
  EXPECT_TRUE(close.tilt(kStart + 2200ms));
  StallGuard apart(2s, 5s);
  for (const Millis at : {Millis{0}, Millis{11000}, Millis{22000}}) apart.woke(kStart + at + 200ms, kStart + at);
  EXPECT_FALSE(apart.tilt(kStart + 22200ms));
}

// --- R-E3, R-E4

TEST(Quorum, AMajorityIsMoreThanHalf) {
  const unsigned rows[][2] = {{1, 1}, {2, 2}, {3, 2}, {4, 3}, {5, 3}, {7, 4}};
  for (const auto& [members, needed] : rows) EXPECT_EQ(majority(members), needed) << members;
}

TEST(Quorum, EverySentinelComputesTheSameOrder) {
  const std::vector<NodeId> all{{"a"}, {"b"}, {"c"}, {"d"}, {"e"}};
  for (const char* group : {"orders", "sessions", "cache"}) {
    std::set<unsigned> ranks;
    for (const NodeId& self : all) ranks.insert(rank(group, self, all));
    EXPECT_EQ(ranks, (std::set<unsigned>{0, 1, 2, 3, 4})) << group;
  }
}

TEST(Quorum, LeadersOfManyGroupsSpreadOverTheSentinels) {
  const std::vector<NodeId> all{{std::string(40, 'a')}, {std::string(40, 'b')}, {std::string(40, 'c')}};
  std::map<std::string, int> first;
  for (int i = 0; i < 300; ++i)
    for (const NodeId& self : all)
      if (rank("group-" + std::to_string(i), self, all) == 0) ++first[self.value];
  for (const auto& [id, count] : first) EXPECT_GT(count, 60) << id;
  EXPECT_EQ(first.size(), 3U);
}

// --- R-E2, R-E6

TEST(Ballot, VotesOncePerEpochAndRepeatsItToTheSameCandidate) {
  Ballot ballot(3s);
  EXPECT_TRUE(ballot.grant(kStart, kAnna, Epoch{1}));
  EXPECT_EQ(ballot.refuses(kStart + 1h, kBob, Epoch{1}), VoteRefusal::AlreadyVoted);
  ASSERT_EQ(ballot.refuses(kStart, kAnna, Epoch{1}), std::nullopt);
  EXPECT_FALSE(ballot.grant(kStart, kAnna, Epoch{1}));  // Nothing new to persist.
}

TEST(Ballot, KeepsItsPromiseInHigherEpochsUntilTheLeaseIsOver) {
  Ballot ballot(3s);
  ballot.grant(kStart, kAnna, Epoch{1});
  EXPECT_EQ(ballot.refuses(kStart + 2999ms, kBob, Epoch{2}), VoteRefusal::LeaseHeld);
  EXPECT_EQ(ballot.refuses(kStart + 2999ms, kAnna, Epoch{2}), std::nullopt);
  EXPECT_EQ(ballot.refuses(kStart + 3s, kBob, Epoch{2}), std::nullopt);
}

TEST(Ballot, RenewalExtendsAndReleaseEndsThePromise) {
  Ballot ballot(3s);
  ballot.grant(kStart, kAnna, Epoch{1});
  EXPECT_TRUE(ballot.renew(kStart + 2s, kAnna, Epoch{1}));
  EXPECT_EQ(ballot.refuses(kStart + 4s, kBob, Epoch{2}), VoteRefusal::LeaseHeld);
  EXPECT_FALSE(ballot.renew(kStart + 2s, kBob, Epoch{1}));
  ballot.release(kBob, Epoch{1});  // Not his to release.
  EXPECT_EQ(ballot.refuses(kStart + 4s, kBob, Epoch{2}), VoteRefusal::LeaseHeld);
  ballot.release(kAnna, Epoch{1});
  EXPECT_EQ(ballot.refuses(kStart + 4s, kBob, Epoch{2}), std::nullopt);
}

TEST(Ballot, AssumesAfterARestartThatThePromiseWasJustGiven) {
  Ballot ballot(3s);
  ballot.restore(kStart, Epoch{7}, kAnna);
  EXPECT_EQ(ballot.refuses(kStart + 1h, kBob, Epoch{7}), VoteRefusal::AlreadyVoted);
  EXPECT_EQ(ballot.refuses(kStart + 2999ms, kBob, Epoch{8}), VoteRefusal::LeaseHeld);
  EXPECT_EQ(ballot.refuses(kStart + 3s, kBob, Epoch{8}), std::nullopt);
  EXPECT_EQ(ballot.refuses(kStart + 3s, kBob, Epoch{6}), VoteRefusal::StaleEpoch);
}

TEST(Lease, LastsAsLongAsTheOldestPromiseThatTheMajorityNeeds) {
  Lease lease(3s);
  lease.granted({"a"}, kStart);
  EXPECT_LT(lease.valid_until(2), kStart);
  lease.granted({"b"}, kStart + 1s);
  EXPECT_EQ(lease.valid_until(2), kStart + 2700ms);  // Nine tenths, from the older of the two.
  lease.granted({"c"}, kStart + 2s);
  EXPECT_EQ(lease.valid_until(2), kStart + 3700ms);
  lease.granted({"a"}, kStart - 1s);  // A late answer to an older question.
  EXPECT_EQ(lease.valid_until(3), kStart + 2700ms);
}

TEST(Lease, EndsForTheLeaderBeforeItEndsForTheVoter) {
  Ballot voter(3s);
  Lease leader(3s);
  const TimePoint asked = kStart, voted = kStart + 5ms;
  voter.grant(voted, kAnna, Epoch{1});
  leader.granted({"voter"}, asked);
  EXPECT_EQ(voter.refuses(leader.valid_until(1), kBob, Epoch{2}), VoteRefusal::LeaseHeld);
}

// --- R-F2

ReplicaView good(const char* run_id) {
  return {
      .at = {run_id, 6379}, .run_id = run_id, .reachable = true, .fresh = true, .same_history = true, .offset = 100};
}

TEST(Promotion, SaysWhyAReplicaMayNotBePromoted) {
  struct Row {
    void (*spoil)(ReplicaView&);
    Ineligible expected;
  };
  const Row rows[] = {
      {[](ReplicaView& r) { r.foreign = true; }, Ineligible::Foreign},
      {[](ReplicaView& r) { r.reachable = false; }, Ineligible::Unreachable},
      {[](ReplicaView& r) { r.fresh = false; }, Ineligible::Stale},
      {[](ReplicaView& r) { r.priority = 0; }, Ineligible::PriorityZero},
      {[](ReplicaView& r) { r.loading = true; }, Ineligible::Loading},
      {[](ReplicaView& r) { r.syncing = true; }, Ineligible::Syncing},
      {[](ReplicaView& r) { r.is_master = true, r.same_history = false; }, Ineligible::OtherMaster},
      {[](ReplicaView& r) { r.master_link_down = 11s; }, Ineligible::LinkDownTooLong},
      {[](ReplicaView& r) { r.refused = "NOPERM"; }, Ineligible::Refused},
  };
  EXPECT_EQ(ineligible(good("a"), 10s), std::nullopt);
  for (const Row& row : rows) {
    ReplicaView replica = good("a");
    row.spoil(replica);
    EXPECT_EQ(ineligible(replica, 10s), row.expected) << describe(row.expected);
    EXPECT_EQ(choose({replica}, 10s), nullptr);
  }
}

TEST(Promotion, TakesUpWhatALeaderThatDiedHadPromotedFromTheSameHistory) {
  ReplicaView promoted = good("a");
  promoted.is_master = true;
  EXPECT_EQ(ineligible(promoted, 10s), std::nullopt);
}

TEST(Promotion, PrefersHistoryThenPriorityThenDataThenSmallestId) {
  const auto best = [](std::vector<ReplicaView> views) { return choose(views, 10s)->run_id; };
  ReplicaView b = good("b"), c = good("c");
  EXPECT_EQ(best({c, b}), "b");
  c.offset = 101;
  EXPECT_EQ(best({b, c}), "c");
  b.priority = 50;
  EXPECT_EQ(best({b, c}), "b");
  b.same_history = false;
  EXPECT_EQ(best({b, c}), "c");
}

}  // namespace
}  // namespace sentinel
