#include "sentinel/rescue/command_effect.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include "common/endpoint.h"

namespace sentinel {
namespace {

constexpr std::size_t kLast = SIZE_MAX;

// Where the keys stand that a command changes; what is not here changes the word behind its name.
struct KeyPlace {
  std::string_view name;
  std::size_t first;
  std::size_t last;  // kLast: to the end.
  std::size_t step;
};
constexpr std::array kPlaces{
    KeyPlace{"DEL", 1, kLast, 1},    KeyPlace{"UNLINK", 1, kLast, 1}, KeyPlace{"TOUCH", 1, kLast, 1},
    KeyPlace{"MSET", 1, kLast, 2},   KeyPlace{"MSETNX", 1, kLast, 2}, KeyPlace{"RENAME", 1, 2, 1},
    KeyPlace{"RENAMENX", 1, 2, 1},   KeyPlace{"SMOVE", 1, 2, 1},      KeyPlace{"RPOPLPUSH", 1, 2, 1},
    KeyPlace{"BRPOPLPUSH", 1, 2, 1}, KeyPlace{"LMOVE", 1, 2, 1},      KeyPlace{"BLMOVE", 1, 2, 1},
    KeyPlace{"COPY", 2, 2, 1},       KeyPlace{"BITOP", 2, 2, 1},      KeyPlace{"XGROUP", 2, 2, 1},
};
constexpr std::array<std::string_view, 5> kWithoutKeys{"FLUSHALL", "FLUSHDB", "SWAPDB", "FUNCTION", "SCRIPT"};
constexpr std::array<std::string_view, 4> kScripts{"EVAL", "EVALSHA", "FCALL", "EVAL_RO"};
constexpr std::array<std::string_view, 3> kStoring{"SORT", "GEORADIUS", "GEORADIUSBYMEMBER"};

std::string upper(std::string_view word) {
  std::string text(word);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

template <std::size_t Size>
bool contains(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

CommandEffect effect_of(std::span<const std::string_view> words) {
  const std::string name = upper(words.front().substr(0, 32));
  if (name == "SELECT") return CommandEffect::Select;
  if (name == "MULTI") return CommandEffect::Begin;
  if (name == "EXEC") return CommandEffect::End;
  if (name == "PUBLISH" || name == "SPUBLISH") return CommandEffect::Message;
  if (name == "PING" || name == "REPLCONF") return CommandEffect::Keepalive;
  return CommandEffect::Write;
}

std::vector<std::string_view> keys_of(std::span<const std::string_view> words) {
  const std::string name = upper(words.front().substr(0, 32));
  std::vector<std::string_view> keys;
  if (contains(kWithoutKeys, name)) return keys;
  if (contains(kScripts, name)) {
    if (words.size() < 3) return keys;
    const auto count = parse_unsigned(words[2], words.size() - 3).value_or(0);
    for (std::size_t i = 0; i < count; ++i) keys.push_back(words[3 + i]);
    return keys;
  }
  if (contains(kStoring, name)) {
    for (std::size_t i = 2; i + 1 < words.size(); ++i)
      if (const std::string option = upper(words[i].substr(0, 16)); option == "STORE" || option == "STOREDIST")
        return {words[i + 1]};
  }
  KeyPlace place{name, 1, 1, 1};
  for (const KeyPlace& known : kPlaces)
    if (known.name == name) place = known;
  for (std::size_t i = place.first; i < words.size() && i <= place.last; i += place.step) keys.push_back(words[i]);
  return keys;
}

}  // namespace sentinel
