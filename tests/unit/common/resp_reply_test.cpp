#include "common/resp_reply.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sentinel {
namespace {

// A compact form to compare with: kinds as letters, containers in brackets.
std::string show(const Reply& reply) {
  const auto items = [&](const char* open, const char* close) {
    std::string text = open;
    for (std::size_t i = 0; i < reply.items.size(); ++i) text += (i ? " " : "") + show(reply.items[i]);
    return text + close;
  };
  switch (reply.kind) {
    case Reply::Kind::Simple: return "+" + reply.text;
    case Reply::Kind::Error: return "-" + reply.text;
    case Reply::Kind::Integer: return ":" + std::to_string(reply.integer);
    case Reply::Kind::Bulk: return "'" + reply.text + "'";
    case Reply::Kind::Null: return "null";
    case Reply::Kind::Boolean: return reply.integer ? "true" : "false";
    case Reply::Kind::Number: return "," + reply.text;
    case Reply::Kind::Array: return items("[", "]");
    case Reply::Kind::Map: return items("{", "}");
    case Reply::Kind::Set: return items("~[", "]");
    case Reply::Kind::Push: return items(">[", "]");
  }
  return "?";
}

// Everything that the bytes hold, cut into pieces of `piece` bytes.
std::vector<std::string> parse(std::string_view bytes, std::size_t piece, ReplyLimits limits = {}) {
  ReplyParser parser(limits);
  std::vector<std::string> replies;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    parser.feed(bytes.substr(at, piece));
    for (;;) {
      auto next = parser.next();
      if (!next) {
        replies.push_back("broken: " + next.error());
        return replies;
      }
      if (!*next) break;
      replies.push_back(show(**next));
    }
  }
  if (!parser.unread().empty()) replies.push_back("unread");
  return replies;
}

struct Row {
  const char* bytes;
  std::vector<std::string> replies;
};

TEST(ReplyParser, reads_every_type_however_the_bytes_are_cut) {
  const std::vector<Row> rows = {
      {"+OK\r\n", {"+OK"}},
      {"+\r\n", {"+"}},
      {"-ERR no\r\n:-7\r\n", {"-ERR no", ":-7"}},
      {"$5\r\na\r\nbc\r\n", {"'a\r\nbc'"}},
      {"$0\r\n\r\n$-1\r\n*-1\r\n_\r\n", {"''", "null", "null", "null"}},
      {"*0\r\n*2\r\n$1\r\na\r\n:3\r\n", {"[]", "['a' :3]"}},
      {"*2\r\n*1\r\n*0\r\n+x\r\n", {"[[[]] +x]"}},
      {"%1\r\n$1\r\nk\r\n$1\r\nv\r\n", {"{'k' 'v'}"}},
      {"~2\r\n#t\r\n#f\r\n,1.5\r\n(123456789012345678901234567890\r\n",
       {"~[true false]", ",1.5", ",123456789012345678901234567890"}},
      {"=7\r\ntxt:abc\r\n!5\r\nERR x\r\n", {"'abc'", "-ERR x"}},
      {">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n+PONG\r\n", {">['message' 'c' 'p']", "+PONG"}},
      {"|1\r\n+ttl\r\n:9\r\n*1\r\n|1\r\n+a\r\n+b\r\n+x\r\n", {"[+x]"}},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 4096u})
      EXPECT_EQ(parse(row.bytes, piece), row.replies) << row.bytes;
  }
}

TEST(ReplyParser, keeps_what_is_not_whole_yet) {
  EXPECT_EQ(parse("+OK", 1), std::vector<std::string>{"unread"});
  EXPECT_EQ(parse("$3\r\nab", 1), std::vector<std::string>{"unread"});
  EXPECT_EQ(parse("*2\r\n+a\r\n+", 1), std::vector<std::string>{"unread"});
}

TEST(ReplyParser, tells_a_broken_stream_from_a_short_one) {
  for (const char* bytes : {"hello\r\n", "\r\n", ":x\r\n", ":\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n", "*x\r\n", "#x\r\n",
                            "$1\r\nabc\r\n", "=3\r\nabc\r\n", "$?\r\n", ":99999999999999999999\r\n"}) {
    const auto replies = parse(bytes, 4096);
    ASSERT_EQ(replies.size(), 1u) << bytes;
    EXPECT_EQ(replies[0].rfind("broken: ", 0), 0u) << bytes << " gave " << replies[0];
  }
}

TEST(ReplyParser, stays_broken_once_it_was) {
  ReplyParser parser;
  parser.feed("?\r\n+OK\r\n");
  EXPECT_FALSE(parser.next());
  parser.feed("+OK\r\n");
  EXPECT_FALSE(parser.next());
}

TEST(ReplyParser, refuses_what_exceeds_its_limits_before_reading_it) {
  const ReplyLimits limits{.bytes_max = 100, .depth_max = 2};
  EXPECT_EQ(parse("$101\r\n", 4096, limits), std::vector<std::string>{"broken: reply too large"});
  EXPECT_EQ(parse("*1000000000\r\n", 4096, limits), std::vector<std::string>{"broken: reply too large"});
  EXPECT_EQ(parse("%9223372036854775807\r\n", 4096, limits), std::vector<std::string>{"broken: reply too large"});
  EXPECT_EQ(parse("*1\r\n*1\r\n*1\r\n", 4096, limits), std::vector<std::string>{"broken: reply nested too deeply"});
  std::string many = "*30\r\n";
  for (int i = 0; i < 30; ++i) many += "$3\r\nabc\r\n";
  EXPECT_EQ(parse(many, 4096, limits), std::vector<std::string>{"broken: reply too large"});
  // Each reply counts alone.
  std::string replies;
  for (int i = 0; i < 50; ++i) replies += "+twenty bytes or so\r\n";
  EXPECT_EQ(parse(replies, 4096, limits).size(), 50u);
  EXPECT_EQ(parse(std::string(70000, '+'), 4096), std::vector<std::string>{"broken: line too long"});
}

TEST(ReplyParser, a_line_is_too_long_however_it_is_cut) {
  const std::string longest = "+" + std::string(64 * 1024 - 1, 'a');
  for (const std::size_t piece : {std::size_t{1}, std::size_t{16 * 1024}, longest.size() + 1, 2 * longest.size()}) {
    EXPECT_EQ(parse(longest + "\r\n", piece), std::vector<std::string>{longest}) << piece;
    EXPECT_EQ(parse(longest + "a\r\n", piece), std::vector<std::string>{"broken: line too long"}) << piece;
  }
}

TEST(ReplyParser, the_line_end_of_the_last_string_counts_too) {
  const ReplyLimits limits{.bytes_max = 100, .depth_max = 2};
  EXPECT_EQ(parse("$93\r\n" + std::string(93, 'a') + "\r\n", 4096, limits).at(0).size(), 95u);
  EXPECT_EQ(parse("$94\r\n", 4096, limits), std::vector<std::string>{"broken: reply too large"});
}

TEST(ReplyParser, words_of_takes_arrays_of_strings_only) {
  const auto one = [](std::string_view bytes) {
    ReplyParser parser;
    parser.feed(bytes);
    return **parser.next();
  };
  EXPECT_EQ(words_of(one("*2\r\n$1\r\na\r\n+b\r\n")), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(words_of(one("*0\r\n")), std::vector<std::string>{});
  EXPECT_EQ(words_of(one("*2\r\n$1\r\na\r\n:1\r\n")), std::nullopt);
  EXPECT_EQ(words_of(one("+a\r\n")), std::nullopt);
  EXPECT_EQ(words_of(one("%1\r\n+a\r\n+b\r\n")), std::nullopt);
}

}  // namespace
}  // namespace sentinel
