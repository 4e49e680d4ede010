// Passwords of clients.
#pragma once

#include <string_view>

#include "sentinel/api/command.h"

namespace sentinel {

inline constexpr std::string_view kWrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

// Takes the same time whatever the first difference, so that a password cannot
// be found byte by byte.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

// The only user is "default". Without a password configured any one is right, as in stock.
bool may_enter(const CommandOptions& options, std::string_view user, std::string_view password);

}  // namespace sentinel
