// Splits what a client sends into requests: RESP arrays of bulk strings
// ("multibulk") and inline commands with quotes, as Redis reads them.
//
//   RequestParser parser;
//   std::span<char> room = parser.prepare();       // Read bytes into it ...
//   parser.commit(bytes_read);
//   while (parser.next(authenticated) == RequestParser::Step::Request) run(parser.arguments());
//   parser.release();                              // An idle client holds no buffer.
//
// Arguments are views into the buffer: no allocation an argument. Input that
// ends inside a request is kept and parsed on from there, never from its start.
//
// Limits are stock's, and stricter where stock would let one client take
// hundreds of megabytes. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/quoted_words.h"

namespace sentinel {

inline constexpr std::size_t kBulkBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kRequestElementsMax = std::size_t{1} << 20;
inline constexpr std::size_t kInlineBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kQueryBufferBytesMax = std::size_t{2} << 20;
inline constexpr std::size_t kReadBytes = std::size_t{16} << 10;
// Before a client has authenticated.
inline constexpr std::size_t kStrangerElementsMax = 10;
inline constexpr std::size_t kStrangerBulkBytesMax = 16384;

class RequestParser {
 public:
  enum class Step {
    NeedMore,  // The rest has not arrived.
    Request,   // arguments() holds at least one.
    Broken,    // error() says why; nothing after it can be understood.
  };

  // Room for kReadBytes or more. Invalidates arguments(). Empty if the query
  // buffer is full: the request in it is larger than is allowed.
  std::span<char> prepare();
  // REQUIRES: count <= prepare().size().
  void commit(std::size_t count);

  // Takes the next request. Invalidates the arguments of the one before.
  Step next(bool authenticated);

  std::span<const std::string_view> arguments() const { return arguments_; }

  // With its code, without the leading "-": "ERR Protocol error: ...".
  const std::string& error() const { return error_; }

  // What arrived and is not part of a request that next() returned.
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }

  // Frees the buffer if nothing is in it.
  void release();

  std::size_t memory_bytes() const { return capacity_ + pieces_.capacity() * sizeof(WordPlace); }

 private:
  Step next_inline();
  Step next_multibulk(bool authenticated);
  Step read_header(bool authenticated);
  Step read_bulk(bool authenticated);
  Step broken(std::string_view why);
  Step complete();

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // Of the request being read.
  std::size_t scan_ = 0;   // Up to here it is understood.
  std::size_t end_ = 0;

  std::int64_t elements_left_ = -1;  // -1: no header read yet.
  std::int64_t bulk_size_ = -1;      // -1: no bulk header read yet.
  std::vector<WordPlace> pieces_;    // Of the buffer, relative to begin_, which does not move inside a request.
  std::vector<std::string_view> arguments_;
  std::string error_;
};

}  // namespace sentinel
