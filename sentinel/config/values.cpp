#include "sentinel/config/values.h"

#include "sentinel/config/secret_file.h"

namespace sentinel {
namespace {

constexpr std::size_t kPathBytesMax = 4095;  // PATH_MAX without its zero.

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::Null: return "nothing";
    case YamlNode::Kind::Scalar: return "a single value";
    case YamlNode::Kind::List: return "a list";
    case YamlNode::Kind::Map: return "a block of keys";
  }
  return "";
}

}  // namespace

const std::string* scalar_text(const YamlNode& node, std::string_view key, Problems& problems) {
  if (node.kind == YamlNode::Kind::Scalar && !node.text.empty()) return &node.text;
  if (node.kind == YamlNode::Kind::Null || node.kind == YamlNode::Kind::Scalar) {
    problems.error(node, fmt::format("{}: a value is missing", key));
  } else {
    problems.error(node, fmt::format("{}: expected a single value, found {}", key, kind_name(node.kind)));
  }
  return nullptr;
}

std::optional<std::string> secret_text(const YamlNode& node, std::string_view key, Problems& problems) {
  const std::string* text = scalar_text(node, key, problems);
  if (!text) return std::nullopt;
  if (const auto problem = secret_problem(*text)) {
    problems.error(node, fmt::format("{}: {}", key, *problem));
    return std::nullopt;
  }
  return *text;
}

std::optional<std::string> path_text(const YamlNode& node, std::string_view key, Problems& problems) {
  const std::string* text = scalar_text(node, key, problems);
  if (!text) return std::nullopt;
  if (text->size() > kPathBytesMax) {
    problems.error(node, fmt::format("{}: longer than {} bytes", key, kPathBytesMax));
    return std::nullopt;
  }
  return problems.absolute(*text);
}

std::optional<std::string> secret_from_file(const YamlNode& node, std::string_view key, Problems& problems) {
  const auto path = path_text(node, key, problems);
  if (!path) return std::nullopt;
  auto secret = read_secret_file(*path);
  if (!secret) {
    problems.error(node, fmt::format("{}: {}", key, secret.error()));
    return std::nullopt;
  }
  if (readable_by_everyone(*path)) {
    problems.warning(node, fmt::format("{}: the file is readable by every user of this machine: chmod 600 it", key));
  }
  return std::move(*secret);
}

}  // namespace sentinel
