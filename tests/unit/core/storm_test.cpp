// What many groups that fail at once ask of one process.
#include <gtest/gtest.h>

#include <map>

#include "one_sentinel.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

// INFOs in ten seconds to the one replica that is connected, while so many groups have lost their masters.
std::size_t infos_to_a_replica(std::size_t groups) {
  TimePoint now{Millis{1'000'000}};
  std::vector<GroupSettings> settings;
  RestoredState restored;
  for (std::size_t i = 0; i < groups; ++i) {
    settings.push_back(group_settings());
    settings.back().name = "g" + std::to_string(i);
  }
  restored.replicas.push_back({.group = "g0", .at = kReplica1, .known = true});
  Coordinator core(OneSentinel::process({{"10.0.1.2", 26379}, {"10.0.1.3", 26379}}), std::move(settings),
                   std::move(restored), 1, now);

  LinkId link;
  std::size_t asked = 0;
  for (const TimePoint end = now + 12s; now < end;) {
    const Output out = core.take_output();
    for (const Action& action : out.now) {
      if (const auto* open = std::get_if<OpenLink>(&action); open != nullptr && open->at == kReplica1) {
        link = open->link;
        core.step(now, LinkUp{link, kReplica1.host, "10.0.1.1"});
      }
      if (const auto* ping = std::get_if<SendPing>(&action); ping != nullptr && ping->link == link)
        core.step(now, PingReply{link, PingVerdict::Pong, {}});
      const auto* info = std::get_if<SendInfo>(&action);
      if (info == nullptr || info->link != link) continue;
      if (now > end - 10s) ++asked;
      core.step(now, InfoReply{link, OneSentinel::replica_info("run", kMaster, 100)});
    }
    now = std::max(now + Millis{1}, std::min(end, core.next_deadline()));
    core.step(now, Tick{});
  }
  return asked;
}

TEST(Storm, MakesUrgentQuestionsRarerTheMoreGroupsFail) {  // R-D3
  EXPECT_NEAR(static_cast<double>(infos_to_a_replica(1)), 100, 5);
  EXPECT_NEAR(static_cast<double>(infos_to_a_replica(100)), 100, 5);
  EXPECT_NEAR(static_cast<double>(infos_to_a_replica(500)), 20, 2);
  EXPECT_NEAR(static_cast<double>(infos_to_a_replica(3000)), 10, 2);
}

}  // namespace
}  // namespace sentinel
