#include "sentinel/core/hello.h"

#include <algorithm>
#include <array>

#include "sentinel/core/limits.h"

namespace sentinel {
namespace {

bool is_sentinel_id(std::string_view id) {
  return id.size() == 40 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<Endpoint> endpoint(std::string_view host, std::string_view port) {
  const auto number = parse_unsigned(port, 65535);
  if (host.empty() || host.size() > kHostBytesMax || !number || *number == 0) return std::nullopt;
  return Endpoint{std::string(host), static_cast<std::uint16_t>(*number)};
}

}  // namespace

std::string format_hello(const Hello& hello) {
  std::string text;
  text.reserve(160);
  text += hello.sentinel.host + ',' + std::to_string(hello.sentinel.port) + ',' + hello.id.value + ',';
  text += std::to_string(hello.current_epoch.value) + ',' + hello.group + ',' + hello.master.host + ',';
  text += std::to_string(hello.master.port) + ',' + std::to_string(hello.config_epoch.value);
  return text;
}

std::optional<Hello> parse_hello(std::string_view payload) {
  std::array<std::string_view, 8> field;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto comma = payload.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == field.size())) return std::nullopt;
    field[i] = payload.substr(0, comma);
    payload.remove_prefix(comma == std::string_view::npos ? payload.size() : comma + 1);
  }
  auto sentinel = endpoint(field[0], field[1]);
  const auto epoch = parse_unsigned(field[3], UINT64_MAX);
  auto master = endpoint(field[5], field[6]);
  const auto config_epoch = parse_unsigned(field[7], UINT64_MAX);
  if (!sentinel || !is_sentinel_id(field[2]) || !epoch || !master || !config_epoch) return std::nullopt;
  if (field[4].empty() || field[4].size() > kGroupNameBytesMax) return std::nullopt;
  return Hello{.sentinel = std::move(*sentinel),
               .id = NodeId{std::string(field[2])},
               .current_epoch = Epoch{*epoch},
               .group = std::string(field[4]),
               .master = std::move(*master),
               .config_epoch = Epoch{*config_epoch}};
}

}  // namespace sentinel
