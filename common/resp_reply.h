// Reads what a RESP server answers, RESP2 and RESP3 with push frames, from
// bytes that arrive in any pieces.
//
//   ReplyParser parser;
//   parser.feed(bytes);
//   for (;;) {
//     auto next = parser.next();
//     if (!next) return close(next.error());  // The stream is broken: nothing after this can be read.
//     if (!*next) break;                      // Needs more bytes.
//     handle(std::move(**next));
//   }
//
// Each byte is looked at once, however the bytes are cut. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace sentinel {

struct Reply {
  enum class Kind {
    Simple,   // +OK
    Error,    // -ERR words, or a RESP3 blob error. `text` is without the minus.
    Integer,  // :1
    Bulk,     // $2: also RESP3 verbatim strings, without their "txt:".
    Null,     // $-1, *-1, _
    Boolean,  // #t: `integer` is 0 or 1.
    Number,   // RESP3 double or big number, as its text.
    Array,    // *
    Map,      // %: items are key, value, key, value.
    Set,      // ~
    Push,     // >: not an answer to anything.
  };
  Kind kind = Kind::Null;
  std::string text;
  std::int64_t integer = 0;
  std::vector<Reply> items;

  bool is_error() const { return kind == Kind::Error; }
  bool is_string() const { return kind == Kind::Simple || kind == Kind::Bulk; }
  bool is_ok() const { return kind == Kind::Simple && text == "OK"; }
};

// The texts of an array's elements if all of them are strings, as a request's
// are; nullopt otherwise.
std::optional<std::vector<std::string>> words_of(const Reply& reply);

struct ReplyLimits {
  std::size_t bytes_max = 1024 * 1024;  // One whole reply with everything in it.
  std::size_t depth_max = 8;            // Arrays within arrays.
};

class ReplyParser {
 public:
  explicit ReplyParser(ReplyLimits limits = {}) : limits_(limits) {}

  void feed(std::string_view bytes);

  // The next whole reply; nullopt if it needs more bytes; an error if these
  // bytes can't be RESP or exceed a limit, and then forever.
  Result<std::optional<Reply>> next();

  // Bytes fed that no reply has used yet.
  std::string_view unread() const { return std::string_view(buffer_).substr(at_); }

 private:
  // A container that is being filled.
  struct Open {
    Reply reply;
    std::size_t missing = 0;
    bool attribute = false;  // Metadata in front of a reply: read and dropped.
  };

  Result<bool> step();  // One element. false: needs more bytes.
  Result<bool> read_bulk(char type);
  Result<bool> open_container(char type, std::string_view count);
  void complete(Reply reply);
  std::optional<std::string_view> line();
  Result<bool> broken(std::string why);

  ReplyLimits limits_;
  std::string buffer_;
  std::size_t at_ = 0;               // The first byte of buffer_ that is not used.
  std::size_t scanned_ = 0;          // No line end before this one.
  std::size_t reply_bytes_ = 0;      // Used by the reply that is being read.
  std::optional<std::size_t> bulk_;  // The length of the string whose bytes are awaited.
  char bulk_type_ = '$';
  std::vector<Open> open_;
  std::optional<Reply> done_;
  std::string error_;
};

}  // namespace sentinel
