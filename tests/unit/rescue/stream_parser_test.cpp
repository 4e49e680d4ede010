#include "sentinel/rescue/stream_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string command(const std::vector<std::string_view>& words) { return stream_command(words); }

TEST(StreamParser, reads_commands_that_come_in_any_pieces) {
  const std::string stream = command({"SELECT", "3"}) + command({"SET", "k", ""}) + command({"DEL", "a\r\nb", "*2"});
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    StreamParser parser;
    std::vector<std::string> seen;
    std::string bytes;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      parser.feed(std::string_view(stream).substr(at, piece));
      while (parser.next() == StreamParser::Step::Command) {
        std::string words;
        for (const auto word : parser.words()) words += "[" + std::string(word) + "]";
        seen.push_back(words);
        bytes += parser.bytes();
      }
      ASSERT_EQ(parser.error(), "");
    }
    EXPECT_THAT(seen, ElementsAre("[SELECT][3]", "[SET][k][]", "[DEL][a\r\nb][*2]")) << "pieces of " << piece;
    EXPECT_EQ(bytes, stream);
    EXPECT_EQ(parser.consumed(), stream.size());
    EXPECT_EQ(parser.pending(), 0U);
  }
}

TEST(StreamParser, says_what_is_no_stream_and_stays_broken) {
  for (const std::string_view bad :
       {"PING\r\n", "*0\r\n", "*1\r\n:5\r\n", "*1\r\n$-1\r\n", "*x\r\n", "\n", "*1\r\n$3\r\nabcd\r\n",
        "*99999999999999999999999\r\n", "*1234567890123456789012345"}) {
    StreamParser parser;
    parser.feed(bad);
    EXPECT_EQ(parser.next(), StreamParser::Step::Broken) << bad;
    EXPECT_NE(parser.error(), "");
    parser.feed(command({"SET", "k", "v"}));
    EXPECT_EQ(parser.next(), StreamParser::Step::Broken) << bad;
  }
}

TEST(StreamParser, has_a_limit_for_a_command) {
  StreamParser parser(64);
  parser.feed("*2\r\n$3\r\nSET\r\n$1000000\r\n");
  EXPECT_EQ(parser.next(), StreamParser::Step::Broken);
  EXPECT_THAT(parser.error(), HasSubstr("more than 64 bytes"));
  StreamParser many(64);
  std::string stream = "*30\r\n";
  for (int i = 0; i < 30; ++i) stream += "$1\r\nx\r\n";
  many.feed(stream);
  EXPECT_EQ(many.next(), StreamParser::Step::Broken) << "the whole command counts, not each word";
}

TEST(FindDatabase, takes_the_last_select_before_the_end) {
  const std::string stream =
      command({"SELECT", "3"}) + command({"SET", "k", "v"}) + command({"select", "7"}) + command({"PING"});
  EXPECT_EQ(find_database(stream), 7U);
  EXPECT_EQ(find_database(stream.substr(0, command({"SELECT", "3"}).size())), 3U);
  EXPECT_EQ(find_database(command({"SET", "k", "v"})), std::nullopt);
  EXPECT_EQ(find_database(""), std::nullopt);
}

TEST(FindDatabase, can_begin_inside_of_a_command) {
  const std::string first = command({"SET", "key", "a long value * of no meaning"});
  const std::string rest = command({"SELECT", "2"}) + command({"INCR", "n"});
  for (std::size_t cut = 1; cut < first.size(); ++cut) EXPECT_EQ(find_database(first.substr(cut) + rest), 2U) << cut;
}

TEST(FindDatabase, is_not_misled_by_a_value_that_looks_like_a_select) {
  const std::string trap = command({"SET", "key", command({"SELECT", "9"})});
  const std::string stream = command({"SELECT", "2"}) + trap + command({"INCR", "n"});
  EXPECT_EQ(find_database(stream), 2U);
  EXPECT_EQ(find_database(trap + command({"INCR", "n"})), std::nullopt);
}

}  // namespace
}  // namespace sentinel
