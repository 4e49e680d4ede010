#include "sentinel/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "sentinel/store/state_file.h"
#include "store_fixture.h"

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const NodeId kAlice{std::string(40, 'a')};
const NodeId kBob{std::string(40, 'b')};

VoteRecord vote(std::uint64_t epoch, const NodeId& candidate) {
  return {.group = "mymaster", .epoch = Epoch{epoch}, .candidate = candidate};
}

GroupSettings odd_settings() {
  GroupSettings settings;
  settings.name = "mymaster";
  settings.master = {.host = "2001:db8::1", .port = 6390};
  settings.quorum = 3;
  settings.down_after = Millis(1234);
  settings.failover_timeout = Millis(4321);
  settings.parallel_syncs = 7;
  settings.priority = 3;
  settings.crash_detection = true;
  settings.crash_confirm = Millis(17);
  settings.evidence_hold_max = Millis(18);
  settings.on_empty_restart = OnEmptyRestart::Failover;
  settings.loading_timeout = Millis(21);
  settings.write_safety = WriteSafety::Enforce;
  settings.min_replicas = 2;
  settings.max_lag = Millis(19);
  settings.auth_user = "sentinel \"quoted\"";
  settings.auth_pass = std::string("\xff\x00 not UTF-8 \xc3", 14);
  settings.rename_commands = {{"CONFIG", "secret-config"}, {"SLAVEOF", ""}};
  settings.notification_script = "/usr/local/bin/notify me";
  settings.client_reconfig_script = "/x";
  settings.master_reboot_down_after = Millis(20);
  return settings;
}

FailoverTimeline timeline(const std::string& group, std::uint64_t epoch, const std::string& outcome) {
  return {.group = group,
          .epoch = Epoch{epoch},
          .leader = kAlice,
          .from = {.host = "10.0.0.1", .port = 6379},
          .to = {.host = "10.0.0.2", .port = 6379},
          .cause = "down",
          .outcome = outcome,
          .phases = {{"suspected", Millis(-5)}, {"elected", Millis(40)}},
          .rejected = {{"10.0.0.3:6379", "priority 0"}}};
}

TEST(Store, a_new_file_is_private_and_draws_an_id_that_lasts) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  NodeId first;
  {
    const auto store = open_or_fail(file);
    ASSERT_NE(store, nullptr);
    first = store->sentinel_id();
    EXPECT_TRUE(is_node_id(first.value)) << first.value;
    EXPECT_THAT(store->restored().votes, IsEmpty());
  }
  struct stat found {};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  const auto again = open_or_fail(file);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->sentinel_id(), first);
}

TEST(Store, two_files_draw_different_ids) {
  const TemporaryFolder folder;
  EXPECT_NE(open_or_fail(folder / "one.db")->sentinel_id(), open_or_fail(folder / "two.db")->sentinel_id());
}

TEST(Store, a_configured_id_replaces_the_stored_one_and_stays) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  open_or_fail(file);
  EXPECT_EQ(open_or_fail(file, {.sentinel_id = kBob})->sentinel_id(), kBob);
  EXPECT_EQ(open_or_fail(file)->sentinel_id(), kBob);
  EXPECT_FALSE(Store::open(file, {.sentinel_id = NodeId{"XYZ"}}).has_value());
}

TEST(Store, every_kind_of_record_comes_back_as_it_was) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  const ConfigRecord config{.group = "mymaster",
                            .epoch = Epoch{~std::uint64_t{0}},
                            .master = {.host = "db-1.example", .port = 65535},
                            .run_id = "r",
                            .leader = kAlice};
  const ReplicaRecord replica{.group = "mymaster", .at = {.host = "10.0.0.2", .port = 6380}};
  const PeerRecord peer{.group = "mymaster", .id = kBob, .at = {.host = "::1", .port = 26379}};
  const GroupRecord group{.settings = odd_settings()};
  const FailoverRecord failover{timeline("mymaster", 9, "done")};

  commit_and_close(file, {vote(9, kAlice), config, replica, peer, group, failover});

  const RestoredState state = restored_from(file);
  EXPECT_THAT(state.votes, ElementsAre(vote(9, kAlice)));
  EXPECT_THAT(state.configs, ElementsAre(config));
  EXPECT_THAT(state.replicas, ElementsAre(replica));
  EXPECT_THAT(state.peers, ElementsAre(peer));
  EXPECT_THAT(state.groups, ElementsAre(group));
  EXPECT_THAT(state.last_failovers, ElementsAre(failover));
}

TEST(Store, of_each_key_the_newest_record_comes_back) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  const ReplicaRecord gone{.group = "mymaster", .at = {.host = "10.0.0.2", .port = 1}, .known = false};
  const ReplicaRecord left{.group = "mymaster", .at = {.host = "10.0.0.3", .port = 1}};
  commit_and_close(file, {vote(1, kAlice), ReplicaRecord{.group = gone.group, .at = gone.at}, left,
                          FailoverRecord{timeline("mymaster", 1, "running")}});
  commit_and_close(file, {vote(2, kBob), gone, FailoverRecord{timeline("mymaster", 1, "done")},
                          FailoverRecord{timeline("other", 5, "done")}});

  const RestoredState state = restored_from(file);
  EXPECT_THAT(state.votes, ElementsAre(vote(2, kBob)));
  EXPECT_THAT(state.replicas, ElementsAre(left));
  EXPECT_THAT(state.last_failovers, UnorderedElementsAre(FailoverRecord{timeline("mymaster", 1, "done")},
                                                         FailoverRecord{timeline("other", 5, "done")}));
}

TEST(Store, a_removed_group_is_forgotten_except_for_its_removal_its_vote_and_its_members) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  commit_and_close(file,
                   {vote(3, kAlice), GroupRecord{.settings = odd_settings()},
                    ConfigRecord{.group = "mymaster", .epoch = Epoch{3}, .master = {}, .run_id = {}, .leader = {}},
                    ReplicaRecord{.group = "mymaster", .at = {.host = "h", .port = 1}},
                    PeerRecord{.group = "mymaster", .id = kBob, .at = {}}});
  commit_and_close(file, {GroupRecord{.settings = odd_settings(), .monitored = false}});

  const RestoredState state = restored_from(file);
  ASSERT_THAT(state.groups, SizeIs(1));
  EXPECT_FALSE(state.groups[0].monitored);
  EXPECT_THAT(state.configs, IsEmpty());
  EXPECT_THAT(state.replicas, IsEmpty());
  EXPECT_THAT(state.peers, SizeIs(1));
  EXPECT_THAT(state.votes, ElementsAre(vote(3, kAlice)));
}

// R-E2 on disk: each row is what is stored, what comes, what must be stored then.
struct VoteCase {
  const char* name;
  VoteRecord stored;
  VoteRecord next;
  VoteRecord expected;
  bool refused;
};
class StoreVotes : public ::testing::TestWithParam<VoteCase> {};

TEST_P(StoreVotes, never_go_back) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  EXPECT_THAT(commit_and_close(file, {GetParam().stored}), IsEmpty());
  const auto events = commit_and_close(file, {GetParam().next});
  EXPECT_THAT(restored_from(file).votes, ElementsAre(GetParam().expected));
  ASSERT_THAT(events, SizeIs(GetParam().refused ? 1 : 0));
  if (GetParam().refused) {
    EXPECT_EQ(events[0].name, "-store-vote-refused");
    EXPECT_THAT(events[0].message, HasSubstr("mymaster"));
  }
}

constexpr std::uint64_t kHalf = std::uint64_t{1} << 63U;
INSTANTIATE_TEST_SUITE_P(
    rules, StoreVotes,
    ::testing::Values(
        VoteCase{"a_higher_epoch_replaces", vote(1, kAlice), vote(2, kBob), vote(2, kBob), false},
        VoteCase{"a_lower_epoch_is_refused", vote(2, kAlice), vote(1, kAlice), vote(2, kAlice), true},
        VoteCase{"a_second_vote_of_an_epoch_is_refused", vote(2, kAlice), vote(2, kBob), vote(2, kAlice), true},
        VoteCase{"a_repeated_vote_is_fine", vote(2, kAlice), vote(2, kAlice), vote(2, kAlice), false},
        VoteCase{"the_epoch_alone_keeps_the_vote", vote(2, kAlice), vote(2, {}), vote(2, kAlice), false},
        VoteCase{"a_vote_may_follow_its_epoch", vote(2, {}), vote(2, kBob), vote(2, kBob), false},
        VoteCase{"a_lower_epoch_alone_is_refused", vote(2, kAlice), vote(1, {}), vote(2, kAlice), true},
        VoteCase{"the_sign_bit_is_higher", vote(kHalf - 1, kAlice), vote(kHalf, kBob), vote(kHalf, kBob), false},
        VoteCase{"below_the_sign_bit_is_lower", vote(kHalf, kAlice), vote(kHalf - 1, kBob), vote(kHalf, kAlice), true},
        VoteCase{"above_the_sign_bit_grows", vote(kHalf, kAlice), vote(kHalf + 1, kBob), vote(kHalf + 1, kBob), false}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Store, batches_are_confirmed_in_order_and_all_of_them) {
  const TemporaryFolder folder;
  const auto store = open_or_fail(folder / "state.db");
  ASSERT_NE(store, nullptr);
  std::vector<std::uint64_t> confirmed;
  Reports reports;
  store->start([&, forward = reports.listener()](StoreReport report) {
    if (const auto* it = std::get_if<Persisted>(&report)) confirmed.push_back(it->batch);
    forward(std::move(report));
  });
  for (std::uint64_t number = 1; number <= 500; ++number) {
    store->commit({.number = number, .records = {vote(number, kAlice)}, .outbox = {}});
  }
  ASSERT_TRUE(reports.wait_persisted(500));
  EXPECT_TRUE(std::is_sorted(confirmed.begin(), confirmed.end()));
  // Group commit: what queued up behind one fsync shared the next.
  EXPECT_LT(confirmed.size(), 500U);
}

TEST(Store, what_is_queued_at_the_end_is_written) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  {
    const auto store = open_or_fail(file);
    store->start([](const StoreReport&) {});
    for (std::uint64_t number = 1; number <= 50; ++number) {
      store->commit({.number = number, .records = {vote(number, kAlice)}, .outbox = {}});
    }
  }
  EXPECT_THAT(restored_from(file).votes, ElementsAre(vote(50, kAlice)));
}

}  // namespace
}  // namespace sentinel
