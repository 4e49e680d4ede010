// The parts of keys.h that know no particular key.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "sentinel/config/keys.h"
#include "sentinel/config/scalars.h"
#include "sentinel/config/suggest.h"

namespace sentinel {
namespace {

std::vector<ConfigError> sorted(std::vector<ConfigError> list) {
  std::stable_sort(list.begin(), list.end(), [](const ConfigError& a, const ConfigError& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return list;
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string unknown_key(const std::string& key, const std::vector<std::string>& known) {
  const std::string before_colon = key.substr(0, key.find(':'));
  if (before_colon != key && std::find(known.begin(), known.end(), before_colon) != known.end()) {
    return fmt::format("a blank is missing after \"{}:\"", before_colon);
  }
  if (const auto guess = suggest(key, known)) {
    return fmt::format("unknown key {}, did you mean \"{}\"?", shown_key(key), *guess);
  }
  const auto of_groups = names_of(group_keys());
  if (std::find(of_groups.begin(), of_groups.end(), key) != of_groups.end()) {
    return fmt::format("{} belongs to a group, or into \"defaults:\" for all groups", key);
  }
  return fmt::format("unknown key {}", shown_key(key));
}

template <typename Target>
void add_docs(std::vector<KeyDoc>& docs, const std::string& block, const KeyTable<Target>& table,
              const Target& defaults) {
  for (const Key<Target>& key : table) docs.push_back({block, key.name, key.print(defaults)});
}

}  // namespace

void Problems::error(const YamlNode& where, std::string text) {
  errors_.push_back({where.line, where.column, printable(std::move(text))});
}

void Problems::warning(const YamlNode& where, std::string text) {
  warnings_.push_back({where.line, where.column, printable(std::move(text))});
}

std::string Problems::absolute(const std::string& path) const {
  if (path.starts_with('/')) return path;
  return folder_.ends_with('/') ? folder_ + path : folder_ + "/" + path;
}

std::vector<ConfigError> Problems::take_errors() { return sorted(std::move(errors_)); }
std::vector<ConfigError> Problems::take_warnings() { return sorted(std::move(warnings_)); }

SeenKeys index_map(const YamlNode& node, const std::vector<std::string>& known, Problems& problems) {
  SeenKeys seen;
  if (node.kind != YamlNode::Kind::Map) {
    problems.error(node, "expected a block of keys, one \"key: value\" a line");
    return seen;
  }
  for (const auto& [key, value] : node.pairs) {
    if (key.kind != YamlNode::Kind::Scalar) {
      problems.error(key, "a key is missing before the colon");
      continue;
    }
    if (std::find(known.begin(), known.end(), key.text) == known.end()) {
      problems.error(key, unknown_key(key.text, known));
      continue;
    }
    const auto [first, fresh] = seen.emplace(key.text, &value);
    if (!fresh) problems.error(key, fmt::format("{}: given twice, first on line {}", key.text, first->second->line));
  }
  return seen;
}

std::vector<KeyDoc> documented_keys() {
  std::vector<KeyDoc> docs;
  add_docs(docs, "", root_keys(), RootDraft{});
  add_docs(docs, "users", user_keys(), UserDraft{});
  add_docs(docs, "log", log_keys(), LogSettings{});
  add_docs(docs, "limits", limit_keys(), ClientLimits{});
  add_docs(docs, "tls", tls_keys(), TlsSettings{});
  add_docs(docs, "webhooks", webhook_keys(), WebhookSettings{});
  add_docs(docs, "defaults", group_keys(), yaml_group_defaults());
  add_docs(docs, "groups", identity_keys(), GroupSettings{});
  return docs;
}

}  // namespace sentinel
