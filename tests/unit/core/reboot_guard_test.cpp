// R-L20: a master that comes back with less data than its replicas hold; and R-D11, one that loads for too long.
#include <gtest/gtest.h>

#include "one_sentinel.h"
#include "sentinel/core/reborn.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kKeys = 1000;

GroupSettings guarded() {
  GroupSettings settings = group_settings();
  settings.on_empty_restart = OnEmptyRestart::Failover;
  return settings;
}

// A deployment at rest whose three nodes hold kKeys keys.
struct Rebooting : OneSentinel {
  explicit Rebooting(GroupSettings settings = guarded()) : OneSentinel(std::move(settings)) {
    for (auto& [at, node] : played) node.info.keys = kKeys;
    settle();
    pass(11s);
    events.clear();
    actions.clear();
  }
  // The master dies and is another process at once, which says this.
  void comes_back_as(NodeInfo info) {
    kill(kMaster);
    for (const Endpoint& at : {kReplica1, kReplica2}) played[at].info.master_link_up = false;
    played[kMaster].info = std::move(info);
    revive(kMaster);
  }
  void copies_the_emptiness(const Endpoint& at) {
    played[at].info = replica_info("run-" + at.host, kMaster, 0);
    played[at].info.replication_id = "empty";
  }
};

NodeInfo empty_master() {
  NodeInfo info = OneSentinel::master_info("run-2", "empty", 0);
  info.loaded_keys = 0;
  return info;
}

NodeInfo restored_master(std::uint64_t offset) {
  NodeInfo info = OneSentinel::master_info("run-2", "restored", offset);
  info.replication_id2 = "history";
  info.second_offset = offset + 1;
  info.keys = kKeys;
  info.loaded_keys = kKeys;
  return info;
}

NodeInfo former_snapshot(std::uint64_t offset) {
  NodeInfo info = restored_master(offset);
  info.replication_id2 = "history-before";
  return info;
}

TEST(RebootGuard, AnEmptyMasterIsReplacedByAReplicaWithTheData) {
  Rebooting world;
  world.comes_back_as(empty_master());
  EXPECT_TRUE(world.saw("+reboot"));
  ASSERT_TRUE(world.saw("+reboot-guard"));
  EXPECT_NE(world.event("+reboot-guard")->message.find("holds 1000 keys"), std::string::npos);
  ASSERT_TRUE(world.saw("+sdown"));
  EXPECT_FALSE(world.saw("+odown")) << "one sentinel's look is not enough";
  world.agree_that_down();
  ASSERT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }, 100ms));
  EXPECT_EQ(world.core.timeline("g")->cause, "rebooted");
}

TEST(RebootGuard, ItsPongsDoNotMakeItTheMasterAgain) {
  Rebooting world;
  world.comes_back_as(empty_master());
  world.pass(20s);
  EXPECT_TRUE(world.saw("+sdown"));
  EXPECT_FALSE(world.saw("-sdown"));
}

TEST(RebootGuard, AMasterThatKeptItsDataIsFollowed) {
  struct Row {
    const char* name;
    NodeInfo info;
  };
  NodeInfo append_only = OneSentinel::master_info("run-2", "new", 0);
  append_only.append_only = true;
  append_only.loaded_keys = 0;
  append_only.keys = kKeys - 10;
  for (const Row& row : {Row{"append-only file", append_only}, Row{"snapshot of its end", restored_master(100)}}) {
    Rebooting world;
    world.comes_back_as(row.info);
    world.agree_that_down();
    world.pass(5s);
    EXPECT_TRUE(world.saw("+reboot")) << row.name;
    EXPECT_FALSE(world.saw("+reboot-guard")) << row.name;
    EXPECT_FALSE(world.saw("+sdown")) << row.name;
  }
}

TEST(RebootGuard, AnOlderSnapshotIsLess) {
  Rebooting world;
  world.comes_back_as(restored_master(60));
  ASSERT_TRUE(world.saw("+reboot-guard"));
  EXPECT_NE(world.event("+reboot-guard")->message.find("older data"), std::string::npos);
  EXPECT_TRUE(world.saw("+sdown"));
}

TEST(RebootGuard, IgnoreFollowsAsStockDoes) {
  GroupSettings settings = guarded();
  settings.on_empty_restart = OnEmptyRestart::Ignore;
  Rebooting world(settings);
  world.comes_back_as(empty_master());
  world.agree_that_down();
  world.pass(5s);
  EXPECT_TRUE(world.saw("+reboot"));
  EXPECT_FALSE(world.saw("+sdown"));
}

TEST(RebootGuard, AReplicaThatWaitsForTheCopyIsPromoted) {
  Rebooting world;
  for (const Endpoint& at : {kReplica1, kReplica2}) {
    NodeInfo& info = world.played[at].info;
    info.sync_in_progress = true;
    info.replica_offset = 1;  // It forgot how far it is; we have not.
  }
  world.comes_back_as(empty_master());
  ASSERT_TRUE(world.saw("+reboot-guard"));
  world.agree_that_down();
  EXPECT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }, 200ms));
}

TEST(RebootGuard, WhereAllHaveCopiedItTheMasterIsFollowed) {
  Rebooting world;
  world.comes_back_as(empty_master());
  ASSERT_TRUE(world.saw("+sdown"));
  world.copies_the_emptiness(kReplica1);
  world.pass(1s);
  EXPECT_FALSE(world.saw("-reboot-guard")) << "the other one still holds it";
  world.copies_the_emptiness(kReplica2);
  ASSERT_TRUE(world.pass_until([&] { return world.saw("-reboot-guard"); }, 2s));
  EXPECT_TRUE(world.saw("-sdown"));
}

TEST(RebootGuard, AMasterThatLoadsIsJudgedWhenItHasLoaded) {
  Rebooting world;
  NodeInfo info = restored_master(60);
  info.loading = true;
  info.keys = 3;
  world.comes_back_as(info);
  world.pass(3s);
  EXPECT_FALSE(world.saw("+reboot-guard"));
  EXPECT_FALSE(world.saw("+sdown"));
  world.played[kMaster].info = restored_master(60);
  EXPECT_TRUE(world.pass_until([&] { return world.saw("+reboot-guard"); }, 200ms));
}

TEST(RebootGuard, NobodyIsHealthyBeforeItSaidWhoItIs) {
  Rebooting world;
  world.kill(kMaster);
  world.feed(LinkUp{world.played[kMaster].link, "10.0.0.1", "10.0.1.1"});  // It answers nothing yet.
  world.say(kPeerB, VoteRequest{"g", Epoch{7}, Epoch{0}, kMaster, false, 1});
  const auto replies = world.told<VoteReply>();
  ASSERT_FALSE(replies.empty());
  EXPECT_EQ(replies.back().refusal, VoteRefusal::None);
}

TEST(RebootGuard, WhatIsLess) {
  struct Row {
    const char* name;
    NodeInfo reborn;
    HeldData held;
    std::optional<LessData> expected;
  };
  const auto without_history = [](std::uint64_t keys, std::optional<std::uint64_t> loaded, bool append_only) {
    NodeInfo info = OneSentinel::master_info("run-2", "new", 7);
    info.keys = keys;
    info.loaded_keys = loaded;
    info.append_only = append_only;
    return info;
  };
  const HeldData held{"history", 100, 10};
  const std::vector<Row> rows{
      {"nothing", without_history(0, 0, false), held, LessData::Empty},
      {"nothing, and nothing to lose", without_history(0, 0, false), {"history", 100, 0}, std::nullopt},
      {"began empty, and clients were quick", without_history(50, 0, false), held, LessData::Empty},
      {"an old server that does not say what it loaded", without_history(10, std::nullopt, false), held, std::nullopt},
      {"an old server that lost most", without_history(4, std::nullopt, false), held, LessData::Empty},
      {"one key of one", without_history(0, std::nullopt, true), {"history", 100, 1}, LessData::Empty},
      {"append-only, whole", without_history(10, 0, true), held, std::nullopt},
      {"append-only, empty", without_history(0, 0, true), held, LessData::Empty},
      {"older snapshot", restored_master(99), held, LessData::Older},
      {"snapshot of a former history", former_snapshot(60), held, LessData::Older},
      {"snapshot of nobody knows what, with as many keys", former_snapshot(5000), held, std::nullopt},
      {"snapshot of the end", restored_master(100), held, std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(less_data(row.reborn, row.held), row.expected) << row.name;
}

TEST(LoadingTimeout, EndsTheWaitForAMasterThatLoads) {
  GroupSettings settings = group_settings();
  settings.loading_timeout = 4s;
  Rebooting world(settings);
  world.ping_verdict = PingVerdict::Loading;
  world.pass(3s);
  EXPECT_FALSE(world.saw("+sdown"));
  world.pass(3s);
  EXPECT_TRUE(world.saw("+sdown"));
  world.ping_verdict = PingVerdict::Pong;
  world.pass(2s);
  EXPECT_TRUE(world.saw("-sdown"));
}

TEST(LoadingTimeout, ZeroWaitsForEver) {
  Rebooting world;
  world.ping_verdict = PingVerdict::Loading;
  world.pass(600s);
  EXPECT_FALSE(world.saw("+sdown"));
}

}  // namespace
}  // namespace sentinel
