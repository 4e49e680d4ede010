// Makers of table rows: each ties a key to a field, with the value's type and range.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <limits>
#include <utility>

#include "sentinel/config/keys.h"
#include "sentinel/config/scalars.h"

namespace sentinel {

// The scalar's text, or nothing after reporting what stands there instead.
const std::string* scalar_text(const YamlNode& node, std::string_view key, Problems& problems);

// Text that never appears in a message. At most 512 bytes, no line ends.
std::optional<std::string> secret_text(const YamlNode& node, std::string_view key, Problems& problems);

// First line of the file that `node` names.
std::optional<std::string> secret_from_file(const YamlNode& node, std::string_view key, Problems& problems);

// A path, made absolute.
std::optional<std::string> path_text(const YamlNode& node, std::string_view key, Problems& problems);

// Reads `node` with `read` (text -> Result<T>) and reports its error under the key's name.
template <typename Read>
auto value_of(const YamlNode& node, std::string_view key, Problems& problems, Read read)
    -> std::optional<typename decltype(read(std::string_view{}))::value_type> {
  const std::string* text = scalar_text(node, key, problems);
  if (!text) return std::nullopt;
  auto value = read(*text);
  if (value) return *value;
  problems.error(node, fmt::format("{}: {}", key, value.error()));
  return std::nullopt;
}

template <typename T>
struct Range {
  T low;
  T high;
};

template <typename Target>
Key<Target> duration_key(std::string name, Millis Target::*field, Range<Millis> range) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    const auto value = value_of(node, name, problems, read_duration);
    if (!value) return;
    if (*value < range.low || *value > range.high) {
      problems.error(node, fmt::format("{}: {} is not between {} and {}", name, print_duration(*value),
                                       print_duration(range.low), print_duration(range.high)));
      return;
    }
    target.*field = *value;
  };
  return {name, read, [=](const Target& target) { return print_duration(target.*field); }};
}

template <typename Target, std::unsigned_integral Number>
Key<Target> count_key(std::string name, Number Target::*field, Range<unsigned> range) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    const auto value = value_of(node, name, problems, read_count);
    if (!value) return;
    if (*value < range.low || *value > range.high) {
      problems.error(node, fmt::format("{}: {} is not between {} and {}", name, *value, range.low, range.high));
      return;
    }
    target.*field = static_cast<Number>(*value);
  };
  return {name, read,
          [=](const Target& target) { return target.*field == 0 ? std::string() : fmt::format("{}", target.*field); }};
}

template <typename Target>
Key<Target> size_key(std::string name, std::size_t Target::*field, Range<std::size_t> range) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    const auto value = value_of(node, name, problems, read_size);
    if (!value) return;
    if (*value < range.low || *value > range.high) {
      problems.error(node, fmt::format("{}: {} is not between {} and {}", name, print_size(*value),
                                       print_size(range.low), print_size(range.high)));
      return;
    }
    target.*field = *value;
  };
  return {name, read, [=](const Target& target) { return print_size(target.*field); }};
}

template <typename Target>
Key<Target> switch_key(std::string name, bool Target::*field) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    if (const auto value = value_of(node, name, problems, read_switch)) target.*field = *value;
  };
  return {name, read, [=](const Target& target) { return std::string(target.*field ? "on" : "off"); }};
}

template <typename Value>
using Choices = std::vector<std::pair<std::string, Value>>;

template <typename Target, typename Value>
Key<Target> choice_key(std::string name, Value Target::*field, Choices<Value> choices) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    const std::string* text = scalar_text(node, name, problems);
    if (!text) return;
    std::string known;
    for (const auto& [word, value] : choices) {
      if (word == *text) {
        target.*field = value;
        return;
      }
      known += (known.empty() ? "" : ", ") + word;
    }
    problems.error(node, fmt::format("{}: {} is none of {}", name, shown(*text), known));
  };
  auto print = [=](const Target& target) {
    for (const auto& [word, value] : choices) {
      if (value == target.*field) return word;
    }
    return std::string();
  };
  return {name, read, print};
}

// Any one line of text, without quotes or control characters.
template <typename Target>
Key<Target> text_key(std::string name, std::string Target::*field) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    if (const std::string* text = scalar_text(node, name, problems)) target.*field = *text;
  };
  return {name, read, [=](const Target& target) { return target.*field; }};
}

template <typename Target>
Key<Target> secret_key(std::string name, std::string Target::*field) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    if (auto value = secret_text(node, name, problems)) target.*field = std::move(*value);
  };
  return {name, read, [](const Target&) { return std::string(); }};
}

template <typename Target>
Key<Target> secret_file_key(std::string name, std::string Target::*field) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    if (auto value = secret_from_file(node, name, problems)) target.*field = std::move(*value);
  };
  return {name, read, [](const Target&) { return std::string(); }};
}

template <typename Target>
Key<Target> path_key(std::string name, std::string Target::*field) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    if (auto value = path_text(node, name, problems)) target.*field = std::move(*value);
  };
  return {name, read, [=](const Target& target) { return target.*field; }};
}

}  // namespace sentinel
