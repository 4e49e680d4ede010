#include "sentinel/ctl/terminal.h"

#include <gtest/gtest.h>

#include "sentinel/ctl/connection.h"
#include "sentinel/ctl/table.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

TEST(Terminal, NumbersForPeople) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1200000), "1.2 MB");
  EXPECT_EQ(format_bytes(-2048), "-2.0 kB");
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(-1234), "-1,234");
  EXPECT_EQ(format_duration(999ms), "999 ms");
  EXPECT_EQ(format_duration(1500ms), "1.5 s");
  EXPECT_EQ(format_duration(125s), "2 min 5 s");
  EXPECT_EQ(format_duration(3h + 2min), "3 h 2 min");
}

TEST(Terminal, PaintsOnlyWhenAsked) {
  EXPECT_EQ((Style{.color = true, .unicode = false}.red("x")), "\x1b[31mx\x1b[0m");
  EXPECT_EQ((Style{.color = false, .unicode = false}.red("x")), "x");
}

TEST(Table, AlignsColumns) {
  EXPECT_EQ(render_table({{"A", "B"}, {"long", "1"}, {"s"}}, {.color = false, .unicode = false}),
            "A     B\nlong  1\ns\n");
}

TEST(Advice, SaysWhatToTry) {
  const Endpoint at{"10.0.0.1", 26379};
  struct Row {
    std::string text;
    const char* expected;
  };
  const Row rows[] = {
      {describe_network_error(at, ServerKind::Sentinel, ECONNREFUSED, ""), "10.0.0.1:26379: connection refused"},
      {describe_network_error(at, ServerKind::Sentinel, ECONNREFUSED, ""), "--sentinel"},
      {describe_network_error(at, ServerKind::Node, ETIMEDOUT, ""), "no answer in time"},
      {describe_network_error(at, ServerKind::Node, 0, "Protocol error"), "Protocol error"},
      {describe_server_error(at, ServerKind::Sentinel, "NOAUTH Authentication required."), "VIGIL_PASSWORD"},
      {describe_server_error(at, ServerKind::Node, "NOAUTH Authentication required."), "VIGIL_NODE_PASSWORD"},
      {describe_server_error(at, ServerKind::Node, "WRONGPASS invalid"), "--node-password-file"},
      {describe_server_error(at, ServerKind::Node, "NOPERM no"), "this user may not do that"},
      {describe_server_error(at, ServerKind::Node, "ERR odd"), "node 10.0.0.1:26379: ERR odd"},
  };
  for (const Row& row : rows) EXPECT_NE(row.text.find(row.expected), std::string::npos) << row.text;
}

}  // namespace
}  // namespace sentinel
