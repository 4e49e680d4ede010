// What servers and peers answer, RESP2 and RESP3 with pushes. However it is
// cut, the same replies and the same error come out; no reply exceeds the
// limits; and a reply that is written again reads as itself.
#include <vector>

#include "common/resp/reply_writer.h"
#include "common/resp_reply.h"
#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

// Those of links to servers and to peers, and some that short inputs reach.
constexpr ReplyLimits kLimits[] = {{.bytes_max = 1024 * 1024, .depth_max = 8},
                                   {.bytes_max = 64 * 1024, .depth_max = 1},
                                   {.bytes_max = 100, .depth_max = 2}};

bool equal(const Reply& a, const Reply& b) {
  return a.kind == b.kind && a.text == b.text && a.integer == b.integer &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), equal);
}

struct Parsed {
  std::vector<Reply> replies;
  std::string error;
  std::string unread;
};

bool equal(const Parsed& a, const Parsed& b) {
  return a.error == b.error && a.unread == b.unread &&
         std::equal(a.replies.begin(), a.replies.end(), b.replies.begin(), b.replies.end(),
                    [](const Reply& left, const Reply& right) { return equal(left, right); });
}

Parsed parse(std::string_view bytes, Cut cut, const ReplyLimits& limits) {
  ReplyParser parser(limits);
  Parsed parsed;
  in_pieces(bytes, cut, [&](std::string_view piece) {
    parser.feed(piece);
    for (;;) {
      auto next = parser.next();
      if (!next) {
        parsed.error = next.error();
        CHECK(!parsed.error.empty());
        CHECK(!parser.next());
        return false;
      }
      if (!*next) return true;
      parsed.replies.push_back(std::move(**next));
    }
  });
  if (parsed.error.empty()) parsed.unread = parser.unread();
  return parsed;
}

// The fewest bytes that can say it: each element has a type and a line end.
std::size_t bytes_least(const Reply& reply) {
  std::size_t sum = 3 + reply.text.size();
  for (const Reply& item : reply.items) sum += bytes_least(item);
  return sum;
}

std::size_t depth(const Reply& reply) {
  const bool container = reply.kind == Reply::Kind::Array || reply.kind == Reply::Kind::Map ||
                         reply.kind == Reply::Kind::Set || reply.kind == Reply::Kind::Push;
  std::size_t deepest = 0;
  for (const Reply& item : reply.items) deepest = std::max(deepest, depth(item));
  return deepest + (container && !reply.items.empty() ? 1 : 0);
}

bool one_line(std::string_view text) { return text.find_first_of("\r\n") == std::string_view::npos; }

void write(ReplyWriter& writer, const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::Simple:
      one_line(reply.text) ? writer.simple(reply.text) : writer.raw("+" + reply.text + "\r\n");
      break;
    case Reply::Kind::Error:
      one_line(reply.text) ? writer.error(reply.text)
                           : writer.raw("!" + std::to_string(reply.text.size()) + "\r\n" + reply.text + "\r\n");
      break;
    case Reply::Kind::Integer: writer.integer(reply.integer); break;
    case Reply::Kind::Bulk: writer.bulk(reply.text); break;
    case Reply::Kind::Null: writer.null(); break;
    case Reply::Kind::Boolean: writer.raw(reply.integer != 0 ? "#t\r\n" : "#f\r\n"); break;
    case Reply::Kind::Number: writer.raw("," + reply.text + "\r\n"); break;
    case Reply::Kind::Array: writer.array(reply.items.size()); break;
    case Reply::Kind::Map:
      CHECK(reply.items.size() % 2 == 0);
      writer.map(reply.items.size() / 2);
      break;
    case Reply::Kind::Set: writer.set(reply.items.size()); break;
    case Reply::Kind::Push: writer.push(reply.items.size()); break;
  }
  for (const Reply& item : reply.items) write(writer, item);
}

// What RESP2 leaves of it.
Reply in_resp2(Reply reply) {
  if (reply.kind == Reply::Kind::Map || reply.kind == Reply::Kind::Set || reply.kind == Reply::Kind::Push) {
    reply.kind = Reply::Kind::Array;
  }
  for (Reply& item : reply.items) item = in_resp2(std::move(item));
  return reply;
}

void check(std::string_view bytes, const ReplyLimits& limits) {
  const Parsed whole = parse(bytes, Cut::Whole, limits);
  for (const Cut cut : kCuts) CHECK(equal(parse(bytes, cut, limits), whole));

  std::string three, two;
  Parsed expected_two;
  for (const Reply& reply : whole.replies) {
    CHECK(bytes_least(reply) <= limits.bytes_max);
    CHECK(depth(reply) <= limits.depth_max);
    CHECK(!words_of(reply) || words_of(reply)->size() == reply.items.size());
    ReplyWriter writer_three(three, RespVersion::Three), writer_two(two, RespVersion::Two);
    write(writer_three, reply);
    write(writer_two, reply);
    expected_two.replies.push_back(in_resp2(reply));
  }
  CHECK(equal(parse(three, Cut::Whole, {.bytes_max = 2 * limits.bytes_max, .depth_max = limits.depth_max}),
              {.replies = whole.replies, .error = {}, .unread = {}}));
  CHECK(
      equal(parse(two, Cut::Whole, {.bytes_max = 2 * limits.bytes_max, .depth_max = limits.depth_max}), expected_two));
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = sentinel::expand_runs(sentinel::text_of(data, size));
  for (const sentinel::ReplyLimits& limits : sentinel::kLimits) sentinel::check(bytes, limits);
  return 0;
}
