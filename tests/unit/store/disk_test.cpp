// The disk refuses, and takes writes again: the store says both, and loses nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "store_fixture.h"

namespace sentinel {
namespace {

using ::testing::HasSubstr;

constexpr StoreOptions kQuick{.retry = Millis(20)};

VoteRecord vote(std::uint64_t epoch) {
  return {.group = "mymaster", .epoch = Epoch{epoch}, .candidate = NodeId{"candidate"}};
}

// Needs a page of its own in the log.
Batch large(std::uint64_t number) {
  const std::string host(20000, 'h');
  return {.number = number,
          .records = {vote(number), ReplicaRecord{.group = "mymaster", .at = {.host = host, .port = 1}}},
          .outbox = {}};
}

// A file system of its own on a folder. Needs root.
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& at) : at_(at) {
    std::filesystem::create_directory(at_);
    mounted_ = ::mount("vigil-test", at_.c_str(), "tmpfs", 0, "size=1m,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

  void fill() const {
    std::ofstream ballast(at_ / "ballast", std::ios::binary);
    const std::string block(4096, 'x');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void make_room() const { std::filesystem::remove(at_ / "ballast"); }
  bool make_read_only() const {
    return ::mount("vigil-test", at_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  std::filesystem::path at_;
  bool mounted_ = false;
};

TEST(StoreDisk, a_full_disk_is_reported_and_survived) {
  const TemporaryFolder folder;
  const SmallDisk disk(folder / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "SKIPPED: mounting a tmpfs needs root; the RLIMIT_FSIZE test covers some of it";
  const auto file = folder.path() / "disk" / "state.db";
  {
    Reports reports;
    const auto store = open_or_fail(file, kQuick);
    ASSERT_NE(store, nullptr);
    store->start(reports.listener());
    store->commit(large(1));
    ASSERT_TRUE(reports.wait_persisted(1));

    disk.fill();
    std::uint64_t number = 2;
    store->commit(large(number));
    ASSERT_TRUE(reports.wait_healthy(false));
    EXPECT_THAT(reports.health().front().text, HasSubstr("state.db"));
    store->commit(large(++number));
    EXPECT_LT(reports.persisted(), number);

    disk.make_room();
    ASSERT_TRUE(reports.wait_persisted(number));
    ASSERT_TRUE(reports.wait_healthy(true));
    EXPECT_EQ(reports.persisted(), number);
    store->commit(large(number + 1));
    ASSERT_TRUE(reports.wait_persisted(number + 1));
  }
  EXPECT_EQ(restored_from(file).votes.size(), 1U);
}

TEST(StoreDisk, a_file_size_limit_is_reported_and_survived) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  {
    Reports reports;
    const auto store = open_or_fail(file, kQuick);
    ASSERT_NE(store, nullptr);
    store->start(reports.listener());
    store->commit({.number = 1, .records = {vote(1)}, .outbox = {}});
    ASSERT_TRUE(reports.wait_persisted(1));

    const rlimit tight{.rlim_cur = 4096, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    store->commit({.number = 2, .records = {vote(2)}, .outbox = {}});
    const bool reported = reports.wait_healthy(false);
    store->commit({.number = 3, .records = {vote(3)}, .outbox = {}});
    const std::uint64_t confirmed = reports.persisted();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_TRUE(reported);
    EXPECT_EQ(confirmed, 1U);

    ASSERT_TRUE(reports.wait_persisted(3));
    EXPECT_TRUE(reports.wait_healthy(true));
  }
  EXPECT_THAT(restored_from(file).votes, ::testing::ElementsAre(vote(3)));
}

TEST(StoreDisk, a_file_moved_away_is_reported_and_survived) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  const auto elsewhere = folder / "elsewhere.db";
  {
    Reports reports;
    const auto store = open_or_fail(file, kQuick);
    ASSERT_NE(store, nullptr);
    store->start(reports.listener());
    std::filesystem::rename(file, elsewhere);
    store->commit({.number = 1, .records = {vote(1)}, .outbox = {}});
    ASSERT_TRUE(reports.wait_healthy(false));
    EXPECT_THAT(reports.health().front().text, HasSubstr("removed or replaced"));
    EXPECT_EQ(reports.persisted(), 0U);
    EXPECT_FALSE(std::filesystem::exists(file)) << "an empty file would have forgotten the votes";

    std::filesystem::rename(elsewhere, file);
    ASSERT_TRUE(reports.wait_persisted(1));
    ASSERT_TRUE(reports.wait_healthy(true));
  }
  EXPECT_THAT(restored_from(file).votes, ::testing::ElementsAre(vote(1)));
}

TEST(StoreDisk, each_change_of_health_is_told_once) {
  const TemporaryFolder folder;
  const auto file = folder / "state.db";
  const auto elsewhere = folder / "elsewhere.db";
  Reports reports;
  const auto store = open_or_fail(file, {.retry = Millis(1)});
  ASSERT_NE(store, nullptr);
  store->start(reports.listener());
  std::filesystem::rename(file, elsewhere);
  for (std::uint64_t number = 1; number <= 20; ++number)
    store->commit({.number = number, .records = {vote(number)}, .outbox = {}});
  ASSERT_TRUE(reports.wait_healthy(false));
  std::this_thread::sleep_for(Millis(50));  // Some retries; more or fewer do not matter.
  std::filesystem::rename(elsewhere, file);
  ASSERT_TRUE(reports.wait_healthy(true));
  std::size_t recovered = 0;
  std::vector<std::string> texts;
  for (const StoreHealth& health : reports.health()) {
    recovered += health.healthy ? 1 : 0;
    if (!health.healthy) texts.push_back(health.text);
  }
  EXPECT_EQ(recovered, 1U);
  EXPECT_TRUE(std::adjacent_find(texts.begin(), texts.end()) == texts.end()) << "the same text twice in a row";
}

TEST(StoreDisk, a_folder_that_cannot_be_written_is_refused_by_name) {
  const TemporaryFolder folder;
  const SmallDisk disk(folder / "disk");
  const auto file = folder.path() / "disk" / "state.db";
  if (disk.mounted()) {
    ASSERT_TRUE(disk.make_read_only());
  } else if (::geteuid() == 0) {
    GTEST_SKIP() << "SKIPPED: root without the right to mount writes everywhere";
  } else {
    ASSERT_EQ(::chmod((folder.path() / "disk").c_str(), 0500), 0);
  }
  const auto store = Store::open(file);
  ASSERT_FALSE(store.has_value());
  EXPECT_THAT(store.error(), HasSubstr("state.db"));
}

}  // namespace
}  // namespace sentinel
