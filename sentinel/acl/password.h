// Passwords are kept as their SHA-256, as Redis keeps them: 64 lower-case hex
// characters, which can stand in a file without giving the password away.
#pragma once

#include <string>
#include <string_view>

namespace sentinel {

inline constexpr std::size_t kPasswordHashCharacters = 64;

std::string hash_password(std::string_view password);
bool is_password_hash(std::string_view text);

// Takes the same time wherever the first difference is, so that a secret
// cannot be found byte by byte.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

}  // namespace sentinel
