// A sentinel.conf as YAML, for `vigilctl convert`: what it says, said in the
// other language. Nothing changes silently: stock's defaults are written out,
// and what has no place in YAML is listed.
#pragma once

#include <string>
#include <vector>

#include "sentinel/config/daemon_config.h"

namespace sentinel::conf {

struct Conversion {
  std::string yaml;
  std::vector<std::string> notes;  // What was changed, or could not be carried over.
};

// REQUIRES: config was read by read_conf().
Conversion to_yaml(const DaemonConfig& config);

}  // namespace sentinel::conf
