// What peers send. An input that starts with "*" is a stream of frames, read
// as a peer's connection reads it; any other is the words of one message, one a
// line. A message that decodes encodes to one that decodes to the same, also
// with words behind it, and its frame is far below the limit of a frame.
#include "sentinel/core/peer_message.h"

#include "common/resp_reply.h"
#include "sentinel/core/limits.h"
#include "sentinel/net/resp_command.h"
#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

constexpr ReplyLimits kFrameLimits{.bytes_max = 64 * 1024, .depth_max = 1};
constexpr std::size_t kFrameBytesExpectedMax = 1024;

void check_message(const Words& words) {
  const auto message = decode(words);
  if (!message) {
    CHECK(!message.error().empty());
    return;
  }
  Words written = encode(*message);
  CHECK(written.at(0) == words.at(0) && written.size() <= words.size());
  CHECK(decode(written) == *message);
  CHECK(!decode(Words(written.begin(), written.end() - 1)));

  std::string frame;
  append_command(frame, written);
  CHECK(frame.size() <= kFrameBytesExpectedMax);
  ReplyParser parser(kFrameLimits);
  parser.feed(frame);
  const auto reply = parser.next();
  CHECK(reply && *reply && parser.unread().empty());
  CHECK(words_of(**reply) == written);

  written.push_back("from a newer version");
  CHECK(decode(written) == *message);
}

void check_frames(std::string_view bytes) {
  ReplyParser parser(kFrameLimits);
  parser.feed(bytes);
  for (;;) {
    const auto reply = parser.next();
    if (!reply || !*reply) return;
    const auto words = words_of(**reply);
    if (!words || words->size() < 3) continue;
    check_message(Words(words->begin() + 2, words->end()));  // Behind SENTINEL PEER.
  }
}

void check(std::string_view bytes) {
  if (bytes.starts_with('*')) return check_frames(bytes);
  Words words;
  for (std::size_t at = 0; at <= bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    words.emplace_back(bytes.substr(at, end - at));
    at = end + 1;
  }
  check_message(words);
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sentinel::check(sentinel::expand_runs(sentinel::text_of(data, size)));
  return 0;
}
