// One thing wrong with a configuration file, and where.
#pragma once

#include <string>
#include <string_view>

namespace sentinel {

struct ConfigError {
  int line = 0;    // From 1. 0: about the file as a whole.
  int column = 0;  // From 1, in bytes.
  std::string text;
  bool operator==(const ConfigError&) const = default;
};

// "sentinel.yaml:12:5: unknown key ...", the form editors and CI systems make clickable.
std::string format_error(std::string_view file, const ConfigError& error);

}  // namespace sentinel
