#include "sentinel/api/access.h"

namespace sentinel {

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  volatile unsigned char difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(given[i] ^ other));
  }
  return difference == 0;
}

bool may_enter(const CommandOptions& options, std::string_view user, std::string_view password) {
  if (user != "default") return false;
  return options.password.empty() || equal_in_constant_time(password, options.password);
}

}  // namespace sentinel
