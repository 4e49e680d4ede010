// Splits a replication stream into its commands, from bytes that arrive in any pieces.
//
//   StreamParser parser(kCommandBytesMax);
//   parser.feed(bytes);
//   for (;;) {
//     const auto step = parser.next();
//     if (step == StreamParser::Step::NeedMore) break;
//     if (step == StreamParser::Step::Broken) return give_up(parser.error());
//     use(parser.words(), parser.bytes());
//   }
//
// Strict on purpose: a stream holds arrays of bulk strings and nothing else, so that a position inside of
// a command is recognised as such (find_database() depends on it). Views are good until the next call. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentinel {

inline constexpr std::size_t kStreamCommandBytesMax = std::size_t{64} << 20;  // Held in memory while it arrives.
inline constexpr std::size_t kStreamWordsMax = std::size_t{1} << 20;

class StreamParser {
 public:
  enum class Step {
    NeedMore,
    Command,  // words() and bytes() are of this one.
    Broken,   // error() says why; nothing after it can be understood.
  };

  explicit StreamParser(std::size_t command_bytes_max = kStreamCommandBytesMax) : bytes_max_(command_bytes_max) {}

  void feed(std::string_view bytes);
  Step next();

  // At least one.
  std::span<const std::string_view> words() const { return words_; }
  // The command as it stands in the stream.
  std::string_view bytes() const { return command_; }
  const std::string& error() const { return error_; }

  // Bytes of whole commands so far.
  std::uint64_t consumed() const { return consumed_; }
  // Fed, and not part of a whole command yet.
  std::size_t pending() const { return buffer_.size() - begin_; }

 private:
  // The number behind `type` up to the line's end. nullopt: the line is not whole; check error().
  std::optional<std::size_t> header(char type, std::size_t max);
  Step broken(std::string why);

  std::size_t bytes_max_;
  std::string buffer_;
  std::size_t begin_ = 0;  // Of the command that is being read.
  std::size_t scan_ = 0;   // Up to here it is understood.
  std::optional<std::size_t> words_left_;
  std::optional<std::size_t> bulk_;
  std::vector<std::pair<std::size_t, std::size_t>> pieces_;  // Of buffer_, from begin_: where, how long.
  std::vector<std::string_view> words_;
  std::string_view command_;
  std::uint64_t consumed_ = 0;
  std::string error_;
};

// Writes a command as a stream holds it.
std::string stream_command(std::span<const std::string_view> words);

// Which database a stream is in at the end of `before`, a piece of it that ends between two commands and may
// begin inside of one. nullopt: the piece has no SELECT. A value that looks like commands can mislead it
// only if the piece begins inside of that value and no SELECT follows.
std::optional<unsigned> find_database(std::string_view before);

// Of a SELECT.
std::optional<unsigned> selected_database(std::span<const std::string_view> words);

}  // namespace sentinel
