#include "sentinel/ctl/rescue_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sentinel {
namespace {

using ::testing::ElementsAre;

RescuedUnit of_keys(std::set<DatabaseKey> keys) {
  RescuedUnit unit;
  unit.keys = std::move(keys);
  return unit;
}

TEST(ReplayPlan, applies_a_unit_only_if_all_of_its_keys_allow_it) {
  const DatabaseKey missing{0, "missing"}, untouched{0, "untouched"}, changed{0, "changed"}, unknown{0, "unknown"};
  KeyStates states;
  states.keys = {{missing, KeyState::Missing},
                 {untouched, KeyState::Untouched},
                 {changed, KeyState::Changed},
                 {unknown, KeyState::Unknown}};
  RescuedUnit flush;
  flush.whole_databases = true;
  const std::vector<RescuedUnit> units{of_keys({missing}),
                                       of_keys({untouched}),
                                       of_keys({changed}),
                                       of_keys({unknown}),
                                       of_keys({missing, changed}),
                                       of_keys({missing, untouched}),
                                       flush,
                                       of_keys({{7, "missing"}})};
  EXPECT_THAT(plan_replay(units, ReplayPolicy::OnlyMissing, states).apply,
              ElementsAre(true, false, false, false, false, false, false, false));
  EXPECT_THAT(plan_replay(units, ReplayPolicy::Untouched, states).apply,
              ElementsAre(true, true, false, false, false, true, false, false));
  EXPECT_EQ(plan_replay(units, ReplayPolicy::All, states).applied(), units.size());
}

TEST(ReplayMarker, tells_rescues_apart) {
  RescueMetadata metadata;
  metadata.replication_id = "abc";
  metadata.from_offset = 115;
  EXPECT_EQ(marker_of(metadata), "vigil:rescue:abc:115");
}

}  // namespace
}  // namespace sentinel
