#include "common/resp_reply.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sentinel {
namespace {

constexpr std::size_t kLineBytesMax = 64 * 1024;  // Of a simple string, an error or a number.
constexpr std::size_t kLineEndBytes = 2;
constexpr std::size_t kElementBytesMin = 3;  // "_\r\n": no element is shorter.

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

Reply::Kind container_kind(char type) {
  if (type == '%' || type == '|') return Reply::Kind::Map;
  if (type == '~') return Reply::Kind::Set;
  if (type == '>') return Reply::Kind::Push;
  return Reply::Kind::Array;
}

}  // namespace

std::optional<std::vector<std::string>> words_of(const Reply& reply) {
  if (reply.kind != Reply::Kind::Array) return std::nullopt;
  std::vector<std::string> words;
  words.reserve(reply.items.size());
  for (const Reply& item : reply.items) {
    if (!item.is_string()) return std::nullopt;
    words.push_back(item.text);
  }
  return words;
}

void ReplyParser::feed(std::string_view bytes) {
  if (at_ == buffer_.size()) {
    buffer_.clear();
    at_ = scanned_ = 0;
  } else if (at_ > buffer_.size() / 2) {  // Not on each feed: moving the rest must stay rare.
    buffer_.erase(0, at_);
    scanned_ = scanned_ > at_ ? scanned_ - at_ : 0;
    at_ = 0;
  }
  buffer_.append(bytes);
}

Result<std::optional<Reply>> ReplyParser::next() {
  while (!done_) {
    const Result<bool> more = step();
    if (!more) return unexpected(more.error());
    if (!*more) return std::optional<Reply>{};
  }
  reply_bytes_ = 0;
  return std::exchange(done_, std::nullopt);
}

Result<bool> ReplyParser::broken(std::string why) {
  error_ = std::move(why);
  return unexpected(error_);
}

// The line at at_, consumed; nullopt if its end has not come yet.
std::optional<std::string_view> ReplyParser::line() {
  const std::size_t end = buffer_.find("\r\n", std::max(at_, scanned_));
  if (end == std::string::npos) {
    scanned_ = buffer_.empty() ? 0 : buffer_.size() - 1;  // The \r may be there already.
    return std::nullopt;
  }
  const std::string_view text = std::string_view(buffer_).substr(at_, end - at_);
  at_ = end + 2;
  return text;
}

Result<bool> ReplyParser::step() {
  if (!error_.empty()) return unexpected(error_);
  if (bulk_) return read_bulk(bulk_type_);
  const std::size_t before = at_;
  const auto text = line();
  if (!text) {
    // The \r may be there already.
    if (buffer_.size() - at_ > kLineBytesMax + 1) return broken("line too long");
    return false;
  }
  if (text->size() > kLineBytesMax) return broken("line too long");
  reply_bytes_ += at_ - before;
  if (reply_bytes_ > limits_.bytes_max) return broken("reply too large");
  if (text->empty()) return broken("empty line where a reply should start");
  const char type = text->front();
  const std::string_view rest = text->substr(1);
  switch (type) {
    case '+':
      complete({.kind = Reply::Kind::Simple, .text = std::string(rest), .integer = 0, .items = {}});
      return true;
    case '-': complete({.kind = Reply::Kind::Error, .text = std::string(rest), .integer = 0, .items = {}}); return true;
    case ',':
    case '(':
      complete({.kind = Reply::Kind::Number, .text = std::string(rest), .integer = 0, .items = {}});
      return true;
    case '_': complete({}); return true;
    case '#': {
      if (rest != "t" && rest != "f") return broken("neither true nor false");
      complete({.kind = Reply::Kind::Boolean, .text = {}, .integer = rest == "t", .items = {}});
      return true;
    }
    case ':': {
      const auto value = parse_integer(rest);
      if (!value) return broken("not an integer");
      complete({.kind = Reply::Kind::Integer, .text = {}, .integer = *value, .items = {}});
      return true;
    }
    case '$':
    case '=':
    case '!': {
      const auto length = parse_integer(rest);
      if (!length || *length < -1) return broken("not the length of a string");
      if (*length == -1) {
        complete({});
        return true;
      }
      if (static_cast<std::uint64_t>(*length) + kLineEndBytes > limits_.bytes_max - reply_bytes_) {
        return broken("reply too large");
      }
      bulk_ = static_cast<std::size_t>(*length);
      bulk_type_ = type;
      return true;
    }
    case '*':
    case '%':
    case '~':
    case '>':
    case '|': return open_container(type, rest);
    default: return broken("unknown type of reply");
  }
}

Result<bool> ReplyParser::read_bulk(char type) {
  if (buffer_.size() - at_ < *bulk_ + 2) return false;
  std::string text = buffer_.substr(at_, *bulk_);
  if (buffer_.compare(at_ + *bulk_, 2, "\r\n") != 0) return broken("string longer than its length");
  at_ += *bulk_ + 2;
  reply_bytes_ += *bulk_ + 2;
  bulk_.reset();
  if (type == '=') {
    if (text.size() < 4 || text[3] != ':') return broken("verbatim string without a format");
    text.erase(0, 4);
  }
  const Reply::Kind kind = type == '!' ? Reply::Kind::Error : Reply::Kind::Bulk;
  complete({.kind = kind, .text = std::move(text), .integer = 0, .items = {}});
  return true;
}

Result<bool> ReplyParser::open_container(char type, std::string_view count) {
  const auto elements = parse_integer(count);
  if (!elements || *elements < -1) return broken("not a number of elements");
  if (*elements == -1) {
    complete({});
    return true;
  }
  const std::uint64_t pairs = type == '%' || type == '|' ? 2 : 1;
  if (static_cast<std::uint64_t>(*elements) > limits_.bytes_max / kElementBytesMin / pairs) {
    return broken("reply too large");
  }
  if (open_.size() >= limits_.depth_max) return broken("reply nested too deeply");
  const std::size_t missing = static_cast<std::size_t>(*elements) * pairs;
  Reply reply{.kind = container_kind(type), .text = {}, .integer = 0, .items = {}};
  if (missing == 0) {
    if (type != '|') complete(std::move(reply));
    return true;
  }
  open_.push_back({.reply = std::move(reply), .missing = missing, .attribute = type == '|'});
  return true;
}

// Puts a finished element where it belongs, which may finish what it is in.
void ReplyParser::complete(Reply reply) {
  while (!open_.empty()) {
    Open& parent = open_.back();
    parent.reply.items.push_back(std::move(reply));
    if (--parent.missing > 0) return;
    const bool attribute = parent.attribute;
    reply = std::move(parent.reply);
    open_.pop_back();
    if (attribute) return;
  }
  done_ = std::move(reply);
}

}  // namespace sentinel
