// What only an old master has, taken from real servers on their way to become replicas (R-L6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/connect.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "link_world.h"
#include "sentinel/net/rescue_session.h"
#include "sentinel/net/role_change.h"
#include "sentinel/rescue/rescued_units.h"

namespace sentinel {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr LinkId kOld{1};

// --- The plan.

RescueOrder order_from(std::optional<std::uint64_t> from, bool snapshot = false) {
  return {.group = "g", .history = "h", .from = from, .bytes_max = 1 << 20, .keep = 3, .snapshot = snapshot};
}

TEST(RescuePlan, rests_on_what_the_fenced_node_says) {
  const auto node = [](const std::string& text) { return parse_fenced_node("role:master\r\n" + text); };
  const FencedNode has_more =
      node("master_repl_offset:150\r\nrepl_backlog_first_byte_offset:1\r\ndb0:keys=1,expires=0\r\n");
  EXPECT_EQ(plan_rescue(order_from(101), has_more).kind, RescuePlan::Kind::Stream);
  EXPECT_EQ(plan_rescue(order_from(101), has_more).bytes, 50U);
  EXPECT_EQ(plan_rescue(order_from(150), has_more).bytes, 1U);
  EXPECT_EQ(plan_rescue(order_from(151), has_more).kind, RescuePlan::Kind::Nothing);
  EXPECT_EQ(plan_rescue(order_from(std::nullopt), has_more).kind, RescuePlan::Kind::Lost);
  EXPECT_EQ(plan_rescue(order_from(std::nullopt, true), has_more).kind, RescuePlan::Kind::Snapshot);

  const FencedNode empty = node("master_repl_offset:0\r\n");
  EXPECT_EQ(plan_rescue(order_from(std::nullopt), empty).kind, RescuePlan::Kind::Nothing) << "it has no data at all";
  const FencedNode short_backlog = node("master_repl_offset:150\r\nrepl_backlog_first_byte_offset:102\r\n");
  EXPECT_EQ(plan_rescue(order_from(101), short_backlog).kind, RescuePlan::Kind::Lost);
  EXPECT_EQ(plan_rescue(order_from(102), short_backlog).kind, RescuePlan::Kind::Stream);
  EXPECT_EQ(plan_rescue(order_from(101), node("master_repl_offset:150\r\n")).kind, RescuePlan::Kind::Lost);
  EXPECT_EQ(plan_rescue(order_from(101), parse_fenced_node("role:slave\r\nmaster_repl_offset:150\r\n")).kind,
            RescuePlan::Kind::Nothing)
      << "somebody was faster";
}

TEST(RescuePlan, knows_the_databases_that_hold_keys) {
  EXPECT_EQ(parse_fenced_node("db0:keys=1\r\n").databases, 1U);
  const FencedNode two =
      parse_fenced_node("# Keyspace\r\ndb0:keys=1,expires=0\r\ndb7:keys=3,expires=0\r\ndbx:keys=1\r\n");
  EXPECT_EQ(two.databases, 2U);
  EXPECT_EQ(two.database, 7U);
}

// --- With a server.

class RescueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "rescue-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    place_ = std::make_shared<RescuePlace>(folder_ + "/rescue", std::string(40, 'a'));
    world_.emplace("aaaaaaaa", place_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A master with a backlog: a replica was there once.
  static void give_backlog(RedisServer& server) {
    RedisServer replica({}, {"replicaof 127.0.0.1 " + std::to_string(server.port()), "repl-diskless-sync-delay 0"});
    for (int i = 0;
         i < 2000 && replica.command({"INFO", "replication"}).find("master_link_status:up") == std::string::npos; ++i)
      ::usleep(5000);
  }
  static std::string fact(const RedisServer& server, const std::string& name) {
    const std::string info = server.command({"INFO", "replication"});
    const auto at = info.find("\n" + name + ":") + name.size() + 2;
    return info.substr(at, info.find_first_of("\r\n", at) - at);
  }
  static std::uint64_t offset(const RedisServer& server) { return std::stoull(fact(server, "master_repl_offset")); }

  Repoint order(const RedisServer& old, const RedisServer& master, std::uint64_t from) {
    RescueOrder rescue = order_from(from);
    rescue.history = fact(old, "master_replid");
    return {.link = kOld,
            .token = Token{1},
            .timeout = Millis{5000},
            .master = master.at(),
            .fence = true,
            .rescue = rescue};
  }
  std::vector<RescuedUnit> units_of(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    auto units = read_units(text.str());
    EXPECT_TRUE(units) << units.error();
    return units.value_or(std::vector<RescuedUnit>{});
  }
  bool nothing_kept() const { return !fs::exists(folder_ + "/rescue") || fs::is_empty(folder_ + "/rescue/g"); }

  std::string folder_;
  std::shared_ptr<RescuePlace> place_;
  std::optional<LinkWorld> world_;
};

TEST_F(RescueTest, saves_what_comes_after_the_offset_and_then_repoints) {
  RedisServer master, old;
  give_backlog(old);
  old.command({"SET", "shared", "1"});
  const std::uint64_t from = offset(old) + 1;
  old.command({"SET", "mine", "1"});
  old.command({"-n", "3", "RPUSH", "list", "a", "b"});
  ASSERT_TRUE(world_->open(kOld, old));
  const auto answer = world_->answer_to(order(old, master, from));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_EQ(answer->info->role, NodeRole::Replica);
  ASSERT_TRUE(answer->rescue);
  EXPECT_EQ(answer->rescue->lost_because, "");
  EXPECT_EQ(answer->rescue->commands, 2U);
  EXPECT_EQ(answer->rescue->saved_bytes, answer->rescue->bytes);
  const auto units = units_of(answer->rescue->file);
  ASSERT_EQ(units.size(), 2U);
  EXPECT_EQ(units[0].commands[0], (std::vector<std::string>{"SET", "mine", "1"}));
  EXPECT_EQ(units[0].database, 0U);
  EXPECT_EQ(units[1].database, 3U);
  EXPECT_THAT(old.command({"CONFIG", "GET", "min-replicas-to-write"}), HasSubstr("\n0"));
}

TEST_F(RescueTest, leaves_no_file_where_there_is_nothing_to_save) {
  RedisServer master, old;
  give_backlog(old);
  old.command({"SET", "shared", "1"});
  ASSERT_TRUE(world_->open(kOld, old));
  const auto answer = world_->answer_to(order(old, master, offset(old) + 1));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_FALSE(answer->rescue);
  EXPECT_TRUE(nothing_kept());
}

TEST_F(RescueTest, waits_while_another_sentinel_is_at_it) {
  RedisServer master, old;
  give_backlog(old);
  const std::uint64_t from = offset(old) + 1;
  old.command({"SET", "mine", "1"});
  asio::io_context io;
  asio::ip::tcp::socket other(io);
  other.connect({asio::ip::address_v4::loopback(), old.port()});
  asio::write(other, asio::buffer(std::string("CLIENT SETNAME sentinel-bbbbbbbb-rescue\r\n")));
  std::string ok(5, ' ');
  asio::read(other, asio::buffer(ok));
  ASSERT_TRUE(world_->open(kOld, old));
  auto answer = world_->answer_to(order(old, master, from));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->ok);
  EXPECT_FALSE(answer->refused);
  EXPECT_EQ(answer->error, "sentinel-bbbbbbbb-rescue rescues its writes");
  EXPECT_FALSE(answer->rescue);
  EXPECT_TRUE(nothing_kept());
  EXPECT_THAT(old.command({"SET", "k", "v"}), HasSubstr("NOREPLICAS")) << "it stays fenced for the other one";
  EXPECT_THAT(old.command({"ROLE"}), HasSubstr("master"));
  other.close();
  ASSERT_TRUE(world_->until([&] {
    answer = world_->answer_to(order(old, master, from));
    return answer->ok;
  }));
  ASSERT_TRUE(answer->rescue);
  EXPECT_EQ(answer->rescue->commands, 1U);
}

TEST_F(RescueTest, repoints_a_node_that_refuses_to_be_asked_and_says_so) {
  RedisServer master;
  RedisServer old({}, {"user watcher on >word ~* &* +@all -psync"});
  give_backlog(old);
  const std::uint64_t from = offset(old) + 1;
  old.command({"SET", "mine", "1"});
  ASSERT_TRUE(world_->open(kOld, old, {.user = "watcher", .password = "word", .rename_commands = {}}));
  const auto answer = world_->answer_to(order(old, master, from));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  ASSERT_TRUE(answer->rescue);
  EXPECT_THAT(answer->rescue->lost_because, HasSubstr("NOPERM"));
  EXPECT_EQ(answer->rescue->saved_bytes, 0U);
  EXPECT_TRUE(nothing_kept());
}

TEST_F(RescueTest, says_that_the_disk_refuses) {
  RedisServer master, old;
  give_backlog(old);
  const std::uint64_t from = offset(old) + 1;
  old.command({"SET", "mine", "1"});
  std::ofstream(folder_ + "/rescue") << "a file is in the way";
  ASSERT_TRUE(world_->open(kOld, old));
  const auto answer = world_->answer_to(order(old, master, from));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  ASSERT_TRUE(answer->rescue);
  EXPECT_THAT(answer->rescue->lost_because, HasSubstr("Not a directory"));
}

TEST_F(RescueTest, does_nothing_to_another_process_than_the_one_it_was_ordered_for) {
  RedisServer master, old;
  ASSERT_TRUE(world_->open(kOld, old));
  Repoint action = order(old, master, 1);
  action.rescue->history = std::string(40, '0');
  const auto answer = world_->answer_to(action);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->ok);
  EXPECT_FALSE(answer->refused);
  EXPECT_THAT(answer->error, HasSubstr("another history"));
  EXPECT_THAT(old.command({"ROLE"}), HasSubstr("master"));
}

TEST_F(RescueTest, ends_with_the_link_and_without_a_word_when_it_is_no_longer_wanted) {
  RedisServer master, old;
  give_backlog(old);
  const std::uint64_t from = offset(old) + 1;
  old.command({"SET", "mine", "1"});
  ASSERT_TRUE(world_->open(kOld, old));
  world_->clear();
  world_->perform(order(old, master, from));
  world_->perform(CloseLink{kOld});
  world_->run_for(std::chrono::milliseconds(300));
  EXPECT_THAT(world_->all<CommandReply>(kOld), IsEmpty());
}

}  // namespace
}  // namespace sentinel
