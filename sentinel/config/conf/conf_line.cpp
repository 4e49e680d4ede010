#include "sentinel/config/conf/conf_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/quoted_words.h"

namespace sentinel::conf {
namespace {

bool is_plain(char c) { return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\'; }

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::string text(line);
  std::vector<WordPlace> places;
  if (!split_quoted_words(text, places)) return std::nullopt;
  std::vector<std::string> words;
  words.reserve(places.size());
  for (const WordPlace& it : places) words.emplace_back(text, it.offset, it.size);
  return words;
}

std::string_view trimmed(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_blank(std::string_view trimmed_line) { return trimmed_line.empty() || trimmed_line.front() == '#'; }

std::string print_word(std::string_view word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), is_plain);
  return plain ? std::string(word) : print_quoted(word);
}

std::string print_quoted(std::string_view word) {
  std::string text = "\"";
  for (const char c : word) {
    switch (c) {
      case '\\':
      case '"':
        text += '\\';
        text += c;
        break;
      case '\n': text += "\\n"; break;
      case '\r': text += "\\r"; break;
      case '\t': text += "\\t"; break;
      case '\a': text += "\\a"; break;
      case '\b': text += "\\b"; break;
      default:
        if (c >= ' ' && c <= '~')
          text += c;
        else
          text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text + '"';
}

std::string print_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += print_word(word);
  }
  return text;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace sentinel::conf
