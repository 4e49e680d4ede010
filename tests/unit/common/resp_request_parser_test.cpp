#include "common/resp/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "common/rng.h"

namespace sentinel {
namespace {

using Request = std::vector<std::string>;
using testing::ElementsAre;
using testing::IsEmpty;

void feed(RequestParser& parser, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = parser.prepare();
    ASSERT_FALSE(room.empty()) << "the query buffer is full";
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    parser.commit(count);
    bytes.remove_prefix(count);
  }
}

struct Parsed {
  std::vector<Request> requests;
  std::string error;
};

// Feeds in pieces whose sizes `piece` chooses, and drains after each.
template <typename Piece>
Parsed parse(std::string_view bytes, Piece piece, bool authenticated = true) {
  RequestParser parser;
  Parsed result;
  while (!bytes.empty() && result.error.empty()) {
    const std::size_t count = std::min(bytes.size(), piece());
    feed(parser, bytes.substr(0, count));
    bytes.remove_prefix(count);
    RequestParser::Step step;
    while ((step = parser.next(authenticated)) == RequestParser::Step::Request) {
      result.requests.emplace_back(parser.arguments().begin(), parser.arguments().end());
    }
    if (step == RequestParser::Step::Broken) result.error = parser.error();
    parser.release();
  }
  return result;
}

Parsed parse(std::string_view bytes, bool authenticated = true) {
  return parse(
      bytes, [&] { return bytes.size(); }, authenticated);
}

std::string multibulk(const Request& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return text;
}

TEST(RequestParser, ReadsPipelinedRequestsOfBothForms) {
  const Parsed parsed = parse("PING\r\n*2\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\nsentinel  myid\n");
  EXPECT_THAT(parsed.requests, ElementsAre(Request{"PING"}, Request{"ECHO", "a\r\n"}, Request{"sentinel", "myid"}));
}

TEST(RequestParser, EmptyRequestsAreNoRequests) {
  EXPECT_THAT(parse("\r\n*0\r\n*-1\r\n   \r\nPING\r\n").requests, ElementsAre(Request{"PING"}));
}

TEST(RequestParser, InlineArgumentsAreUnquotedAsInStock) {
  EXPECT_THAT(parse("set \"a\\x41\\n\\\"\" 'b c\\'' d\"e f\"\r\n").requests,
              ElementsAre(Request{"set", "aA\n\"", "b c'", "de f"}));
  EXPECT_THAT(parse("a '' \"\"\r\n").requests, ElementsAre(Request{"a", "", ""}));
  EXPECT_THAT(parse("\va\vb \vc\r\n").requests, ElementsAre(Request{"a\vb", "c"}));
}

TEST(RequestParser, TheSameRequestsComeOutHoweverTheBytesAreSplit) {
  const std::vector<Request> requests{{"PING"},
                                      {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"},
                                      {"PUBLISH", "c", std::string(40000, 'x')},
                                      {"", "\r\n", std::string("\0\1", 2)}};
  std::string bytes;
  for (int repeat = 0; repeat < 3; ++repeat) {
    for (const Request& request : requests) bytes += multibulk(request);
    bytes += "inline 'two words' three\r\n";
  }
  const std::vector<Request> expected = parse(bytes).requests;
  ASSERT_EQ(expected.size(), 15U);

  EXPECT_EQ(parse(bytes, [] { return std::size_t{1}; }).requests, expected);
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    const auto some = [&] { return static_cast<std::size_t>(1 + rng.below(rng.below(2) == 0 ? 7 : 5000)); };
    EXPECT_EQ(parse(bytes, some).requests, expected) << "seed " << seed;
  }
}

TEST(RequestParser, BrokenRequestsNameTheirFaultInStocksWords) {
  struct Row {
    std::string bytes;
    std::string error;
    bool authenticated = true;
  };
  const std::vector<Row> rows{
      {"*x\r\n", "invalid multibulk length"},
      {"*\r\n", "invalid multibulk length"},
      {"*01\r\n", "invalid multibulk length"},
      {"*+1\r\n", "invalid multibulk length"},
      {"*1048577\r\n", "invalid multibulk length"},
      {"*99999999999999999999\r\n", "invalid multibulk length"},
      {"*1\r\n$-1\r\n", "invalid bulk length"},
      {"*1\r\n$x\r\n", "invalid bulk length"},
      {"*1\r\n$1048577\r\n", "invalid bulk length"},
      {"*1\r\n+a\r\n", "expected '$', got '+'"},
      {"*11\r\n", "unauthenticated multibulk length", false},
      {"*1\r\n$16385\r\n", "unauthenticated bulk length", false},
      {"ping 'a\r\n", "unbalanced quotes in request"},
      {"ping \"a\"b\r\n", "unbalanced quotes in request"},
      {std::string(70000, 'a'), "too big inline request"},
      {"*" + std::string(70000, '1'), "too big mbulk count string"},
      {"*1\r\n$" + std::string(70000, '1'), "too big bulk count string"},
  };
  for (const Row& row : rows) {
    const Parsed parsed = parse(row.bytes, row.authenticated);
    EXPECT_THAT(parsed.requests, IsEmpty()) << row.bytes.substr(0, 40);
    EXPECT_EQ(parsed.error, "ERR Protocol error: " + row.error) << row.bytes.substr(0, 40);
  }
}

TEST(RequestParser, ALineIsTooLongHoweverItIsCut) {
  const auto cut = [](std::string_view bytes) { return parse(bytes, [] { return kReadBytes; }); };
  const std::string longest(kInlineBytesMax, 'a');
  EXPECT_THAT(parse(longest + "\n").requests, ElementsAre(Request{longest}));
  EXPECT_THAT(cut(longest + "\n").requests, ElementsAre(Request{longest}));
  for (const std::string& bytes : {longest + "a\n", "*" + longest + "\r\n", "*1\r\n$" + longest + "\r\n"}) {
    const Parsed whole = parse(bytes);
    EXPECT_THAT(whole.error, testing::StartsWith("ERR Protocol error: too big")) << bytes.substr(0, 10);
    EXPECT_EQ(cut(bytes).error, whole.error) << bytes.substr(0, 10);
    EXPECT_THAT(whole.requests, IsEmpty()) << bytes.substr(0, 10);
  }
}

TEST(RequestParser, TheLargestAllowedBulkIsTaken) {
  const std::string large(kBulkBytesMax, 'z');
  EXPECT_THAT(parse(multibulk({"PUBLISH", "c", large})).requests, ElementsAre(Request{"PUBLISH", "c", large}));
}

TEST(RequestParser, ARequestLargerThanTheQueryBufferIsNotKept) {
  RequestParser parser;
  feed(parser, "*100\r\n");
  const std::string part = "$1000000\r\n" + std::string(1000000, 'a') + "\r\n";
  std::size_t taken = 0;
  bool full = false;
  for (int i = 0; i < 100 && !full; ++i) {
    for (std::size_t at = 0; at < part.size() && !full;) {
      const std::span<char> room = parser.prepare();
      full = room.empty();
      const std::size_t count = std::min(room.size(), part.size() - at);
      if (count > 0) std::memcpy(room.data(), part.data() + at, count);
      parser.commit(count);
      at += count;
      taken += count;
      ASSERT_EQ(parser.next(true), RequestParser::Step::NeedMore);
    }
  }
  EXPECT_TRUE(full);
  EXPECT_LE(taken, kQueryBufferBytesMax + kReadBytes);
  EXPECT_LE(parser.memory_bytes(), kQueryBufferBytesMax + 2 * kReadBytes);
}

TEST(RequestParser, WhatFollowsARequestCanBeHandedOver) {
  RequestParser parser;
  feed(parser, multibulk({"SENTINEL", "PEER", "HELLO"}) + "*1\r\n$3\r\nhal");
  ASSERT_EQ(parser.next(true), RequestParser::Step::Request);
  EXPECT_EQ(parser.unread(), "*1\r\n$3\r\nhal");
}

TEST(RequestParser, AnIdleParserHoldsNoBuffer) {
  RequestParser parser;
  feed(parser, "PING\r\n");
  ASSERT_EQ(parser.next(true), RequestParser::Step::Request);
  ASSERT_EQ(parser.next(true), RequestParser::Step::NeedMore);
  parser.release();
  EXPECT_LT(parser.memory_bytes(), 1024U);
}

TEST(RequestParser, RandomBytesNeverGoAstray) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    constexpr std::string_view kLikely = "*$\r\n0123456789-\"' \\xab\0";
    std::string bytes(2000, ' ');
    for (char& c : bytes) {
      c = rng.below(8) == 0 ? static_cast<char>(rng.below(256)) : kLikely[rng.below(kLikely.size())];
    }
    const Parsed whole = parse(bytes);
    Rng again(seed);
    const Parsed pieces = parse(bytes, [&] { return static_cast<std::size_t>(1 + again.below(9)); });
    EXPECT_EQ(whole.requests, pieces.requests) << "seed " << seed;
    EXPECT_EQ(whole.error, pieces.error) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sentinel
