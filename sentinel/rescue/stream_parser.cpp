#include "sentinel/rescue/stream_parser.h"

#include <strings.h>

#include <limits>

#include "common/endpoint.h"

namespace sentinel {
namespace {

constexpr std::size_t kHeaderBytesMax = 24;  // A type, a 64-bit number, a line end.
constexpr unsigned kDatabaseMax = 1'000'000;

bool same_name(std::string_view word, std::string_view name) {
  return word.size() == name.size() && ::strncasecmp(word.data(), name.data(), name.size()) == 0;
}

}  // namespace

void StreamParser::feed(std::string_view bytes) {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    scan_ -= begin_;
    begin_ = 0;
  }
  buffer_.append(bytes);
}

StreamParser::Step StreamParser::broken(std::string why) {
  error_ = std::move(why);
  return Step::Broken;
}

std::optional<std::size_t> StreamParser::header(char type, std::size_t max) {
  const std::string_view rest = std::string_view(buffer_).substr(scan_);
  if (rest.empty()) return std::nullopt;
  if (rest.front() != type) {
    error_ = std::string("expected '") + type + "'";
    return std::nullopt;
  }
  const auto end = rest.substr(0, kHeaderBytesMax).find("\r\n");
  if (end == std::string_view::npos) {
    if (rest.size() >= kHeaderBytesMax) error_ = "a length without its line end";
    return std::nullopt;
  }
  const auto number = parse_unsigned(rest.substr(1, end - 1), std::numeric_limits<std::uint64_t>::max());
  if (!number) {
    error_ = "a length that is no number";
    return std::nullopt;
  }
  if (*number > max) {
    error_ = "a command of more than " + std::to_string(bytes_max_) + " bytes or " + std::to_string(kStreamWordsMax) +
             " words";
    return std::nullopt;
  }
  scan_ += end + 2;
  return static_cast<std::size_t>(*number);
}

StreamParser::Step StreamParser::next() {
  if (!error_.empty()) return Step::Broken;
  if (!words_left_) {
    begin_ = scan_;
    pieces_.clear();
    words_left_ = header('*', kStreamWordsMax);
    if (!words_left_) return error_.empty() ? Step::NeedMore : Step::Broken;
    if (*words_left_ == 0) return broken("a command without words");
  }
  while (*words_left_ > 0) {
    if (!bulk_) {
      bulk_ = header('$', bytes_max_);
      if (!bulk_) return error_.empty() ? Step::NeedMore : Step::Broken;
      if (scan_ - begin_ + *bulk_ + 2 > bytes_max_)
        return broken("a command of more than " + std::to_string(bytes_max_) + " bytes");
    }
    if (buffer_.size() - scan_ < *bulk_ + 2) return Step::NeedMore;
    if (buffer_.compare(scan_ + *bulk_, 2, "\r\n") != 0) return broken("a word without its line end");
    pieces_.emplace_back(scan_ - begin_, *bulk_);
    scan_ += *bulk_ + 2;
    bulk_.reset();
    --*words_left_;
  }
  words_left_.reset();
  command_ = std::string_view(buffer_).substr(begin_, scan_ - begin_);
  words_.clear();
  for (const auto& [at, size] : pieces_) words_.push_back(command_.substr(at, size));
  consumed_ += command_.size();
  return Step::Command;
}

std::string stream_command(std::span<const std::string_view> words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n";
    text.append(word).append("\r\n");
  }
  return text;
}

std::optional<unsigned> selected_database(std::span<const std::string_view> words) {
  if (words.size() != 2 || !same_name(words[0], "SELECT")) return std::nullopt;
  const auto number = parse_unsigned(words[1], kDatabaseMax);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

std::optional<unsigned> find_database(std::string_view before) {
  // The first position from which all the rest reads as whole commands is the first command's begin.
  for (auto at = before.find('*'); at != std::string_view::npos; at = before.find('*', at + 1)) {
    StreamParser parser;
    parser.feed(before.substr(at));
    std::optional<unsigned> database;
    StreamParser::Step step = parser.next();
    for (; step == StreamParser::Step::Command; step = parser.next())
      if (const auto selected = selected_database(parser.words())) database = selected;
    if (step == StreamParser::Step::NeedMore && parser.pending() == 0) return database;
  }
  return std::nullopt;
}

}  // namespace sentinel
