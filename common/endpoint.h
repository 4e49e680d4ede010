// Where a process listens. An attribute of a node, never its identity.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sentinel {

struct Endpoint {
  std::string host;  // IPv4, IPv6 without brackets, or a host name.
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

// "10.0.0.1:6379", "[::1]:6379".
std::string to_string(const Endpoint& endpoint);

// Reads what to_string() writes, and host names. nullopt if there is no port in
// 1..65535 or no host.
std::optional<Endpoint> parse_endpoint(std::string_view text);

// An address in its usual spelling ("0:0:0:0:0:0:0:1" is "::1"). nullopt: the host is no address, but a name or
// nothing.
std::optional<std::string> numeric_address(std::string_view host);

// Reads a whole decimal number without sign or blanks into [0, max]. nullopt otherwise.
std::optional<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max);

}  // namespace sentinel
