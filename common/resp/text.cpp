#include "common/resp/text.h"

#include <algorithm>

namespace sentinel {
namespace {

// One element of a pattern other than "*": does it match `c`? Moves `at` past it.
bool element_matches(std::string_view pattern, std::size_t& at, char c, LetterCase letter_case) {
  const auto fold = [&](char letter) { return letter_case == LetterCase::Ignore ? ascii_lower(letter) : letter; };
  const auto value = [&](char letter) { return static_cast<unsigned char>(fold(letter)); };
  if (pattern[at] == '?') {
    ++at;
    return true;
  }
  if (pattern[at] != '[') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    return fold(pattern[at++]) == fold(c);
  }
  ++at;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      found = found || pattern[at] == c;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      const auto [low, high] = std::minmax({value(pattern[at]), value(pattern[at + 2])});
      found = found || (value(c) >= low && value(c) <= high);
      at += 2;
    } else {
      found = found || fold(pattern[at]) == fold(c);
    }
  }
  if (at < pattern.size()) ++at;  // An unclosed class ends with the pattern.
  return found != negated;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), ascii_lower);
  return result;
}

bool glob_matches(std::string_view pattern, std::string_view text, LetterCase letter_case) {
  std::size_t at = 0;
  std::size_t read = 0;
  // Where to go on if the last star takes one more letter. Only the last star
  // needs to give way: an earlier one taking more can't help.
  std::size_t after_star = std::string_view::npos;
  std::size_t star_read = 0;
  while (read < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      after_star = ++at;
      star_read = read;
      continue;
    }
    if (at < pattern.size() && element_matches(pattern, at, text[read], letter_case)) {
      ++read;
      continue;
    }
    if (after_star == std::string_view::npos) return false;
    at = after_star;
    read = ++star_read;
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace sentinel
