#include "common/resp/request_parser.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "common/check.h"

namespace sentinel {
namespace {

constexpr std::size_t kVectorKeepElements = 1024;  // More than this is given back after a large request.

// Up to its end, or as far as it has arrived: a line that is too long is so
// however it was cut.
std::size_t line_bytes(const char* line, const char* end, std::size_t arrived) {
  return end == nullptr ? arrived : static_cast<std::size_t>(end - line);
}

// Strict as stock: no sign but "-", no leading zero, no blanks.
std::optional<std::int64_t> parse_length(const char* text, std::size_t size) {
  if (size == 0 || size > 19) return std::nullopt;
  const bool negative = text[0] == '-';
  std::size_t at = negative ? 1 : 0;
  if (at == size || (text[at] == '0' && (size > 1))) return std::nullopt;
  std::int64_t value = 0;
  for (; at < size; ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    if (value > (std::numeric_limits<std::int64_t>::max() - 9) / 10) return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  return negative ? -value : value;
}

}  // namespace

std::span<char> RequestParser::prepare() {
  if (begin_ == end_) begin_ = scan_ = end_ = 0;
  if (capacity_ - end_ >= kReadBytes) return {buffer_.get() + end_, capacity_ - end_};

  const std::size_t used = end_ - begin_;
  if (used >= kQueryBufferBytesMax) return {};
  std::size_t wanted = std::max(used + kReadBytes, std::min(2 * used, kQueryBufferBytesMax));
  wanted = std::min(wanted, kQueryBufferBytesMax + kReadBytes);
  if (wanted > capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (used > 0) std::memcpy(larger.get(), buffer_.get() + begin_, used);
    buffer_ = std::move(larger);
    capacity_ = wanted;
  } else {
    std::memmove(buffer_.get(), buffer_.get() + begin_, used);
  }
  scan_ -= begin_;
  begin_ = 0;
  end_ = used;
  return {buffer_.get() + end_, capacity_ - end_};
}

void RequestParser::commit(std::size_t count) {
  CHECK(count <= capacity_ - end_);
  end_ += count;
}

void RequestParser::release() {
  if (begin_ != end_) return;
  arguments_.clear();
  buffer_.reset();
  capacity_ = begin_ = scan_ = end_ = 0;
  if (pieces_.capacity() > kVectorKeepElements) {
    pieces_ = {};
    arguments_ = {};
  }
}

RequestParser::Step RequestParser::next(bool authenticated) {
  if (!error_.empty()) return Step::Broken;
  while (begin_ < end_) {
    const bool multibulk = elements_left_ >= 0 || buffer_[begin_] == '*';
    const Step step = multibulk ? next_multibulk(authenticated) : next_inline();
    if (step != Step::Request || !pieces_.empty()) return step;
    // An empty request (blank line, "*0") is no request: read on.
  }
  return Step::NeedMore;
}

RequestParser::Step RequestParser::complete() {
  arguments_.clear();
  for (const WordPlace& piece : pieces_) arguments_.emplace_back(buffer_.get() + begin_ + piece.offset, piece.size);
  begin_ = scan_;
  elements_left_ = -1;
  return Step::Request;
}

RequestParser::Step RequestParser::broken(std::string_view why) {
  error_.assign("ERR Protocol error: ").append(why);
  arguments_.clear();
  return Step::Broken;
}

RequestParser::Step RequestParser::next_multibulk(bool authenticated) {
  if (elements_left_ < 0) {
    const Step header = read_header(authenticated);
    if (header != Step::Request) return header;
  }
  while (elements_left_ > 0) {
    const Step bulk = read_bulk(authenticated);
    if (bulk != Step::Request) return bulk;
    --elements_left_;
  }
  return complete();
}

RequestParser::Step RequestParser::read_header(bool authenticated) {
  pieces_.clear();
  char* const line = buffer_.get() + begin_;
  const std::size_t size = end_ - begin_;
  const auto* const cr = static_cast<const char*>(std::memchr(line, '\r', size));
  if (line_bytes(line, cr, size) > kInlineBytesMax) return broken("too big mbulk count string");
  if (cr == nullptr || cr + 1 >= line + size) return Step::NeedMore;

  const auto length = parse_length(line + 1, static_cast<std::size_t>(cr - line) - 1);
  if (!length || *length > static_cast<std::int64_t>(kRequestElementsMax)) return broken("invalid multibulk length");
  if (!authenticated && *length > static_cast<std::int64_t>(kStrangerElementsMax)) {
    return broken("unauthenticated multibulk length");
  }
  scan_ = begin_ + static_cast<std::size_t>(cr - line) + 2;
  elements_left_ = std::max<std::int64_t>(*length, 0);
  bulk_size_ = -1;
  return Step::Request;
}

RequestParser::Step RequestParser::read_bulk(bool authenticated) {
  if (bulk_size_ < 0) {
    const char* const line = buffer_.get() + scan_;
    const std::size_t size = end_ - scan_;
    const auto* const cr = static_cast<const char*>(std::memchr(line, '\r', size));
    if (line_bytes(line, cr, size) > kInlineBytesMax) return broken("too big bulk count string");
    if (cr == nullptr || cr + 1 >= line + size) return Step::NeedMore;
    if (*line != '$') return broken(std::string("expected '$', got '") + *line + "'");

    const auto length = parse_length(line + 1, static_cast<std::size_t>(cr - line) - 1);
    if (!length || *length < 0 || *length > static_cast<std::int64_t>(kBulkBytesMax)) {
      return broken("invalid bulk length");
    }
    if (!authenticated && *length > static_cast<std::int64_t>(kStrangerBulkBytesMax)) {
      return broken("unauthenticated bulk length");
    }
    scan_ += static_cast<std::size_t>(cr - line) + 2;
    bulk_size_ = *length;
  }
  const auto size = static_cast<std::size_t>(bulk_size_);
  if (end_ - scan_ < size + 2) return Step::NeedMore;
  pieces_.push_back({static_cast<std::uint32_t>(scan_ - begin_), static_cast<std::uint32_t>(size)});
  scan_ += size + 2;  // Stock does not look at the two bytes either.
  bulk_size_ = -1;
  return Step::Request;
}

RequestParser::Step RequestParser::next_inline() {
  char* const line = buffer_.get() + begin_;
  const std::size_t size = end_ - begin_;
  auto* const newline = static_cast<char*>(std::memchr(line, '\n', size));
  if (line_bytes(line, newline, size) > kInlineBytesMax) return broken("too big inline request");
  if (newline == nullptr) return Step::NeedMore;

  char* line_end = newline;
  if (line_end > line && line_end[-1] == '\r') --line_end;
  pieces_.clear();
  if (!split_quoted_words({line, line_end}, pieces_)) return broken("unbalanced quotes in request");
  scan_ = begin_ + static_cast<std::size_t>(newline - line) + 1;
  return complete();
}

}  // namespace sentinel
