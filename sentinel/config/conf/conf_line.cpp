#include "sentinel/config/conf/conf_line.h"

#include <fmt/format.h>

#include <algorithm>

namespace sentinel::conf {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
// \v and \f separate words only where a word begins, as in stock.
bool ends_word(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

// Reads the inside of "..." from `at`, which ends behind the closing quote. False: it is never closed.
bool read_double(std::string_view line, std::size_t& at, std::string& word) {
  while (at < line.size()) {
    const char c = line[at];
    if (c == '"') {
      ++at;
      return true;
    }
    if (c == '\\' && at + 3 < line.size() && line[at + 1] == 'x' && hex_digit(line[at + 2]) >= 0 &&
        hex_digit(line[at + 3]) >= 0) {
      word += static_cast<char>(hex_digit(line[at + 2]) * 16 + hex_digit(line[at + 3]));
      at += 4;
    } else if (c == '\\' && at + 1 < line.size()) {
      word += unescaped(line[at + 1]);
      at += 2;
    } else {
      word += c;
      ++at;
    }
  }
  return false;
}

bool read_single(std::string_view line, std::size_t& at, std::string& word) {
  while (at < line.size()) {
    if (line[at] == '\'') {
      ++at;
      return true;
    }
    if (line[at] == '\\' && at + 1 < line.size() && line[at + 1] == '\'') ++at;
    word += line[at];
    ++at;
  }
  return false;
}

bool is_plain(char c) { return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\'; }

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  line = line.substr(0, line.find('\0'));  // Where stock's text ends.
  std::vector<std::string> words;
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_space(line[at])) ++at;
    if (at == line.size()) return words;
    std::string word;
    while (at < line.size() && !ends_word(line[at])) {
      const char c = line[at++];
      if (c != '"' && c != '\'') {
        word += c;
        continue;
      }
      if (!(c == '"' ? read_double(line, at, word) : read_single(line, at, word))) return std::nullopt;
      if (at < line.size() && !is_space(line[at])) return std::nullopt;
      break;
    }
    words.push_back(std::move(word));
  }
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
