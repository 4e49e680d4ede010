// The thread that keeps a sentinel.conf up to date, on real files.
#include "sentinel/conf_writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sentinel/config/conf/read_conf.h"

namespace sentinel {
namespace {

constexpr std::chrono::seconds kPatience{30};

class ConfWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/vigil-writer-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    path_ = (folder_ / "sentinel.conf").string();
    state_ = (folder_ / "state").string();
    std::filesystem::create_directory(state_);
    std::ofstream(path_) << "# mine\nport 1\nsentinel monitor orders 127.0.0.1 1 1\n";
  }
  void TearDown() override {
    writer_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    auto config = conf::read_conf(path_);
    ASSERT_TRUE(config);
    settings_ = config->groups[0];
    writer_ = std::make_unique<ConfWriter>(
        path_, state_, conf::initial_facts(*config, NodeId{std::string(40, 'a')}, {}), [this](ConfWritten done) {
          const std::lock_guard lock(mutex_);
          done_.push_back(std::move(done));
          told_.notify_all();
        });
    ASSERT_TRUE(writer_->write_first());
    writer_->start();
  }

  // The first report about the ticket, or a later one.
  ConfWritten wait_for(std::uint64_t ticket, bool good) {
    std::unique_lock lock(mutex_);
    const auto about = [&](const ConfWritten& done) {
      return done.ticket >= ticket && done.result.has_value() == good;
    };
    const bool told = told_.wait_for(lock, kPatience, [&] { return std::any_of(done_.begin(), done_.end(), about); });
    EXPECT_TRUE(told);
    return told ? *std::find_if(done_.begin(), done_.end(), about) : ConfWritten{};
  }

  std::vector<Record> quorum(unsigned value) {
    settings_.quorum = value;
    return {GroupRecord{settings_, true}};
  }
  std::string text() const {
    std::ifstream file(path_);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }

  std::filesystem::path folder_;
  std::string path_, state_;
  GroupSettings settings_;
  std::unique_ptr<ConfWriter> writer_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<ConfWritten> done_;
};

TEST_F(ConfWriterTest, WhatIsCommittedIsInTheFileWhenItIsReported) {
  start();
  writer_->commit(1, quorum(7));
  wait_for(1, true);
  EXPECT_NE(text().find("# mine\nport 1\nsentinel monitor orders 127.0.0.1 1 7\n"), std::string::npos);
  EXPECT_TRUE(left_by_conf_writer(path_, state_));
  std::ofstream(path_, std::ios::app) << "# edited\n";
  EXPECT_FALSE(left_by_conf_writer(path_, state_));
}

TEST_F(ConfWriterTest, AFileThatCannotBeReplacedIsReportedAndTriedAgain) {
  start();
  std::filesystem::rename(path_, folder_ / "aside");
  std::filesystem::create_directory(path_);
  writer_->commit(1, quorum(7));
  EXPECT_EQ(wait_for(1, false).result.error(), "Is a directory");
  std::filesystem::remove(path_);
  std::filesystem::rename(folder_ / "aside", path_);
  wait_for(1, true);
  EXPECT_NE(text().find("127.0.0.1 1 7\n"), std::string::npos);
}

TEST_F(ConfWriterTest, ADemandIsAnsweredAlthoughNothingChanged) {
  start();
  writer_->demand(5);
  EXPECT_EQ(wait_for(5, true).ticket, 5U);
}

TEST_F(ConfWriterTest, AFileThatVanishedComesBackWithItsComments) {
  start();
  std::filesystem::remove(path_);
  writer_->demand(1);
  wait_for(1, true);
  EXPECT_EQ(text().rfind("# mine\nport 1\n", 0), 0U);
}

TEST_F(ConfWriterTest, TheModeStaysAndALinkLeadsToTheFile) {
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  const std::string target = path_;
  path_ = (folder_ / "link.conf").string();
  std::filesystem::create_symlink(target, path_);
  start();
  writer_->commit(1, quorum(7));
  wait_for(1, true);
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  struct stat found {};
  ASSERT_EQ(::stat(target.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0640U);
}

TEST_F(ConfWriterTest, WhatWasCommittedIsWrittenBeforeTheEnd) {
  start();
  for (unsigned value = 2; value <= 100; ++value) writer_->commit(value, quorum(value));
  writer_.reset();
  EXPECT_NE(text().find("127.0.0.1 1 100\n"), std::string::npos);
}

}  // namespace
}  // namespace sentinel
