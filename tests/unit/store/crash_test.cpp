// kill -9 at random moments: what was confirmed is there, and nothing is half there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "common/rng.h"
#include "store_fixture.h"

namespace sentinel {
namespace {

constexpr int kRounds = 40;
constexpr std::uint64_t kInFlightMax = 32;  // Batches: several share a transaction.
constexpr std::uint64_t kSeed = 20240607;
constexpr StoreOptions kRoomy{.outbox = {.rows_max = 1000000}};

// Every table of a batch tells its number, so that half a batch shows.
Batch numbered(std::uint64_t number) {
  const std::string group = "mymaster";
  const Epoch epoch{number};
  const Endpoint at{.host = "10.0.0.1", .port = static_cast<std::uint16_t>(number % 60000 + 1)};
  OutboxEntry entry{.event = {.name = "+sdown", .message = std::to_string(number), .group = group, .master_switch = {}},
                    .sink = "script:/bin/true",
                    .key = std::to_string(number),
                    .at = 1};
  return {.number = number,
          .records = {VoteRecord{.group = group, .epoch = epoch, .candidate = NodeId{"a"}},
                      ConfigRecord{.group = group, .epoch = epoch, .master = at, .run_id = {}, .leader = {}},
                      PeerRecord{.group = group, .id = NodeId{"p"}, .at = at},
                      FailoverRecord{{.group = group,
                                      .epoch = epoch,
                                      .leader = {},
                                      .from = {},
                                      .to = at,
                                      .cause = {},
                                      .outcome = {},
                                      .phases = {},
                                      .rejected = {}}}},
          .outbox = {std::move(entry)}};
}

// Runs in the child until it is killed: commits batches and writes the
// number of each confirmed one into the pipe.
[[noreturn]] void commit_until_killed(const std::filesystem::path& file, int pipe) {
  auto store = Store::open(file, kRoomy);
  if (!store) ::_exit(3);
  std::uint64_t number = (*store)->restored().votes.empty() ? 0 : (*store)->restored().votes[0].epoch.value;
  std::atomic<std::uint64_t> confirmed = number;
  (*store)->start([&](const StoreReport& report) {
    if (const auto* it = std::get_if<Persisted>(&report)) {
      // Into the pipe first: whoever reads it may kill us at once.
      if (::write(pipe, &it->batch, sizeof it->batch) != sizeof it->batch) ::_exit(4);
      confirmed = it->batch;
    }
  });
  for (;;) {
    if (number - confirmed.load() >= kInFlightMax) {
      std::this_thread::yield();
      continue;
    }
    (*store)->commit(numbered(++number));
  }
}

// Kills a child so long after its start, or after its first confirmation.
// Returns the highest number it confirmed, 0 if none.
std::uint64_t run_and_kill(const std::filesystem::path& file, std::chrono::microseconds delay, bool after_first) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    commit_until_killed(file, ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t highest = 0;
  if (after_first) {
    EXPECT_EQ(::read(ends[0], &highest, sizeof highest), static_cast<ssize_t>(sizeof highest));
  }
  std::this_thread::sleep_for(delay);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
  for (std::uint64_t number = 0; ::read(ends[0], &number, sizeof number) == sizeof number;) {
    EXPECT_GT(number, highest);
    highest = number;
  }
  ::close(ends[0]);
  return highest;
}

std::vector<OutboxRow> outbox_of(Store& store) {
  std::promise<std::vector<OutboxRow>> rows;
  store.start([](const StoreReport&) {});
  store.read_outbox(0, 1000000, [&](auto found) { rows.set_value(std::move(found)); });
  return rows.get_future().get();
}

TEST(StoreCrash, confirmed_batches_survive_sigkill_whole) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  Rng rng(kSeed);
  std::uint64_t confirmed = 0;
  int rounds_with_commits = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    const std::uint64_t told = run_and_kill(file, std::chrono::microseconds(rng.below(40000)), round % 4 != 0);
    if (told != 0) ++rounds_with_commits;
    confirmed = std::max(confirmed, told);

    const auto store = open_or_fail(file, kRoomy);
    ASSERT_NE(store, nullptr);
    const RestoredState& state = store->restored();
    if (state.votes.empty()) {
      ASSERT_EQ(confirmed, 0U);
      continue;
    }
    const std::uint64_t number = state.votes[0].epoch.value;
    ASSERT_GE(number, confirmed) << "a confirmed batch is lost";
    const Batch last = numbered(number);
    EXPECT_EQ(state.votes[0], std::get<VoteRecord>(last.records[0]));
    EXPECT_THAT(state.configs, ::testing::ElementsAre(std::get<ConfigRecord>(last.records[1])));
    EXPECT_THAT(state.peers, ::testing::ElementsAre(std::get<PeerRecord>(last.records[2])));
    EXPECT_THAT(state.last_failovers, ::testing::ElementsAre(std::get<FailoverRecord>(last.records[3])));
    const auto outbox = outbox_of(*store);
    ASSERT_EQ(outbox.size(), number) << "an alert is missing or came twice";
    EXPECT_EQ(outbox.back().entry.key, std::to_string(number));
    confirmed = number;
  }
  // The test means something only if the kills hit processes at work.
  EXPECT_GE(rounds_with_commits, kRounds / 2);
  RecordProperty("batches", std::to_string(confirmed));
}

}  // namespace
}  // namespace sentinel
