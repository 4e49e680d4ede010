// What clients send. However it is cut, the same requests and the same error
// come out; bytes that did not arrive are not read; memory follows what
// arrived; and a request written as RESP reads as itself.
#include <sanitizer/asan_interface.h>

#include <cstring>
#include <vector>

#include "common/resp/reply_writer.h"
#include "common/resp/request_parser.h"
#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

struct Parsed {
  std::vector<std::vector<std::string>> requests;
  std::string error;
  std::string unread;
  bool operator==(const Parsed&) const = default;
};

// Copies into the parser's buffer and makes what lies behind it untouchable.
void fill(RequestParser& parser, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = parser.prepare();
    CHECK(room.size() >= kReadBytes);
    ASAN_UNPOISON_MEMORY_REGION(room.data(), room.size());
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    parser.commit(count);
    ASAN_POISON_MEMORY_REGION(room.data() + count, room.size() - count);
    bytes.remove_prefix(count);
  }
}

Parsed parse(std::string_view bytes, Cut cut, bool authenticated) {
  RequestParser parser;
  Parsed parsed;
  in_pieces(bytes, cut, [&](std::string_view piece) {
    fill(parser, piece);
    RequestParser::Step step;
    while ((step = parser.next(authenticated)) == RequestParser::Step::Request) {
      CHECK(!parser.arguments().empty());
      parsed.requests.emplace_back(parser.arguments().begin(), parser.arguments().end());
    }
    if (step == RequestParser::Step::Broken) parsed.error = parser.error();
    CHECK((step == RequestParser::Step::Broken) == !parser.error().empty());
    parser.release();
    // Twice what arrived, a read ahead, and eight bytes for every other byte.
    CHECK(parser.memory_bytes() <= 10 * bytes.size() + 2 * kReadBytes);
    return step != RequestParser::Step::Broken;
  });
  if (parsed.error.empty()) parsed.unread = parser.unread();
  if (!parsed.error.empty()) CHECK(parser.next(authenticated) == RequestParser::Step::Broken);
  return parsed;
}

void check(std::string_view bytes, bool authenticated) {
  const Parsed whole = parse(bytes, Cut::Whole, authenticated);
  for (const Cut cut : kCuts) CHECK(parse(bytes, cut, authenticated) == whole);

  std::string written;
  for (const auto& request : whole.requests) {
    ReplyWriter writer(written, RespVersion::Two);
    writer.array(request.size());
    for (const std::string& word : request) {
      CHECK(word.size() <= kBulkBytesMax);
      writer.bulk(word);
    }
  }
  const Parsed again = parse(written, Cut::Whole, true);
  CHECK(again.requests == whole.requests);
  CHECK(again.error.empty() && again.unread.empty());
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = sentinel::expand_runs(sentinel::text_of(data, size));
  sentinel::check(bytes, true);
  sentinel::check(bytes, false);
  return 0;
}
