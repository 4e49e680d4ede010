#include "common/conf/numbers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sentinel::conf {
namespace {

template <typename Number>
Number leading(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n\v\f\r");
  if (first == std::string_view::npos) return 0;
  text.remove_prefix(first);
  if (text.front() == '+') text.remove_prefix(1);
  Number number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc::result_out_of_range)
    return !text.empty() && text.front() == '-' ? std::numeric_limits<Number>::min()
                                                : std::numeric_limits<Number>::max();
  return failure == std::errc{} ? number : 0;
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::int64_t leading_integer(std::string_view text) { return leading<std::int64_t>(text); }
std::uint64_t leading_unsigned(std::string_view text) { return leading<std::uint64_t>(text); }

std::optional<std::int64_t> whole_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> memory_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  static constexpr std::array kUnits{
      Unit{"", 1},
      Unit{"b", 1},
      Unit{"k", 1000},
      Unit{"kb", 1024},
      Unit{"m", 1000 * 1000},
      Unit{"mb", 1024 * 1024},
      Unit{"g", 1000ULL * 1000 * 1000},
      Unit{"gb", 1024ULL * 1024 * 1024},
  };
  std::uint64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{}) return std::nullopt;
  const std::string unit = lower(text.substr(static_cast<std::size_t>(rest - text.data())));
  const auto* found = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& it) { return it.name == unit; });
  if (found == kUnits.end() || number > std::numeric_limits<std::uint64_t>::max() / found->bytes) return std::nullopt;
  return number * found->bytes;
}

std::optional<bool> yes_or_no(std::string_view text) {
  const std::string word = lower(text);
  if (word == "yes") return true;
  if (word == "no") return false;
  return std::nullopt;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), to_upper);
  return result;
}

}  // namespace sentinel::conf
