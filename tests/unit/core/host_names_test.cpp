// Rules R-C8 and R-C9: nodes by name and by address, and what is told of them.
#include "sentinel/core/host_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/one_sentinel.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr TimePoint kStart{1'000'000ms};
const Endpoint kMasterName{"redis-1", 6379}, kReplicaName{"redis-2", 6379};

TEST(HostNames, ASpellingOfAnAddressIsThatAddress) {
  HostNames names;
  EXPECT_EQ(names.address_of("0:0:0:0:0:0:0:1"), "::1");
  EXPECT_TRUE(names.same({"::1", 1}, {"0:0:0:0:0:0:0:1", 1}));
  EXPECT_FALSE(names.same({"::1", 1}, {"::1", 2}));
  EXPECT_FALSE(names.same({"10.0.0.1", 1}, {"10.0.0.2", 1}));
  EXPECT_EQ(numeric_address("redis-1"), std::nullopt);
  EXPECT_EQ(numeric_address(""), std::nullopt);
  EXPECT_EQ(numeric_address("fe80::1%eth0"), "fe80::1%eth0");
}

TEST(HostNames, ANameIsAskedForOnceUntilItIsAnsweredAndAgainWhenTheAnswerIsOld) {
  HostNames names;
  names.set_policy(true, false);
  EXPECT_FALSE(names.wants(kStart, "10.0.0.1"));
  EXPECT_TRUE(names.wants(kStart, "redis-1"));
  EXPECT_FALSE(names.wants(kStart + 1s, "redis-1"));
  EXPECT_TRUE(names.waits_for("redis-1"));
  EXPECT_TRUE(names.learn(kStart + 2s, "redis-1", {"10.0.0.1", "10.0.0.9"}));
  EXPECT_FALSE(names.waits_for("redis-1"));
  EXPECT_FALSE(names.learn(kStart + 2s, "redis-1", {"10.0.0.9", "10.0.0.1"})) << "it stays one of them";
  EXPECT_EQ(names.address_of("redis-1"), "10.0.0.1");
  EXPECT_FALSE(names.wants(kStart + 11s, "redis-1"));
  EXPECT_TRUE(names.wants(kStart + 12s, "redis-1"));
  EXPECT_FALSE(names.learn(kStart + 13s, "redis-1", {})) << "a name server that fails takes nothing away";
  EXPECT_EQ(names.address_of("redis-1"), "10.0.0.1");
  EXPECT_TRUE(names.reached(kStart + 13s, "redis-1", "10.0.0.9"));
  EXPECT_EQ(names.address_of("redis-1"), "10.0.0.9");
  EXPECT_TRUE(names.wants(kStart, "redis-3"));
  EXPECT_FALSE(names.wants(kStart + 9s, "redis-3"));
  EXPECT_TRUE(names.wants(kStart + 10s, "redis-3")) << "its answer was lost";
}

TEST(HostNames, NothingIsLookedUpUnlessNamesAreWanted) {
  HostNames names;
  EXPECT_FALSE(names.wants(kStart, "redis-1"));
  EXPECT_FALSE(names.accepts("redis-1"));
  EXPECT_TRUE(names.accepts("10.0.0.1"));
  names.set_policy(true, false);
  EXPECT_TRUE(names.accepts("redis-1"));
}

TEST(HostNames, ThereAreNotMoreThanTheLimit) {
  HostNames names;
  names.set_policy(true, false);
  for (std::size_t i = 0; i <= kHostNamesMax; ++i) names.wants(kStart + Millis(i), "n" + std::to_string(i));
  EXPECT_FALSE(names.waits_for("n0"));
  EXPECT_TRUE(names.waits_for("n1"));
}

TEST(HostNames, AreToldOnlyIfAnnounced) {
  HostNames names;
  names.set_policy(true, false);
  EXPECT_EQ(names.told(kMasterName), kMasterName) << "nothing better is known";
  names.learn(kStart, "redis-1", {"10.0.0.1"});
  EXPECT_EQ(names.told(kMasterName), kMaster);
  EXPECT_EQ(names.told(kMasterName, "10.0.0.7"), (Endpoint{"10.0.0.7", 6379}));
  names.set_policy(true, true);
  EXPECT_EQ(names.told(kMasterName, "10.0.0.7"), kMasterName);
  EXPECT_EQ(names.told(kMaster), kMaster) << "nobody asks for the name of an address";
}

// A group whose master and first replica were made known by name; from then on INFO says addresses.
struct NamedGroup : OneSentinel {
  NamedGroup() {
    EXPECT_TRUE(core.remove(now, "g"));
    hosts = {{"redis-1", "10.0.0.1"}, {"redis-2", "10.0.0.2"}};
    played[kReplicaName].info = played[kReplica1].info;
    played[kMasterName].info = played[kMaster].info;
    played[kMasterName].info.replicas[0] = kReplicaName;
    EXPECT_TRUE(core.monitor(now, by_name()));
    feed(Tick{});
    pass(100ms);
    played[kMasterName].info.replicas[0] = kReplica1;
  }
  static GroupSettings by_name() {
    GroupSettings settings = group_settings();
    settings.master = kMasterName;
    return settings;
  }
  GroupStatus status() const { return *core.status(now, "g"); }
  std::vector<Endpoint> replicas() const {
    std::vector<Endpoint> all;
    for (const NodeStatus& replica : status().replicas) all.push_back(replica.at);
    return all;
  }
};

TEST(NamedNodes, ThatTheirMasterListsByAddressAreOne) {  // R-C8
  NamedGroup world;
  world.settle();
  world.pass(30s);
  EXPECT_THAT(world.replicas(), UnorderedElementsAre(kReplica1, kReplica2));
  EXPECT_THAT(world.sent<Repoint>(), IsEmpty());
  EXPECT_FALSE(world.saw("+fix-slave-config"));
  EXPECT_EQ(world.status().master.at, kMaster) << "names are not announced";
  EXPECT_EQ(*world.core.master_address("g"), kMaster);
  world.core.change_hosts(world.now, true, true);
  EXPECT_EQ(*world.core.master_address("g"), kMasterName);
  EXPECT_THAT(world.replicas(), UnorderedElementsAre(kReplicaName, kReplica2));
}

TEST(NamedNodes, AreNotListedTwiceWhileTheirNamesAreLookedUp) {  // R-C8
  NamedGroup world;
  world.settle();
  world.dns_answers = false;
  world.played[kMasterName].info.replicas = {kReplica1, kReplica2, {"redis-4", 6379}};
  world.pass(15s);
  EXPECT_THAT(world.status().replicas, SizeIs(2)) << "it may be one of the two";
  world.feed(HostResolved{"redis-4", {"10.0.0.2"}});
  EXPECT_THAT(world.status().replicas, SizeIs(2)) << "it is";
  world.played[kMasterName].info.replicas = {kReplica1, kReplica2, {"redis-5", 6379}};
  world.pass(15s);
  world.feed(HostResolved{"redis-5", {"10.0.0.5"}});
  EXPECT_THAT(world.status().replicas, SizeIs(3)) << "it is another";
}

TEST(NamedNodes, MoveWithTheirNames) {  // R-C8
  NamedGroup world;
  world.settle();
  world.kill(kReplicaName);
  world.pass(2s);
  world.hosts["redis-2"] = "10.0.0.77";
  world.played[kMasterName].info.replicas = {{"10.0.0.77", 6379}, kReplica2};
  world.played[kReplicaName].info.run_id = "run-after-its-restart";
  world.feed(world.resolved("redis-2"));
  world.revive(kReplicaName);
  world.pass(30s);
  EXPECT_THAT(world.replicas(), UnorderedElementsAre(Endpoint{"10.0.0.77", 6379}, kReplica2));
  EXPECT_TRUE(world.saw("+reboot"));
  EXPECT_FALSE(world.saw("+foreign-node"));
}

TEST(NamedNodes, AProcessThatIsKnownAtTwoAddressesIsOneNode) {  // R-C8
  OneSentinel world;
  world.settle();
  world.kill(kReplica1);
  const Endpoint moved{"10.0.0.78", 6379};
  world.played[moved].info = world.played[kReplica1].info;
  world.played[kMaster].info.replicas = {moved, kReplica2};
  world.pass(15s);
  ASSERT_THAT(world.core.status(world.now, "g")->replicas, SizeIs(2));
  const auto forgets = [&](const Record& record) {
    const auto* replica = std::get_if<ReplicaRecord>(&record);
    return replica != nullptr && replica->at == kReplica1 && !replica->known;
  };
  EXPECT_TRUE(std::any_of(world.records.begin(), world.records.end(), forgets));
}

TEST(NamedNodes, AReplicaThatFollowsTheMasterByAnotherNameIsLeftAlone) {  // R-C8
  NamedGroup world;
  world.settle();
  world.hosts["redis-1.example"] = "10.0.0.1";
  world.played[kReplica2].info.master = Endpoint{"redis-1.example", 6379};
  world.played[kReplica2].info.master_link_up = false;
  world.pass(60s);
  EXPECT_THAT(world.sent<Repoint>(), IsEmpty());
  world.dns_answers = false;
  world.played[kReplica2].info.master = Endpoint{"redis-1.late", 6379};
  world.pass(60s);
  EXPECT_THAT(world.sent<Repoint>(), IsEmpty()) << "it may be our master's name";
  world.feed(HostResolved{"redis-1.late", {"10.9.9.9"}});
  world.pass(60s);
  EXPECT_THAT(world.sent<Repoint>(), SizeIs(1)) << "it is not";
}

TEST(NamedNodes, AConfigurationThatNamesTheMasterDifferentlyIsNoConflict) {  // R-C8
  NamedGroup world;
  world.settle();
  world.say(kPeerB, ConfigMessage{"g", {}, kMaster, "", {}, false});
  world.say(kPeerC, ConfigMessage{"g", {}, {"172.17.0.5", 6379}, "run-1", {}, false});
  EXPECT_FALSE(world.saw("+config-conflict")) << "an address of its, and its process";
  world.say(kPeerC, ConfigMessage{"g", {}, {"10.0.0.9", 6379}, "", {}, false});
  EXPECT_TRUE(world.saw("+config-conflict"));
}

TEST(NamedNodes, AFailoverTellsServersAndClientsWhatIsAnnounced) {  // R-C9
  for (const bool announced : {false, true}) {
    NamedGroup world;
    world.settle();
    world.core.change_hosts(world.now, true, announced);
    world.played[kReplica2].info.priority = 0;
    world.kill(kMasterName);
    world.pass(1500ms);
    world.agree_that_down(kMasterName);
    ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }));
    world.pass(200ms);
    EXPECT_EQ(world.event("+switch-master")->message,
              announced ? "g redis-1 6379 redis-2 6379" : "g 10.0.0.1 6379 10.0.0.2 6379");
    ASSERT_THAT(world.sent<Repoint>(), testing::Not(IsEmpty()));
    EXPECT_EQ(world.sent<Repoint>()[0].master, announced ? kReplicaName : kReplica1);
    EXPECT_EQ(*world.core.master_address("g"), announced ? kReplicaName : kReplica1);
  }
}

TEST(NamedNodes, ANameThatLeadsToAnotherDeploymentIsNotFollowed) {  // R-C6
  NamedGroup world;
  world.settle();
  // A replica's: their master has run for longer than we know ours.
  NodeInfo theirs = OneSentinel::master_info("run-theirs", "history-theirs", 0);
  theirs.uptime = 3600s;
  world.kill(kReplicaName);
  world.hosts["redis-2"] = "10.9.9.9";
  world.played[kReplicaName].info = theirs;
  world.revive(kReplicaName);
  world.pass(60s);
  EXPECT_TRUE(world.saw("+foreign-node"));
  EXPECT_THAT(world.sent<Repoint>(), IsEmpty());
  // Ours that came back empty is brought back.
  world.kill(kReplicaName);
  world.played[kReplicaName].info = OneSentinel::master_info("run-empty", "history-empty", 0);
  world.played[kReplicaName].info.uptime = 1s;
  world.hosts["redis-2"] = "10.0.0.79";
  world.revive(kReplicaName);
  world.pass(5s);
  EXPECT_THAT(world.sent<Repoint>(), SizeIs(1));
}

TEST(NamedNodes, AReplicaOfAnotherHistoryIsForeignThoughItsMastersAddressIsWhereOursShouldBe) {  // R-C6
  NamedGroup world;
  world.settle();
  for (const Endpoint& at : {kMasterName, kReplicaName}) world.kill(at);
  world.hosts["redis-1"] = "10.9.9.9";
  world.hosts["redis-2"] = "10.9.9.8";
  world.feed(world.resolved("redis-1"));
  NodeInfo theirs = OneSentinel::replica_info("run-theirs", {"10.9.9.9", 6379}, 7000);
  theirs.replication_id = "history-theirs";
  world.played[kReplicaName].info = theirs;
  world.revive(kReplicaName);
  world.pass(1500ms);
  EXPECT_TRUE(world.saw("+foreign-node"));
  world.agree_that_down(kMasterName);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }));
  world.pass(60s);
  EXPECT_EQ(*world.core.master_address("g"), kReplica2);
  for (const Repoint& repoint : world.sent<Repoint>()) EXPECT_NE(repoint.link, world.played[kReplicaName].link);
}

TEST(NamedNodes, AMastersNameThatLeadsToAnotherDeploymentIsAMasterThatIsDown) {  // R-C6
  NamedGroup world;
  world.settle();
  NodeInfo theirs = OneSentinel::master_info("run-theirs", "history-theirs", 5000);
  theirs.replicas = {{"10.9.9.8", 6379}};
  theirs.online_replicas = 1;
  world.kill(kMasterName);
  world.hosts["redis-1"] = "10.9.9.9";
  world.played[kMasterName].info = theirs;
  world.revive(kMasterName);
  world.pass(100ms);
  EXPECT_TRUE(world.saw("+foreign-node"));
  EXPECT_TRUE(world.saw("+sdown"));
  EXPECT_EQ(*world.core.master_address("g"), kMaster) << "clients are not sent there";
  EXPECT_THAT(world.status().replicas, SizeIs(2)) << "theirs are none of ours";
  world.agree_that_down(kMasterName);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }));
  world.pass(60s);
  for (const Repoint& repoint : world.sent<Repoint>()) {
    EXPECT_NE(repoint.link, world.played[kMasterName].link);
    EXPECT_NE(repoint.master.host, "10.9.9.9");
  }
}

}  // namespace
}  // namespace sentinel
