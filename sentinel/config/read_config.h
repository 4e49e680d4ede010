// Reads the daemon's YAML configuration and checks it whole.
//
//   auto config = read_config("/etc/vigil/sentinel.yaml");
//   if (!config) {
//     for (const ConfigError& error : config.error()) std::cerr << format_error(path, error) << '\n';
//     return 1;
//   }
//   for (const ConfigError& warning : config->warnings) log_warning(format_error(path, warning));
//
// All errors come at once, in the order of the file, except that broken YAML
// stops at its one syntax error. No message repeats a password, a secret or a
// webhook's address. Relative paths in the file start at the file's folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "sentinel/config/daemon_config.h"

namespace sentinel {

// Touches the file, the password files and scripts it names, and the list of
// this machine's addresses (to find itself among the peers).
Result<DaemonConfig, std::vector<ConfigError>> read_config(const std::string& path);

// The same on text that is already here.
struct ConfigText {
  std::string_view text;
  std::string path;                          // For relative paths; becomes DaemonConfig::file.
  std::vector<std::string> local_addresses;  // A peer at one of these and our port is ourselves.
};
Result<DaemonConfig, std::vector<ConfigError>> read_config_text(const ConfigText& source);

}  // namespace sentinel
