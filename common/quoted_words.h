// A line's words as Redis splits them, in inline requests and in configuration files: blanks between them,
// "double quoted" with \n \r \t \b \a \" \\ and \xHH, 'single quoted' with \' only.
//
//   std::string line = R"(set key "a \"b\" c")";
//   std::vector<WordPlace> words;
//   split_quoted_words({line.data(), line.size()}, words)   // true; line.substr(words[2]...) is: a "b" c
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sentinel {

struct WordPlace {
  std::uint32_t offset;
  std::uint32_t size;
};

// Unescapes in place (no word is longer than its source) and appends where the words are.
// A zero byte ends the line, as in stock. False: a quote is not closed, or is followed by something else
// than a blank. REQUIRES: the line is shorter than 4 GiB.
bool split_quoted_words(std::span<char> line, std::vector<WordPlace>& words);

}  // namespace sentinel
