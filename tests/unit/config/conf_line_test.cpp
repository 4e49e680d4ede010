// Lines of a sentinel.conf: what redis makes of quotes, and the way back.
#include "sentinel/config/conf/conf_line.h"

#include <gtest/gtest.h>

namespace sentinel::conf {
namespace {

using Words = std::vector<std::string>;

struct SplitCase {
  const char* line;
  std::optional<Words> words;
};

TEST(ConfLine, WordsAreSplitAsRedisSplitsThem) {
  const SplitCase cases[] = {
      {"", Words{}},
      {"  \t ", Words{}},
      {"port 26379", Words{"port", "26379"}},
      {"  port\t26379  ", Words{"port", "26379"}},
      {R"(requirepass "a b")", Words{"requirepass", "a b"}},
      {R"(a "\x41\n\r\t\a\b\"\\\q")", Words{"a", "A\n\r\t\a\b\"\\q"}},
      {R"(a "\xZZ")", Words{"a", "xZZ"}},
      {R"(a "\x4")", Words{"a", "x4"}},
      {R"(a 'b \n "c" \' d')", Words{"a", R"(b \n "c" ' d)"}},
      {R"(a "" '')", Words{"a", "", ""}},
      {R"(a b"c d")", Words{"a", "bc d"}},
      {R"(a \x41)", Words{"a", R"(\x41)"}},
      {R"(a "b)", std::nullopt},
      {R"(a 'b)", std::nullopt},
      {R"(a "b"c)", std::nullopt},
      {R"(a 'b'c)", std::nullopt},
      {R"(a "b\")", std::nullopt},
      {"a\vb", Words{"a\vb"}},
      {"a \vb", Words{"a", "b"}},
  };
  for (const SplitCase& it : cases) EXPECT_EQ(split_words(it.line), it.words) << it.line;
}

TEST(ConfLine, ALineEndsAtAZeroByte) { EXPECT_EQ(split_words(std::string_view("a b\0c d", 7)), (Words{"a", "b"})); }

TEST(ConfLine, EveryByteSurvivesPrintingAndReading) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(split_words("sentinel auth-pass m " + print_word(all)), (Words{"sentinel", "auth-pass", "m", all}));
  EXPECT_EQ(print_word(all).find('\n'), std::string::npos);
}

TEST(ConfLine, PlainWordsStayAsTheyAre) {
  EXPECT_EQ(print_word("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(print_word("a b"), R"("a b")");
  EXPECT_EQ(print_word(""), R"("")");
  EXPECT_EQ(print_word("x\nsentinel monitor"), R"("x\nsentinel monitor")");
  EXPECT_EQ(print_word("\xc3\xa4"), R"("\xc3\xa4")");
}

TEST(ConfLine, ALastLineEndBeginsNoLine) {
  EXPECT_EQ(split_lines("a\nb\n").size(), 2U);
  EXPECT_EQ(split_lines("a\n\nb").size(), 3U);
  EXPECT_TRUE(split_lines("").empty());
}

}  // namespace
}  // namespace sentinel::conf
