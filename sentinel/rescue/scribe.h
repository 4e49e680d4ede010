// Scribe turns a replication stream into the text of a rescue file, and counts what is in it.
//
//   Scribe scribe(database_at_the_start, {.file_bytes_max = 256 << 20});
//   if (auto written = scribe.take(bytes); !written) ...   // The stream is broken, or a limit is reached.
//   file.append(scribe.text());                             // And so on, until the end of the stream.
//
// The text is RESP, a SELECT first, so that `redis-cli --pipe` and every AOF reader understand it. It grows by whole
// commands, and by whole transactions: what follows an open MULTI waits for its EXEC. The link's own commands and
// messages to subscribers are left out. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "common/result.h"
#include "sentinel/rescue/stream_parser.h"

namespace sentinel {

inline constexpr std::size_t kKeysCountedMax = 1'000'000;  // Distinct ones; then the count is "at least".

struct ScribeLimits {
  std::uint64_t file_bytes_max = std::uint64_t{256} << 20;
  std::size_t command_bytes_max = kStreamCommandBytesMax;
};

struct ScribeCounts {
  std::uint64_t stream_bytes = 0;  // Of the stream, up to where the file's text ends.
  std::uint64_t file_bytes = 0;
  std::uint64_t commands = 0;  // Writes.
  std::uint64_t transactions = 0;
  std::uint64_t messages = 0;                   // Left out.
  std::size_t keys = 0;                         // Distinct, by database and name.
  bool keys_exact = true;                       // false: at least so many.
  std::map<unsigned, std::uint64_t> databases;  // Writes in each.
};

class Scribe {
 public:
  Scribe(unsigned database, ScribeLimits limits);

  // The error says why the rest can't be taken; text() and counts() stay good.
  Result<void> take(std::string_view bytes);

  // What came to the file's text since the last call.
  std::string text() { return std::exchange(text_, {}); }
  const ScribeCounts& counts() const { return counts_; }

 private:
  Result<void> take_command();
  void count(std::span<const std::string_view> words);

  ScribeLimits limits_;
  StreamParser parser_;
  unsigned database_;
  bool in_transaction_ = false;
  std::string draft_;  // Of an open transaction.
  std::string text_;
  ScribeCounts counts_;
  ScribeCounts drafted_;  // As counts_ will be once the open transaction is whole.
  std::unordered_set<std::uint64_t> key_hashes_;
};

}  // namespace sentinel
