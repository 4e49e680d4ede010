#include "sentinel/config/scalars.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace sentinel {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kTimeUnits{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
constexpr std::array kSizeUnits{Unit{"b", 1}, Unit{"kb", 1 << 10}, Unit{"mb", 1 << 20}, Unit{"gb", 1 << 30}};
constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// Number and unit of "10s", the unit in lower case. nullopt without a leading number.
struct Measure {
  std::uint64_t number;
  std::string unit;
};
std::optional<Measure> split_measure(std::string_view text) {
  const auto digits = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto length = static_cast<std::size_t>(digits - text.begin());
  const auto number = parse_unsigned(text.substr(0, length), kNumberMax);
  if (!number) return std::nullopt;
  return Measure{*number, lower(text.substr(length))};
}

template <std::size_t N>
std::optional<std::uint64_t> scaled(const Measure& measure, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (unit.name == measure.unit && measure.number <= kNumberMax / unit.factor) return measure.number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t kShownMax = 40;
  std::string printable(text.substr(0, kShownMax));
  for (char& c : printable) {
    if (c < ' ' || c > '~') c = '?';
  }
  return fmt::format("\"{}{}\"", printable, text.size() > kShownMax ? "..." : "");
}

std::string shown_key(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
           c == '<';
  });
  const auto length = static_cast<std::size_t>(end - text.begin());
  if (length == text.size()) return shown(text);
  return fmt::format("\"{}...\"", text.substr(0, std::min<std::size_t>(length, 40)));
}

Result<Millis> read_duration(std::string_view text) {
  const auto measure = split_measure(text);
  if (measure && measure->unit.empty()) {
    return unexpected(fmt::format("{} has no unit: write {}ms, or use s, m, h", shown(text), measure->number));
  }
  const auto value = measure ? scaled(*measure, kTimeUnits) : std::nullopt;
  if (!value) return unexpected(fmt::format("{} is not a duration like 500ms, 10s, 3m or 1h", shown(text)));
  return Millis{static_cast<Millis::rep>(*value)};
}

std::string print_duration(Millis value) {
  const auto count = static_cast<std::uint64_t>(value.count());
  for (auto unit = kTimeUnits.rbegin(); unit != kTimeUnits.rend(); ++unit) {
    if (count != 0 && count % unit->factor == 0) return fmt::format("{}{}", count / unit->factor, unit->name);
  }
  return fmt::format("{}ms", count);
}

Result<std::size_t> read_size(std::string_view text) {
  auto measure = split_measure(text);
  if (measure && measure->unit.empty()) measure->unit = "b";
  const auto value = measure ? scaled(*measure, kSizeUnits) : std::nullopt;
  if (!value) return unexpected(fmt::format("{} is not a size like 64kb, 8mb or 1gb", shown(text)));
  return static_cast<std::size_t>(*value);
}

std::string print_size(std::size_t bytes) {
  for (auto unit = kSizeUnits.rbegin(); unit != kSizeUnits.rend(); ++unit) {
    if (bytes != 0 && bytes % unit->factor == 0) return fmt::format("{}{}", bytes / unit->factor, unit->name);
  }
  return fmt::format("{}b", bytes);
}

Result<bool> read_switch(std::string_view text) {
  const std::string word = lower(text);
  if (word == "on" || word == "yes" || word == "true") return true;
  if (word == "off" || word == "no" || word == "false") return false;
  return unexpected(fmt::format("{} is neither on nor off", shown(text)));
}

Result<unsigned> read_count(std::string_view text) {
  const auto value = parse_unsigned(text, std::numeric_limits<unsigned>::max());
  if (!value) return unexpected(fmt::format("{} is not a whole number", shown(text)));
  return static_cast<unsigned>(*value);
}

Result<Endpoint> read_endpoint(std::string_view text) {
  const auto endpoint = parse_endpoint(text);
  const bool blank = text.find_first_of(" \t\r\n") != std::string_view::npos;
  if (!endpoint || blank || endpoint->host.size() > 253) {
    return unexpected(fmt::format("{} is not an address like 10.0.0.1:6379, [::1]:6379 or redis-1:6379", shown(text)));
  }
  return *endpoint;
}

}  // namespace sentinel
