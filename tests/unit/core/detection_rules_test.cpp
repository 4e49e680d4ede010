// The rules of detection (R-D), on a single Coordinator.
#include <gtest/gtest.h>

#include "one_sentinel.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

TEST(Detection, AStallOfOursIsNoSilenceOfTheMaster) {  // R-D6
  OneSentinel world;
  world.settle();
  world.now += 10s;  // The process was stopped.
  world.feed(Tick{});
  EXPECT_FALSE(world.saw("+sdown"));
  EXPECT_TRUE(world.saw("+tilt"));
  world.pass(6s);
  EXPECT_TRUE(world.saw("-tilt"));
}

TEST(Detection, RefusedConnectionsAreACrashWhenSwitchedOn) {  // R-D4
  GroupSettings settings = group_settings();
  settings.crash_detection = true;
  settings.down_after = 30s;
  OneSentinel world(settings);
  world.settle();
  world.kill(kMaster);
  const TimePoint killed = world.now;
  while (!world.saw("+sdown") && world.now < killed + 5s) {
    world.feed(LinkDown{world.played[kMaster].link, DownCause::Refused, "refused"});
    world.pass(50ms);
  }
  EXPECT_TRUE(world.saw("+sdown"));
  EXPECT_LT(world.now, killed + 1s);
}

TEST(Detection, EvidenceOfLifeHoldsTheFailoverBack) {  // R-D5
  OneSentinel world;
  world.settle();
  world.played[kMaster].answers = false;
  for (int i = 0; i < 40; ++i) {
    world.played[kReplica1].info.replica_offset += 10;  // The master still feeds it.
    world.pass(100ms);
    world.agree_that_down();
  }
  EXPECT_TRUE(world.saw("+sdown"));
  EXPECT_TRUE(world.saw("+failover-held"));
  EXPECT_FALSE(world.saw("+try-failover"));
  EXPECT_EQ(world.core.explain(world.now, "g")->findings.front().second,
            "a replica still receives data from the master");
  world.pass(3s);  // The stream has ended.
  world.agree_that_down();
  EXPECT_TRUE(world.pass_until([&] { return world.saw("+switch-master"); }));
}

TEST(Detection, AMasterThatSaysItIsAReplicaIsDownAfterAWhile) {  // R-D8
  OneSentinel world;
  world.settle();
  world.played[kMaster].info = OneSentinel::replica_info("run-1", kReplica1, 100);
  world.pass(20s);
  EXPECT_TRUE(world.saw("-role-change"));
  EXPECT_TRUE(world.saw("+sdown"));
  world.played[kMaster].info = OneSentinel::master_info("run-1", "history", 100);
  world.pass(20s);
  EXPECT_TRUE(world.saw("+role-change"));
  EXPECT_TRUE(world.saw("-sdown"));
}

TEST(Detection, AMasterThatRebootedAndLoadsForTooLongIsDown) {  // R-D9
  GroupSettings settings = group_settings();
  settings.master_reboot_down_after = 3000ms;
  OneSentinel world(settings);
  world.settle();
  world.ping_verdict = PingVerdict::Loading;
  world.played[kMaster].info.run_id = "run-2";
  world.feed(LinkDown{world.played[kMaster].link, DownCause::Closed, "closed"});
  world.feed(LinkUp{world.played[kMaster].link, "10.0.0.1", "10.0.1.1"});
  world.pass(2900ms);
  EXPECT_TRUE(world.saw("+reboot"));
  EXPECT_TRUE(world.core.status(world.now, "g")->master.master_reboot);
  EXPECT_FALSE(world.saw("+sdown"));
  world.pass(200ms);
  EXPECT_TRUE(world.saw("+sdown"));
  EXPECT_EQ(world.core.status(world.now, "g")->master.at, kMaster) << "nobody else agreed";
  world.ping_verdict = PingVerdict::Pong;
  world.pass(1000ms);
  EXPECT_TRUE(world.saw("-sdown"));
}

TEST(Detection, AMasterThatRebootedAndAnswersIsUp) {  // R-D9
  GroupSettings settings = group_settings();
  settings.master_reboot_down_after = 3000ms;
  OneSentinel world(settings);
  world.settle();
  world.played[kMaster].info.run_id = "run-2";
  world.feed(LinkDown{world.played[kMaster].link, DownCause::Closed, "closed"});
  world.feed(LinkUp{world.played[kMaster].link, "10.0.0.1", "10.0.1.1"});
  world.pass(10000ms);
  EXPECT_TRUE(world.saw("+reboot"));
  EXPECT_FALSE(world.saw("+sdown"));
}

TEST(Detection, ASilentMasterThatOthersReplacedIsNoReplicaToReadFrom) {  // R-D10
  OneSentinel world;
  world.settle();
  world.played[kMaster].answers = false;
  world.pass(group_settings().down_after * 3 / 4);  // Others counted from an earlier answer.
  ASSERT_FALSE(world.saw("+sdown"));
  world.say(kPeerB, ConfigMessage{"g", Epoch{9}, kReplica2, "run-x", kPeerB});
  ASSERT_TRUE(world.saw("+switch-master"));
  const auto old_master = [&] {
    const GroupStatus status = *world.core.status(world.now, "g");
    for (const NodeStatus& replica : status.replicas)
      if (replica.at == kMaster) return replica;
    return NodeStatus{};
  };
  EXPECT_TRUE(old_master().s_down) << "from the moment of the switch";
  world.kill(kMaster);  // The link that hung is closed, a new one is answered.
  world.revive(kMaster);
  EXPECT_TRUE(world.pass_until([&] { return !old_master().s_down; })) << "it answers again";
}

TEST(Detection, ALivingMasterThatOthersReplacedStaysUp) {  // R-D10
  OneSentinel world;
  world.settle();
  world.say(kPeerB, ConfigMessage{"g", Epoch{9}, kReplica2, "run-x", kPeerB});
  ASSERT_TRUE(world.saw("+switch-master"));
  world.pass(3000ms);
  EXPECT_FALSE(world.saw("+sdown"));
}

TEST(Detection, ARefusedPasswordIsNamedWhereItIsSeen) {
  OneSentinel world;
  world.settle();
  world.feed(LinkDown{world.played[kReplica1].link, DownCause::Failed, "WRONGPASS invalid password"});
  world.feed(LinkDown{world.played[kReplica1].link, DownCause::Failed, "WRONGPASS invalid password"});
  ASSERT_TRUE(world.saw("-link-refused"));
  EXPECT_EQ(std::count_if(world.events.begin(), world.events.end(),
                          [](const Event& event) { return event.name == "-link-refused"; }),
            1);
}

}  // namespace
}  // namespace sentinel
