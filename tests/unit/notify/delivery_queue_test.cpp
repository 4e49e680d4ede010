// Order, limits and time of deliveries; pure, so every case is exact.
#include "sentinel/notify/delivery_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimePoint kStart{Millis(1000)};

struct DeliveryQueueTest : ::testing::Test {
  void add(OutboxId id, const std::string& sink, const std::string& group = "g", Millis in = Millis(0)) {
    OutboxRow row;
    row.id = id;
    row.entry.sink = sink;
    row.entry.event.group = group;
    queue.add(std::move(row), kStart + in);
  }
  std::vector<OutboxId> start_all(TimePoint now = kStart) {
    std::vector<OutboxId> started;
    while (const auto delivery = queue.start_next(now)) started.push_back(delivery->id);
    return started;
  }
  DeliveryQueue queue{{.scripts_max = 3, .webhooks_per_sink_max = 2, .entries_max = 5}};
};

TEST_F(DeliveryQueueTest, starts_the_oldest_of_each_lane) {
  add(1, "script:/a", "g");
  add(2, "script:/a", "g");
  add(3, "script:/a", "h");
  add(4, "webhook:u", "g");
  EXPECT_THAT(start_all(), ElementsAre(1, 3, 4));
  EXPECT_EQ(queue.running_scripts(), 2U);
  EXPECT_EQ(queue.running_webhooks(), 1U);
  queue.finish(1);
  EXPECT_THAT(start_all(), ElementsAre(2));
  EXPECT_EQ(queue.size(), 3U);
}

TEST_F(DeliveryQueueTest, obeys_the_limits_of_each_kind) {
  for (OutboxId id = 1; id <= 4; ++id) add(id, "script:/a", std::to_string(id));
  EXPECT_THAT(start_all(), ElementsAre(1, 2, 3));
  queue.finish(2);
  EXPECT_THAT(start_all(), ElementsAre(4));
}

TEST_F(DeliveryQueueTest, gives_no_receiver_more_than_its_share) {
  for (OutboxId id = 1; id <= 3; ++id) add(id, "webhook:u", std::to_string(id));
  add(4, "webhook:v", "1");
  EXPECT_THAT(start_all(), ElementsAre(1, 2, 4));
}

TEST_F(DeliveryQueueTest, a_webhook_that_waits_blocks_its_lane) {
  add(1, "webhook:u");
  add(2, "webhook:u");
  EXPECT_THAT(start_all(), ElementsAre(1));
  queue.retry(1, 1, kStart + Millis(10));
  EXPECT_THAT(start_all(), IsEmpty());
  EXPECT_EQ(queue.next_due(), kStart + Millis(10));
  EXPECT_THAT(start_all(kStart + Millis(9)), IsEmpty());
  EXPECT_THAT(start_all(kStart + Millis(10)), ElementsAre(1));
  queue.finish(1);
  EXPECT_THAT(start_all(kStart + Millis(10)), ElementsAre(2));
}

TEST_F(DeliveryQueueTest, a_script_that_waits_for_its_retry_is_overtaken) {
  add(1, "script:/a");
  add(2, "script:/a");
  add(3, "script:/a");
  EXPECT_THAT(start_all(), ElementsAre(1));
  queue.retry(1, 1, kStart + Millis(10));
  EXPECT_THAT(start_all(), ElementsAre(2));
  queue.finish(2);
  EXPECT_THAT(start_all(kStart + Millis(9)), ElementsAre(3));
  queue.finish(3);
  EXPECT_THAT(start_all(kStart + Millis(9)), IsEmpty());
  EXPECT_THAT(start_all(kStart + Millis(10)), ElementsAre(1));
}

TEST_F(DeliveryQueueTest, a_retry_carries_its_attempts) {
  add(1, "script:/a");
  EXPECT_EQ(queue.start_next(kStart)->attempts, 0U);
  queue.retry(1, 4, kStart);
  EXPECT_EQ(queue.start_next(kStart)->attempts, 4U);
}

TEST_F(DeliveryQueueTest, a_restored_entry_waits_for_its_time) {
  add(1, "webhook:u", "g", Millis(5));
  EXPECT_THAT(start_all(), IsEmpty());
  EXPECT_EQ(queue.next_due(), kStart + Millis(5));
  EXPECT_THAT(start_all(kStart + Millis(5)), ElementsAre(1));
  EXPECT_EQ(queue.next_due(), kNever);
}

TEST_F(DeliveryQueueTest, only_an_overtaken_reconfiguration_is_void) {
  add(1, "reconfig:/a", "g");
  add(2, "script:/a", "g");
  EXPECT_THAT(start_all(), ElementsAre(1, 2));
  EXPECT_FALSE(queue.is_void(1));
  add(3, "reconfig:/a", "g");
  add(4, "script:/a", "g");
  EXPECT_TRUE(queue.is_void(1));
  EXPECT_FALSE(queue.is_void(2));
}

TEST_F(DeliveryQueueTest, takes_an_entry_once) {
  add(2, "script:/a");
  add(2, "script:/a");
  add(1, "script:/a", "late");
  EXPECT_EQ(queue.size(), 1U);
}

TEST_F(DeliveryQueueTest, beyond_its_limit_forgets_the_oldest_that_waits) {
  add(1, "script:/a");
  EXPECT_THAT(start_all(), ElementsAre(1));
  for (OutboxId id = 2; id <= 6; ++id) add(id, "script:/a");
  EXPECT_EQ(queue.size(), 5U);
  queue.finish(1);
  EXPECT_THAT(start_all(), ElementsAre(3)) << "2 is forgotten, 1 was under way";
}

}  // namespace
}  // namespace sentinel
