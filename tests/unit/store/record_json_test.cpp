// Columns that a damaged disk or another version wrote.
#include "sentinel/store/record_json.h"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

TEST(RecordJson, ANumberThatDoesNotFitKeepsItsDefault) {
  const GroupSettings defaults;
  const GroupSettings settings = settings_from_json(
      R"({"quorum":4294967298,"parallel_syncs":-1,"min_replicas":1.5,"master":{"host":"h","port":71915}})");
  EXPECT_EQ(settings.quorum, defaults.quorum);
  EXPECT_EQ(settings.parallel_syncs, defaults.parallel_syncs);
  EXPECT_EQ(settings.min_replicas, defaults.min_replicas);
  EXPECT_EQ(settings.master, (Endpoint{"h", 0}));
}

TEST(RecordJson, ADurationThatCannotBeAddedToATimeKeepsItsDefault) {
  const GroupSettings defaults;
  for (const char* number : {"-1", "-9223372036854775808", "9223372036854775807", "18446744073709551615"}) {
    const GroupSettings settings =
        settings_from_json(std::string(R"({"down_after_ms":)") + number + R"(,"max_lag_ms":)" + number + "}");
    EXPECT_EQ(settings.down_after, defaults.down_after) << number;
    EXPECT_EQ(settings.max_lag, defaults.max_lag) << number;
  }
  EXPECT_EQ(settings_from_json(R"({"down_after_ms":1000000000000})").down_after, kStoredMillisMax);
}

TEST(RecordJson, PhasesMayComeBeforeTheLastSignOfLifeButFit) {
  const FailoverTimeline timeline =
      timeline_from_json(R"({"phases_ms":[["sdown",-5],["odown",18446744073709551615],["elected",7]]})");
  ASSERT_EQ(timeline.phases.size(), 2U);
  EXPECT_EQ(timeline.phases[0].second, Millis{-5});
  EXPECT_EQ(timeline.phases[1].second, Millis{7});
}

}  // namespace
}  // namespace sentinel
