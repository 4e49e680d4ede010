#include "sentinel/config/config_error.h"

#include <fmt/format.h>

namespace sentinel {

std::string format_error(std::string_view file, const ConfigError& error) {
  if (error.line == 0) return fmt::format("{}: {}", file, error.text);
  return fmt::format("{}:{}:{}: {}", file, error.line, error.column, error.text);
}

}  // namespace sentinel
