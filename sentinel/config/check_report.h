// What `vigil-sentinel --check FILE` prints: every error, or what the file says
// in the operator's words.
//
//   sentinel.yaml:9:11: quorum: 9 can never be reached by 3 sentinels (2 peers and this one)
//   sentinel.yaml: 1 error
//
//   ok: 2 groups, 3 sentinels, quorum 2
//     orders  10.0.0.1:6379  down after 5s, or refused for 300ms; writes need 1 replica within 10s
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "common/result.h"
#include "sentinel/config/daemon_config.h"

namespace sentinel {

// Plain for files and pipes, with colour for people. NO_COLOR in the environment means plain.
enum class Paint { Plain, Colour };
Paint paint_for(int file_descriptor);

// Returns the process' exit status: 0, or 1 with errors. Warnings are printed and do not fail.
int write_check_report(std::ostream& out, const std::string& path,
                       const Result<DaemonConfig, std::vector<ConfigError>>& config, Paint paint);

}  // namespace sentinel
