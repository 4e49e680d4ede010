// What a connection may be called.
#pragma once

#include <algorithm>
#include <string_view>

namespace sentinel {

inline constexpr std::string_view kBadClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";

inline constexpr std::size_t kClientNameBytesMax = 1024;  // Stock has no limit; ten thousand clients have one then.

// Visible ASCII only; empty removes the name.
inline bool is_client_name(std::string_view name) {
  return name.size() <= kClientNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace sentinel
