#include "common/quoted_words.h"

#include <algorithm>

namespace sentinel {
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

// Reads from `in` and writes what it means to `out`, which never overtakes it.
struct Cursor {
  const char* in;
  const char* end;
  char* out;

  bool read_double() {
    while (in < end) {
      if (*in == '"') {
        ++in;
        return true;
      }
      if (*in == '\\' && end - in > 3 && in[1] == 'x' && hex_digit(in[2]) >= 0 && hex_digit(in[3]) >= 0) {
        *out++ = static_cast<char>(hex_digit(in[2]) * 16 + hex_digit(in[3]));
        in += 4;
      } else if (*in == '\\' && end - in > 1) {
        *out++ = unescaped(in[1]);
        in += 2;
      } else {
        *out++ = *in++;
      }
    }
    return false;
  }

  bool read_single() {
    while (in < end) {
      if (*in == '\'') {
        ++in;
        return true;
      }
      if (*in == '\\' && end - in > 1 && in[1] == '\'') ++in;
      *out++ = *in++;
    }
    return false;
  }

  // One word. A quote in its midst begins what ends the word.
  bool read_word() {
    while (in < end && !ends_word(*in)) {
      const char c = *in++;
      if (c != '"' && c != '\'') {
        *out++ = c;
        continue;
      }
      if (!(c == '"' ? read_double() : read_single())) return false;
      return in == end || is_space(*in);
    }
    return true;
  }
};

}  // namespace

bool split_quoted_words(std::span<char> line, std::vector<WordPlace>& words) {
  char* const begin = line.data();
  Cursor cursor{begin, std::find(begin, begin + line.size(), '\0'), begin};
  while (true) {
    while (cursor.in < cursor.end && is_space(*cursor.in)) ++cursor.in;
    if (cursor.in == cursor.end) return true;
    const char* const start = cursor.out;
    if (!cursor.read_word()) return false;
    words.push_back({static_cast<std::uint32_t>(start - begin), static_cast<std::uint32_t>(cursor.out - start)});
  }
}

}  // namespace sentinel
