#include "sentinel/config/conf/conf_error.h"

#include <fmt/format.h>

namespace sentinel::conf {

std::string print_banner(const ConfError& error, std::string_view version) {
  return fmt::format(
      "\n*** FATAL CONFIG FILE ERROR (Redis {}) ***\n"
      "Reading the configuration file, at line {}\n"
      ">>> '{}'\n"
      "{}\n",
      version, error.line, error.text, error.message);
}

}  // namespace sentinel::conf
