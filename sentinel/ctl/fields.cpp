#include "sentinel/ctl/fields.h"

#include <fmt/core.h>

#include <charconv>

namespace sentinel {

namespace {

std::optional<std::int64_t> parse_signed(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view kind_name(Reply::Kind kind) {
  switch (kind) {
    case Reply::Kind::Simple: return "a status";
    case Reply::Kind::Error: return "an error";
    case Reply::Kind::Integer: return "an integer";
    case Reply::Kind::Bulk: return "a string";
    case Reply::Kind::Null: return "nothing";
    case Reply::Kind::Boolean: return "a boolean";
    case Reply::Kind::Number: return "a number";
    case Reply::Kind::Array: return "an array";
    case Reply::Kind::Map: return "a map";
    case Reply::Kind::Set: return "a set";
    case Reply::Kind::Push: return "a push message";
  }
  return "something unknown";
}

Reply bulk(std::string_view text) {
  Reply reply;
  reply.kind = Reply::Kind::Bulk;
  reply.text = text;
  return reply;
}

bool is_list(const Reply& reply) { return reply.kind == Reply::Kind::Array || reply.kind == Reply::Kind::Map; }

// Calls take(part) for each part between separators.
template <typename Take>
void split(std::string_view text, std::string_view separator, Take take) {
  while (!text.empty()) {
    const auto end = text.find(separator);
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + separator.size());
  }
}

}  // namespace

std::string scalar_text(const Reply& reply) {
  if (reply.is_string() || reply.is_error() || reply.kind == Reply::Kind::Number) return reply.text;
  if (reply.kind == Reply::Kind::Integer || reply.kind == Reply::Kind::Boolean) return std::to_string(reply.integer);
  return {};
}

bool has_word(std::string_view list, std::string_view word) {
  bool found = false;
  split(list, ",", [&](std::string_view part) { found = found || part == word; });
  return found;
}

const Reply* Fields::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string Fields::text(std::string_view name) const {
  const Reply* value = find(name);
  return value == nullptr ? std::string{} : scalar_text(*value);
}

std::optional<std::int64_t> Fields::number(std::string_view name) const {
  const Reply* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->kind == Reply::Kind::Integer) return value->integer;
  return parse_signed(scalar_text(*value));
}

bool Fields::has_flag(std::string_view flag) const { return has_word(text("flags"), flag); }

std::optional<Endpoint> Fields::endpoint() const {
  const auto port = parse_unsigned(text("port"), 65535);
  Endpoint at{.host = text("ip"), .port = static_cast<std::uint16_t>(port.value_or(0))};
  if (at.host.empty() || at.port == 0) return std::nullopt;
  return at;
}

Result<Fields> to_fields(const Reply& reply) {
  if (!is_list(reply)) return unexpected(fmt::format("expected name-value pairs, got {}", kind_name(reply.kind)));
  if (reply.items.size() % 2 != 0) {
    return unexpected(fmt::format("expected name-value pairs, got {} elements", reply.items.size()));
  }
  std::vector<std::pair<std::string, Reply>> entries;
  for (std::size_t i = 0; i < reply.items.size(); i += 2) {
    if (!reply.items[i].is_string()) {
      return unexpected(fmt::format("element {} should be a name, got {}", i + 1, kind_name(reply.items[i].kind)));
    }
    entries.emplace_back(reply.items[i].text, reply.items[i + 1]);
  }
  return Fields(std::move(entries));
}

Result<std::vector<Fields>> to_field_list(const Reply& reply) {
  if (!is_list(reply)) return unexpected(fmt::format("expected a list, got {}", kind_name(reply.kind)));
  std::vector<Fields> list;
  for (const Reply& item : reply.items) {
    auto fields = to_fields(item);
    if (!fields) return unexpected(fields.error());
    list.push_back(std::move(*fields));
  }
  return list;
}

Result<Endpoint> to_endpoint(const Reply& reply) {
  if (!is_list(reply) || reply.items.size() != 2) return unexpected(std::string("expected a host and a port"));
  const auto port = parse_unsigned(scalar_text(reply.items[1]), 65535);
  if (!port || *port == 0 || reply.items[0].text.empty()) return unexpected(std::string("expected a host and a port"));
  return Endpoint{.host = reply.items[0].text, .port = static_cast<std::uint16_t>(*port)};
}

Fields parse_info(std::string_view info) {
  std::vector<std::pair<std::string, Reply>> entries;
  split(info, "\n", [&](std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto colon = line.find(':');
    if (line.empty() || line.front() == '#' || colon == std::string_view::npos) return;
    entries.emplace_back(std::string(line.substr(0, colon)), bulk(line.substr(colon + 1)));
  });
  return Fields(std::move(entries));
}

Fields parse_info_list(std::string_view list) {
  std::vector<std::pair<std::string, Reply>> entries;
  split(list, ",", [&](std::string_view part) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return;
    entries.emplace_back(std::string(part.substr(0, equals)), bulk(part.substr(equals + 1)));
  });
  return Fields(std::move(entries));
}

}  // namespace sentinel
