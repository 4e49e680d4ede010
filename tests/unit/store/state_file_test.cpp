// Which files are refused, and what the operator is told.
#include "sentinel/store/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "store_fixture.h"

namespace sentinel {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void run_sql(const std::filesystem::path& file, const char* sql) {
  auto database = Database::open(file);
  ASSERT_TRUE(database.has_value()) << database.error();
  (*database)->script(sql);
  const auto done = (*database)->take_error();
  ASSERT_TRUE(done.has_value()) << done.error();
}

std::string refusal(const std::filesystem::path& file) {
  const auto store = Store::open(file);
  return store ? "not refused" : store.error();
}

TEST(StateFile, every_commit_is_synced) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  open_or_fail(file);
  const auto database = Database::open(file);
  ASSERT_TRUE(database.has_value());
  std::int64_t synchronous = 0;
  std::string journal;
  (*database)->query("PRAGMA synchronous", [&](const Row& row) { synchronous = row.integer(0); });
  (*database)->query("PRAGMA journal_mode", [&](const Row& row) { journal = row.text(0); });
  EXPECT_EQ(synchronous, 2) << "FULL";
  EXPECT_EQ(journal, "wal");
}

TEST(StateFile, a_newer_schema_is_refused) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  open_or_fail(file);
  run_sql(file, "PRAGMA user_version = 99");
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("state.db"), HasSubstr("99"), HasSubstr("newer")));
}

TEST(StateFile, a_file_that_is_no_database_is_refused_and_kept) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  const std::string text(5000, 'x');
  std::ofstream(file) << text;
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("state.db"), HasSubstr("damaged")));
  std::ifstream found(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(found), {}), text);
}

TEST(StateFile, a_database_of_another_program_is_refused) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  std::ofstream(file).close();
  run_sql(file, "CREATE TABLE bookmarks(url TEXT)");
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("state.db"), HasSubstr("not a state file")));
}

TEST(StateFile, a_damaged_page_is_refused) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  open_or_fail(file);
  {
    // Every page but the first, which holds the header.
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::size_t>(std::filesystem::file_size(file));
    ASSERT_GT(size, 4096U);
    bytes.seekp(4096);
    bytes << std::string(size - 4096, '\xee');
  }
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("state.db"), HasSubstr("damaged")));
}

TEST(StateFile, an_empty_file_is_a_new_one) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  std::ofstream(file).close();  // What a crash at the first start leaves.
  const auto store = open_or_fail(file);
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(is_node_id(store->sentinel_id().value));
}

TEST(StateFile, two_stores_never_share_a_file) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  auto first = open_or_fail(file);
  ASSERT_NE(first, nullptr);
  std::filesystem::create_symlink(file, folder / "alias.db");
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("state.db"), HasSubstr("another sentinel process")));
  EXPECT_THAT(refusal(folder / "alias.db"), HasSubstr("another sentinel process"));
  first.reset();
  EXPECT_NE(open_or_fail(file), nullptr);
}

TEST(StateFile, another_process_is_refused_too_and_the_lock_ends_with_its_holder) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  int to_parent[2];
  int to_child[2];
  ASSERT_EQ(::pipe(to_parent), 0);
  ASSERT_EQ(::pipe(to_child), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(to_child[1]);
    const auto store = Store::open(file);
    char byte = store ? 'y' : 'n';
    if (::write(to_parent[1], &byte, 1) != 1) ::_exit(1);
    ::_exit(::read(to_child[0], &byte, 1) == 0 ? 0 : 1);  // Until the parent closes; without closing the store.
  }
  char opened = 0;
  ASSERT_EQ(::read(to_parent[0], &opened, 1), 1);
  EXPECT_EQ(opened, 'y');
  EXPECT_THAT(refusal(file), HasSubstr("another sentinel process"));
  ::close(to_child[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_NE(open_or_fail(file), nullptr);
  for (const int end : {to_parent[0], to_parent[1], to_child[0]}) ::close(end);
}

}  // namespace
}  // namespace sentinel
