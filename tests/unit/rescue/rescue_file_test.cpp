#include "sentinel/rescue/rescue_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sentinel {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RescueFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "rescue-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    folder_ = root_ + "/rescue";
  }
  void TearDown() override { fs::remove_all(root_); }

  RescueMetadata metadata(std::uint64_t epoch = 7) const {
    RescueMetadata m;
    m.group = "mymaster";
    m.epoch = epoch;
    m.node = {"10.0.0.1", 6379};
    m.master = {"10.0.0.2", 6379};
    m.sentinel = "abc";
    m.from_offset = 100;
    m.to_offset = 200;
    m.databases = {{0, 3}, {5, 1}};
    return m;
  }
  std::vector<std::string> names(const std::string& group = "mymaster") const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_ + "/" + group)) found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static unsigned mode_of(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0);
    return facts.st_mode & 07777;
  }
  std::string write(std::uint64_t epoch, unsigned keep, std::string_view text = "text") {
    auto file = RescueFile::create(folder_, metadata(epoch));
    EXPECT_TRUE(file && file->append(text));
    return file->finish(metadata(epoch), keep).value_or("");
  }

  std::string root_;
  std::string folder_;
};

TEST_F(RescueFileTest, has_its_name_only_once_it_is_whole) {
  auto file = RescueFile::create(folder_, metadata());
  ASSERT_TRUE(file) << file.error();
  ASSERT_TRUE(file->append("one "));
  ASSERT_TRUE(file->append("two"));
  EXPECT_THAT(names(), ElementsAre(".7-10.0.0.1-6379.tmp"));
  const auto path = file->finish(metadata(), 10);
  ASSERT_TRUE(path) << path.error();
  EXPECT_EQ(*path, folder_ + "/mymaster/7-10.0.0.1-6379.aof");
  EXPECT_THAT(names(), ElementsAre("7-10.0.0.1-6379.aof", "7-10.0.0.1-6379.json"));
  EXPECT_EQ(text_of(*path), "one two");
  const auto read = rescue_metadata_from_json(text_of(folder_ + "/mymaster/7-10.0.0.1-6379.json"));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, metadata());
}

TEST_F(RescueFileTest, is_for_its_owner_alone) {
  const std::string path = write(7, 10);
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(folder_ + "/mymaster/7-10.0.0.1-6379.json"), 0600U);
  EXPECT_EQ(mode_of(folder_), 0700U);
  EXPECT_EQ(mode_of(folder_ + "/mymaster"), 0700U);
}

TEST_F(RescueFileTest, that_is_given_up_leaves_nothing) {
  {
    auto file = RescueFile::create(folder_, metadata());
    ASSERT_TRUE(file && file->append("half"));
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(RescueFileTest, of_a_killed_process_is_removed_at_the_next_start) {
  write(6, 10);
  std::ofstream(folder_ + "/mymaster/.7-10.0.0.1-6379.tmp") << "half";
  remove_unfinished(folder_);
  EXPECT_THAT(names(), ElementsAre("6-10.0.0.1-6379.aof", "6-10.0.0.1-6379.json"));
  remove_unfinished(root_ + "/nowhere");
}

TEST_F(RescueFileTest, of_the_same_node_and_epoch_gets_a_name_of_its_own) {
  const std::string first = write(7, 10, "first");
  const std::string second = write(7, 10, "second");
  EXPECT_EQ(second, folder_ + "/mymaster/7-10.0.0.1-6379-2.aof");
  EXPECT_EQ(text_of(first), "first");
  EXPECT_EQ(text_of(second), "second");
}

TEST_F(RescueFileTest, is_kept_up_to_a_count) {
  for (std::uint64_t epoch = 1; epoch <= 5; ++epoch) {
    const std::string path = write(epoch, 10);
    std::ofstream(path.substr(0, path.size() - 4) + ".replayed") << "{}";
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(10 - epoch));
  }
  write(6, 3);
  EXPECT_THAT(names(), ElementsAre("4-10.0.0.1-6379.aof", "4-10.0.0.1-6379.json", "4-10.0.0.1-6379.replayed",
                                   "5-10.0.0.1-6379.aof", "5-10.0.0.1-6379.json", "5-10.0.0.1-6379.replayed",
                                   "6-10.0.0.1-6379.aof", "6-10.0.0.1-6379.json"));
}

TEST_F(RescueFileTest, stays_in_its_folder_whatever_the_group_is_called) {
  EXPECT_EQ(path_part("../../etc"), "%2e.%2f..%2fetc");
  EXPECT_EQ(path_part("::1"), "%3a%3a1");
  EXPECT_EQ(path_part("my.group-1_x"), "my.group-1_x");
  RescueMetadata strange = metadata();
  strange.group = "../x";
  auto file = RescueFile::create(folder_, strange);
  ASSERT_TRUE(file && file->append("x"));
  EXPECT_THAT(file->finish(strange, 1).value_or(""), HasSubstr("/rescue/%2e.%2fx/"));
}

TEST_F(RescueFileTest, says_why_it_can_not_be_written) {
  std::ofstream(folder_) << "a file is in the way";
  const auto file = RescueFile::create(folder_, metadata());
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error(), HasSubstr("Not a directory"));
}

TEST(RescueMetadata, refuses_what_it_did_not_write) {
  EXPECT_FALSE(rescue_metadata_from_json("{}"));
  EXPECT_FALSE(rescue_metadata_from_json("not json"));
  EXPECT_FALSE(rescue_metadata_from_json(R"({"kind": 7})"));
}

}  // namespace
}  // namespace sentinel
