// YAML as a tree that remembers where everything stood.
//
// yaml-cpp's own Node keeps the last of two equal keys, forgets whether a
// scalar was quoted, and follows aliases, so that ten short lines expand into
// gigabytes. This tree is built from yaml-cpp's parse events instead: duplicate keys
// stay visible, anchors, aliases and tags are refused, depth and size are limited.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "sentinel/config/config_error.h"

namespace sentinel {

inline constexpr std::size_t kConfigBytesMax = std::size_t{4} << 20;  // 10,000 groups with ten keys each fit.
inline constexpr std::size_t kYamlDepthMax = 8;                       // The deepest legal key is at 4.
inline constexpr std::size_t kYamlNodesMax = 500'000;

struct YamlNode {
  enum class Kind { Null, Scalar, List, Map };
  struct Pair;

  Kind kind = Kind::Null;
  int line = 0;                 // From 1.
  int column = 0;               // From 1.
  std::string text;             // Scalar.
  std::vector<YamlNode> items;  // List.
  std::vector<Pair> pairs;      // Map, in the order written, duplicates included.
};

// Not a std::pair, whose definition asks for properties of a YamlNode that depend on it.
struct YamlNode::Pair {
  YamlNode key;
  YamlNode value;
};

// The one document in `text`; an empty one is Null. The error never repeats a
// value, which could be a secret.
Result<YamlNode, ConfigError> parse_yaml(std::string_view text);

}  // namespace sentinel
