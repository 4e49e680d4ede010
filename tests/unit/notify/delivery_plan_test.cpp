// What becomes of an alert, whatever the wall clock does meanwhile.
#include "sentinel/notify/delivery_plan.h"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

using namespace std::chrono_literals;

constexpr char kHook[] = "webhook:http://alerts/";

OutboxRow row(OutboxId id, const std::string& sink = kHook) {
  OutboxRow row{.id = id};
  row.entry.event = {.name = "+sdown", .level = Level::Warning, .message = "master g", .group = "g"};
  row.entry.sink = sink;
  row.entry.key = std::to_string(id);
  return row;
}

DeliveryPolicy policy() {
  DeliveryPolicy policy;
  policy.webhook_retry = {.first = 1s, .max = 8s, .attempts_max = 4};
  return policy;
}

class DeliveryPlanTest : public testing::Test {
 protected:
  void pass(Millis time) {
    now.steady += time;
    now.wall += time.count();
  }
  Delivery start() {
    auto delivery = plan.start_next(now.steady);
    EXPECT_TRUE(delivery.has_value());
    return *delivery;
  }

  Clocks now{TimePoint{Millis{1'000'000}}, 1'700'000'000'000};
  DeliveryPlan plan{policy()};
};

TEST_F(DeliveryPlanTest, RetriesWithGrowingPausesAndThenGivesUp) {
  EXPECT_FALSE(plan.add(row(1), now));
  Millis before{0};
  for (unsigned attempt = 1; attempt < 4; ++attempt) {
    const OutboxUpdate update = plan.ended(start(), {.error = "refused"}, now);
    const auto* retry = std::get_if<OutboxRetry>(&update);
    ASSERT_NE(retry, nullptr);
    EXPECT_EQ(retry->attempts, attempt);
    const Millis pause = plan.next_due() - now.steady;
    EXPECT_EQ(retry->not_before, now.wall + pause.count());
    EXPECT_GE(pause, 1s * (1 << (attempt - 1)) / 2);
    EXPECT_LE(pause, 1s * (1 << (attempt - 1)));
    EXPECT_GE(pause, before / 2);
    before = pause;
    EXPECT_FALSE(plan.start_next(now.steady).has_value());
    pass(pause);
  }
  const OutboxUpdate update = plan.ended(start(), {.error = "refused"}, now);
  EXPECT_TRUE(std::holds_alternative<OutboxDead>(update));
  EXPECT_EQ(plan.queue().size(), 0U);
}

TEST_F(DeliveryPlanTest, DoesNotMindAWallClockThatIsSet) {
  for (const WallMillis step : {WallMillis{-86'400'000}, WallMillis{86'400'000}}) {
    DeliveryPlan fresh(policy());
    fresh.add(row(1), now);
    const auto delivery = fresh.start_next(now.steady);
    fresh.ended(*delivery, {.error = "refused"}, now);
    const TimePoint due = fresh.next_due();
    now.wall += step;
    EXPECT_EQ(fresh.next_due(), due);
    now.steady = due;
    EXPECT_TRUE(fresh.start_next(now.steady).has_value());
  }
}

TEST_F(DeliveryPlanTest, WaitsAtMostItsLongestPauseAfterARestartUnderAnotherClock) {
  OutboxRow kept = row(1);
  kept.attempts = 1;
  kept.not_before = now.wall + 86'400'000;  // Written before the clock was set back by a day.
  plan.add(kept, now);
  EXPECT_EQ(plan.next_due(), now.steady + 8s);
}

TEST_F(DeliveryPlanTest, IsDueAtOnceAfterARestartUnderALaterClock) {
  OutboxRow kept = row(1);
  kept.not_before = now.wall - 86'400'000;
  plan.add(kept, now);
  EXPECT_EQ(start().id, 1);
}

TEST_F(DeliveryPlanTest, BuriesWhatNobodyCanDeliver) {
  const auto dead = plan.add(row(1, "pigeon:loft"), now);
  ASSERT_TRUE(dead.has_value());
  EXPECT_EQ(dead->id, 1);
  EXPECT_FALSE(plan.start_next(now.steady).has_value());
}

TEST_F(DeliveryPlanTest, DoesNotRepeatWhatFailsEachTime) {
  plan.add(row(1), now);
  const OutboxUpdate update = plan.ended(start(), {.final = true, .error = "400"}, now);
  EXPECT_TRUE(std::holds_alternative<OutboxDead>(update));
}

}  // namespace
}  // namespace sentinel
