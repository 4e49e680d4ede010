#include "common/resp/text.h"

#include <gtest/gtest.h>

#include <string>

namespace sentinel {
namespace {

TEST(Glob, MatchesAsStockDoes) {
  struct Row {
    std::string_view pattern;
    std::string_view text;
    bool matches;
  };
  const Row rows[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "abc", true},
      {"a*", "abc", true},
      {"*c", "abc", true},
      {"*b*", "abc", true},
      {"a**c", "abc", true},
      {"a*d", "abc", false},
      {"?", "", false},
      {"???", "abc", true},
      {"a?c", "abc", true},
      {"[-+]sdown", "+sdown", true},
      {"[-+]sdown", "-sdown", true},
      {"[-+]sdown", "~sdown", false},
      {"[a-c]x", "bx", true},
      {"[c-a]x", "bx", true},
      {"[^a-c]x", "bx", false},
      {"[^a-c]x", "dx", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"[\\]]", "]", true},
      {"[abc", "c", true},
      {"*a*b", "xaxbxb", true},
      {"*ab", "aab", true},
      {"+switch-master", "+switch-master", true},
      {"A", "a", false},
  };
  for (const Row& row : rows)
    EXPECT_EQ(glob_matches(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
}

TEST(Glob, IgnoresCaseWhenAsked) {
  EXPECT_TRUE(glob_matches("ANNOUNCE-*", "announce-ip", LetterCase::Ignore));
  EXPECT_TRUE(glob_matches("[A-C]", "b", LetterCase::Ignore));
}

TEST(Glob, ManyStarsCostNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(1000, 'a')));
}

TEST(Word, ComparesWithoutCaseAndWithLength) {
  EXPECT_TRUE(is_word("GeT-Master", "get-master"));
  EXPECT_FALSE(is_word("get", "gets"));
  EXPECT_FALSE(is_word("gets", "get"));
}

}  // namespace
}  // namespace sentinel
