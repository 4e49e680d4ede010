// The arguments of vigil-sentinel, and of the programs it stands in for.
#include "sentinel/command_line.h"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

using Wish = CommandLine::Wish;

TEST(CommandLine, DirectivesBecomeTheLinesThatRedisSentinelMakesOfThem) {
  struct Case {
    std::vector<std::string> arguments;
    const char* options;
  };
  const Case cases[] = {
      {{"s.conf"}, ""},
      {{"s.conf", "--sentinel"}, "sentinel\n"},
      {{"s.conf", "--port", "26380"}, "port \"26380\"\n"},
      {{"s.conf", "--port 26380"}, "port 26380\n"},
      {{"s.conf", "--sentinel", "--port", "1"}, "sentinel\nport \"1\"\n"},
      {{"s.conf", "--bind", "10.0.0.1", "::1", "--daemonize", "no"}, "bind \"10.0.0.1\" \"::1\"\ndaemonize \"no\"\n"},
      {{"s.conf", "--sentinel", "monitor", "m", "127.0.0.1", "6379", "2"},
       "sentinel \"monitor\" \"m\" \"127.0.0.1\" \"6379\" \"2\"\n"},
      {{"s.conf", "--requirepass", "--odd"}, "requirepass \"--odd\"\n"},
      {{"s.conf", "--requirepass", "a\nport 1"}, "requirepass \"a\\nport 1\"\n"},
  };
  for (const Case& it : cases) {
    const CommandLine line = parse_command_line("/usr/bin/redis-sentinel", it.arguments);
    EXPECT_EQ(line.wish, Wish::Run);
    EXPECT_EQ(line.file, "s.conf");
    EXPECT_EQ(line.options, it.options);
  }
}

TEST(CommandLine, AServersNameNeedsTheSwitch) {
  EXPECT_EQ(parse_command_line("redis-server", {"s.conf"}).wish, Wish::Refuse);
  EXPECT_EQ(parse_command_line("redis-server", {"s.conf", "--sentinel"}).wish, Wish::Run);
  EXPECT_EQ(parse_command_line("valkey-sentinel", {"s.conf"}).wish, Wish::Run);
}

TEST(CommandLine, AFileIsNeededAndCannotBeStdin) {
  EXPECT_EQ(parse_command_line("redis-sentinel", {}).wish, Wish::NoFile);
  EXPECT_EQ(parse_command_line("redis-sentinel", {"-"}).wish, Wish::NoFile);
  EXPECT_EQ(parse_command_line("redis-sentinel", {"--port", "1"}).wish, Wish::NoFile);
}

TEST(CommandLine, VersionsAndHelpAreSaid) {
  EXPECT_EQ(parse_command_line("vigil-sentinel", {"--version"}).text.rfind("vigil-sentinel ", 0), 0U);
  // What scripts look for.
  EXPECT_NE(parse_command_line("redis-sentinel", {"-v"}).text.find("Redis server v="), std::string::npos);
  EXPECT_EQ(parse_command_line("vigil-sentinel", {"-h"}).wish, Wish::Say);
}

TEST(CommandLine, CheckMayStandAnywhere) {
  EXPECT_EQ(parse_command_line("vigil-sentinel", {"--check", "s.conf"}).wish, Wish::Check);
  EXPECT_EQ(parse_command_line("vigil-sentinel", {"s.conf", "--check"}).wish, Wish::Check);
  EXPECT_EQ(parse_command_line("vigil-sentinel", {"s.conf", "other"}).wish, Wish::Refuse);
}

}  // namespace
}  // namespace sentinel
