// Reads a configuration of either kind.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"
#include "sentinel/config/conf/conf_error.h"
#include "sentinel/config/config_error.h"
#include "sentinel/config/daemon_config.h"

namespace sentinel {

// YAML's errors, all of them, or the first of a sentinel.conf.
struct ConfigProblem {
  std::string file;
  std::variant<std::vector<ConfigError>, conf::ConfError> what;
};

// By the ending of the name (.yaml, .yml; .conf), else by the look of the text:
// YAML's lines are "key: value", a sentinel.conf's are words.
ConfigFormat format_of(const std::string& file, std::string_view text);

// `options`: lines that the command line adds to a sentinel.conf.
Result<DaemonConfig, ConfigProblem> read_any_config(const std::string& file, const std::string& options);

// For write_check_report().
Result<DaemonConfig, std::vector<ConfigError>> as_check_result(Result<DaemonConfig, ConfigProblem> config);

}  // namespace sentinel
