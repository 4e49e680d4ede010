#include "sentinel/ctl/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sentinel {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Process, OnlyServersLookLikeServers) {
  struct Row {
    std::string_view command_line;
    bool expected;
  };
  const Row rows[] = {
      {"/usr/bin/redis-server 127.0.0.1:6379\0"sv, true},
      {"redis-server *:6379"sv, true},
      {"/opt/valkey/bin/valkey-server\0/etc/valkey.conf\0"sv, true},
      {"redis-server-7.2 *:6379"sv, true},
      {"/usr/bin/redis-sentinel *:26379 [sentinel]"sv, false},
      {"redis-server *:26379 [sentinel]"sv, false},
      {"/usr/bin/python3\0redis-server\0"sv, false},
      {"postgres"sv, false},
      {""sv, false},
  };
  for (const Row& row : rows) EXPECT_EQ(looks_like_server(row.command_line), row.expected) << row.command_line;
}

TEST(Process, FindsListenersOnThePortInTheKernelsTable) {
  const std::string_view table =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 "
      "0\n"
      "   1: 0100007F:18EB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4 30 10 "
      "-1\n"
      "   2: 0100007F:18EC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 "
      "0\n";

  EXPECT_THAT(listening_inodes(table, 6379), ElementsAre(111u));  // 0x18EB, and 222 is a connection.
  EXPECT_THAT(listening_inodes(table, 80), IsEmpty());
  EXPECT_THAT(listening_inodes("", 6379), IsEmpty());
}

TEST(Process, RefusesAProcessThatIsNoServer) {
  const auto process = ServerProcess::find(getpid(), 6379);
  ASSERT_FALSE(process);
  EXPECT_THAT(process.error(), HasSubstr("not a Redis or Valkey server"));
}

TEST(Process, KnowsWhichHostsAreThisOne) {
  EXPECT_TRUE(is_local_host("127.0.0.1"));
  EXPECT_TRUE(is_local_host("localhost"));
  EXPECT_FALSE(is_local_host("192.0.2.1"));  // RFC 5737: documentation only.
}

}  // namespace
}  // namespace sentinel
