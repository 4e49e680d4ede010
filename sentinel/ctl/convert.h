// vigilctl convert: a sentinel.conf as YAML.
#pragma once

#include <string>

#include "sentinel/ctl/exit_code.h"

namespace sentinel {

// YAML to stdout, what changed or is left out to stderr. Bad if the file is
// wrong, or the result would not pass vigil-sentinel --check. Touches files only, no sentinel.
ExitCode run_convert(const std::string& path);

}  // namespace sentinel
