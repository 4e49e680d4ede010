// How Redis compares words: names of commands and options without regard to
// ASCII case, patterns as shell globs.
#pragma once

#include <string>
#include <string_view>

namespace sentinel {

inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Is `text`, in any case, the word? REQUIRES: word is lower case.
inline bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (ascii_lower(text[i]) != word[i]) return false;
  }
  return true;
}

std::string lower(std::string_view text);

enum class LetterCase { Exact, Ignore };

// Stock's pattern language: * ? [abc] [^a-z] and \ before a literal. Time is
// at most the product of both lengths, whatever the pattern.
bool glob_matches(std::string_view pattern, std::string_view text, LetterCase letter_case = LetterCase::Exact);

}  // namespace sentinel
