// The outbox's promises, through the store.
#include "sentinel/store/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "store_fixture.h"

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

OutboxEntry entry(const std::string& key) {
  return {.event = {.name = "+sdown",
                    .level = Level::Warning,
                    .message = "about " + key,
                    .group = "mymaster",
                    .master_switch = {}},
          .sink = "script:/bin/true",
          .key = key,
          .at = 1700000000123};
}

std::vector<OutboxRow> undelivered(Store& store, OutboxId after = 0, std::size_t limit = 100) {
  std::promise<std::vector<OutboxRow>> rows;
  store.read_outbox(after, limit, [&](auto found) { rows.set_value(std::move(found)); });
  return rows.get_future().get();
}

std::vector<OutboxRow> dead(Store& store) {
  std::promise<std::vector<OutboxRow>> rows;
  store.read_dead_letters(100, [&](auto found) { rows.set_value(std::move(found)); });
  return rows.get_future().get();
}

std::vector<std::string> keys(const std::vector<OutboxRow>& rows) {
  std::vector<std::string> result;
  for (const OutboxRow& row : rows) result.push_back(row.entry.key);
  return result;
}

struct OutboxTest : ::testing::Test {
  void open(StoreOptions options = {}) {
    store.reset();
    store = open_or_fail(folder / "state.db", std::move(options));
    ASSERT_NE(store, nullptr);
    store->start(reports.listener());
  }
  void commit(const std::vector<std::string>& with_keys) {
    Batch batch{.number = ++number, .records = {}, .outbox = {}};
    for (const std::string& key : with_keys) batch.outbox.push_back(entry(key));
    store->commit(std::move(batch));
    ASSERT_TRUE(reports.wait_persisted(number));
  }
  const TemporaryFolder folder;
  Reports reports;
  std::unique_ptr<Store> store;
  std::uint64_t number = 0;
};

TEST_F(OutboxTest, an_entry_comes_back_as_it_was_also_after_a_restart) {
  open();
  OutboxEntry moved = entry("k");
  moved.event.name = "+switch-master";
  moved.event.message = "\xff not UTF-8";
  moved.event.master_switch = MasterSwitch{.role = FailoverRole::Leader,
                                           .from = {.host = "a", .port = 1},
                                           .to = {.host = "b", .port = 2},
                                           .epoch = Epoch{~std::uint64_t{0}}};
  store->commit({.number = 1, .records = {}, .outbox = {moved}});
  open();
  const auto rows = undelivered(*store);
  ASSERT_EQ(rows.size(), 1U);
  const OutboxEntry& found = rows[0].entry;
  EXPECT_EQ(found.sink, moved.sink);
  EXPECT_EQ(found.key, "k");
  EXPECT_EQ(found.at, moved.at);
  EXPECT_EQ(found.event.name, moved.event.name);
  EXPECT_EQ(found.event.level, Level::Warning);
  EXPECT_EQ(found.event.message, moved.event.message);
  EXPECT_EQ(found.event.group, "mymaster");
  ASSERT_TRUE(found.event.master_switch.has_value());
  EXPECT_EQ(found.event.master_switch->role, FailoverRole::Leader);
  EXPECT_EQ(found.event.master_switch->from, moved.event.master_switch->from);
  EXPECT_EQ(found.event.master_switch->to, moved.event.master_switch->to);
  EXPECT_EQ(found.event.master_switch->epoch, moved.event.master_switch->epoch);
}

TEST_F(OutboxTest, entries_are_read_in_order_and_in_parts) {
  open();
  commit({"a", "b"});
  commit({"c"});
  const auto first = undelivered(*store, 0, 2);
  EXPECT_THAT(keys(first), ElementsAre("a", "b"));
  EXPECT_THAT(keys(undelivered(*store, first.back().id)), ElementsAre("c"));
}

TEST_F(OutboxTest, a_key_is_delivered_to_a_sink_once) {
  open();
  commit({"a", "a"});
  commit({"a", "b"});
  EXPECT_THAT(keys(undelivered(*store)), ElementsAre("a", "b"));
}

TEST_F(OutboxTest, delivered_goes_retried_stays_dead_is_kept) {
  open();
  commit({"delivered", "retried", "dead"});
  const auto rows = undelivered(*store);
  store->update_outbox({OutboxDelivered{.id = rows[0].id},
                        OutboxRetry{.id = rows[1].id, .attempts = 3, .not_before = 77, .error = "busy"},
                        OutboxDead{.id = rows[2].id, .attempts = 10, .error = "gone"}});
  open();
  const auto left = undelivered(*store);
  ASSERT_THAT(keys(left), ElementsAre("retried"));
  EXPECT_EQ(left[0].attempts, 3U);
  EXPECT_EQ(left[0].not_before, 77);
  const auto letters = dead(*store);
  ASSERT_THAT(keys(letters), ElementsAre("dead"));
  EXPECT_EQ(letters[0].attempts, 10U);
}

TEST_F(OutboxTest, beyond_the_limit_the_oldest_undelivered_go_and_are_told) {
  open({.outbox = {.rows_max = 3}});
  commit({"a", "b"});
  commit({"c", "d", "e"});
  EXPECT_THAT(keys(undelivered(*store)), ElementsAre("c", "d", "e"));
  ASSERT_EQ(reports.events().size(), 1U);
  EXPECT_EQ(reports.events()[0].name, "-outbox-overflow");
  EXPECT_THAT(reports.events()[0].message, HasSubstr("2 oldest"));
}

TEST_F(OutboxTest, beyond_the_limit_the_oldest_dead_letters_go) {
  open({.outbox = {.dead_max = 2}});
  commit({"a", "b", "c"});
  for (const OutboxRow& row : undelivered(*store)) {
    store->update_outbox({OutboxDead{.id = row.id, .attempts = 1, .error = "no"}});
  }
  EXPECT_THAT(keys(dead(*store)), ElementsAre("c", "b"));
  EXPECT_THAT(undelivered(*store), IsEmpty());
}

TEST_F(OutboxTest, history_keeps_the_newest_of_each_group) {
  open();
  std::vector<Record> records;
  for (std::uint64_t epoch = 1; epoch <= 250; ++epoch) {
    FailoverTimeline timeline;
    timeline.group = epoch % 2 == 0 ? "even" : "odd";
    timeline.epoch = Epoch{epoch};
    records.push_back(FailoverRecord{timeline});
    timeline.epoch = Epoch{epoch + 1000};
    records.push_back(FailoverRecord{timeline});
  }
  store->commit({.number = 1, .records = std::move(records), .outbox = {}});
  std::promise<std::vector<FailoverTimeline>> history;
  store->read_history("even", 1000, [&](auto found) { history.set_value(std::move(found)); });
  const auto found = history.get_future().get();
  ASSERT_EQ(found.size(), 200U);
  EXPECT_EQ(found.front().epoch, Epoch{1250});
  EXPECT_EQ(found.front().group, "even");
}

}  // namespace
}  // namespace sentinel
