// Dropping void records from a waiting queue must not change what ends up on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/rng.h"
#include "sentinel/store/records.h"
#include "sentinel/store/state_file.h"
#include "sentinel/store/writer_queue.h"
#include "store_fixture.h"

namespace sentinel {
namespace {

std::string one_of(Rng& rng, const char* prefix, std::uint64_t bound) {
  return prefix + std::to_string(rng.below(bound));
}

Record random_record(Rng& rng) {
  const std::string group = one_of(rng, "group", 2);
  const Endpoint at{.host = one_of(rng, "host", 3), .port = 1};
  switch (rng.below(6)) {
    case 0: {
      const NodeId candidate{rng.below(3) == 0 ? "" : one_of(rng, "node", 2)};
      return VoteRecord{.group = group, .epoch = Epoch{rng.below(6)}, .candidate = candidate};
    }
    case 1: return ConfigRecord{.group = group, .epoch = Epoch{rng.below(6)}, .master = at, .run_id = {}, .leader = {}};
    case 2: return ReplicaRecord{.group = group, .at = at, .known = rng.below(3) != 0};
    case 3:
      return PeerRecord{.group = group, .id = NodeId{one_of(rng, "peer", 2)}, .at = at, .known = rng.below(3) != 0};
    case 4: {
      GroupRecord record{.settings = {}, .monitored = rng.below(2) == 0};
      record.settings.name = group;
      record.settings.quorum = static_cast<unsigned>(rng.below(5));
      return record;
    }
    default: {
      FailoverRecord record;
      record.timeline.group = group;
      record.timeline.epoch = Epoch{rng.below(3)};
      record.timeline.outcome = one_of(rng, "outcome", 5);
      return record;
    }
  }
}

RestoredState written(const std::filesystem::path& file, const std::vector<Record>& before,
                      const std::vector<Record>& records) {
  const auto opened = open_state_file(file, std::nullopt);
  EXPECT_TRUE(opened.has_value());
  const auto done = opened->database->transaction([&](Database& db) {
    write_records(db, before);
    write_records(db, records);
  });
  EXPECT_TRUE(done.has_value());
  RestoredState state = read_state(*opened->database);
  // A group's place in the order of creation may change, nothing else.
  std::sort(state.groups.begin(), state.groups.end(),
            [](const auto& a, const auto& b) { return a.settings.name < b.settings.name; });
  return state;
}

TEST(Coalesce, leaves_the_same_rows) {
  std::size_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    const TemporaryFolder folder;
    Rng rng(seed);
    std::vector<Record> before;
    std::vector<Record> records;
    for (int i = 0; i < 10; ++i) before.push_back(random_record(rng));
    for (int i = 0; i < 40; ++i) records.push_back(random_record(rng));
    std::vector<Record> fewer = records;
    coalesce(fewer);
    dropped += records.size() - fewer.size();

    const RestoredState one = written(folder / "one.db", before, records);
    const RestoredState two = written(folder / "two.db", before, fewer);
    ASSERT_EQ(one.votes, two.votes);
    ASSERT_EQ(one.configs, two.configs);
    ASSERT_EQ(one.replicas, two.replicas);
    ASSERT_EQ(one.peers, two.peers);
    ASSERT_EQ(one.groups, two.groups);
    ASSERT_EQ(one.last_failovers, two.last_failovers);
  }
  EXPECT_GT(dropped, 500U);
}

TEST(Coalesce, keeps_a_waiting_queue_bounded) {
  WriterQueue queue;
  for (std::uint64_t number = 1; number <= 100000; ++number) {
    queue.add({.number = number,
               .records = {VoteRecord{.group = "mymaster", .epoch = Epoch{number}, .candidate = {}}},
               .outbox = {OutboxEntry{.event = {}, .sink = "s", .key = std::to_string(number)}}},
              {.rows_max = 10});
  }
  EXPECT_LE(queue.records.size(), kQueueCoalesceRecords);
  EXPECT_EQ(std::get<VoteRecord>(queue.records.back()).epoch, Epoch{100000});
  EXPECT_EQ(queue.last_batch, 100000U);
  EXPECT_EQ(queue.outbox.size(), 10U);
  EXPECT_EQ(queue.outbox.back().key, "100000");
  EXPECT_EQ(queue.outbox_dropped, 99990U);
}

}  // namespace
}  // namespace sentinel
