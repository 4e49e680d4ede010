// Where log lines go and what they look like.
#pragma once

#include "common/result.h"
#include "sentinel/config/daemon_config.h"

namespace sentinel {

// Replaces spdlog's default logger. Text lines read
//   2026-01-31 12:00:00.123 warning +sdown master orders 10.0.0.1 6379
// and JSON lines {"time":"...","level":"warning","message":"..."}. The error
// names the file that can't be opened. Call it again to reopen the file (log rotation).
Result<void> set_up_logging(const LogSettings& settings);

}  // namespace sentinel
