#include "common/resp/reply_writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace sentinel {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

ReplyWriter& ReplyWriter::simple(std::string_view text) {
  out_ += '+';
  out_.append(text).append(kLineEnd);
  return *this;
}

ReplyWriter& ReplyWriter::error(std::string_view text) {
  out_ += '-';
  const std::size_t start = out_.size();
  out_.append(text);
  std::replace_if(
      out_.begin() + static_cast<std::ptrdiff_t>(start), out_.end(), [](char c) { return c == '\r' || c == '\n'; },
      ' ');
  out_.append(kLineEnd);
  return *this;
}

ReplyWriter& ReplyWriter::integer(std::int64_t value) {
  const fmt::format_int digits(value);
  out_ += ':';
  out_.append(digits.data(), digits.size()).append(kLineEnd);
  return *this;
}

ReplyWriter& ReplyWriter::bulk(std::string_view bytes) {
  header('$', bytes.size());
  out_.append(bytes).append(kLineEnd);
  return *this;
}

ReplyWriter& ReplyWriter::verbatim(std::string_view text) {
  if (version_ == RespVersion::Two) return bulk(text);
  header('=', text.size() + 4);
  out_.append("txt:").append(text).append("\r\n");
  return *this;
}

ReplyWriter& ReplyWriter::bulk_number(std::int64_t value) {
  const fmt::format_int digits(value);
  return bulk({digits.data(), digits.size()});
}

ReplyWriter& ReplyWriter::null() { return raw(version_ == RespVersion::Three ? "_\r\n" : "$-1\r\n"); }

ReplyWriter& ReplyWriter::null_array() { return raw(version_ == RespVersion::Three ? "_\r\n" : "*-1\r\n"); }

ReplyWriter& ReplyWriter::map(std::size_t pairs) {
  return version_ == RespVersion::Three ? header('%', pairs) : header('*', 2 * pairs);
}

ReplyWriter& ReplyWriter::raw(std::string_view frames) {
  out_.append(frames);
  return *this;
}

ReplyWriter& ReplyWriter::header(char kind, std::size_t count) {
  const fmt::format_int digits(count);
  out_ += kind;
  out_.append(digits.data(), digits.size()).append(kLineEnd);
  return *this;
}

}  // namespace sentinel
