// The `sentinel ...` lines. They may stand in any order: first what concerns
// the process, then all `monitor`, then what concerns a group.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sentinel/config/conf/conf_error.h"
#include "sentinel/config/daemon_config.h"

namespace sentinel::conf {

struct QueuedLine {
  std::string file;
  int line = 0;
  std::string text;
  std::vector<std::string> words;  // With "sentinel".
};

// Applies the lines to config.groups, .conf, .conf_state and .process.announce.
// Stops at the first error of the first pass that has one. A group may be told
// of in an included file and, after a rewrite, in the main one too: then the last word counts.
std::optional<ConfError> apply_sentinel_lines(const std::vector<QueuedLine>& lines, bool touch_files,
                                              DaemonConfig& config);

}  // namespace sentinel::conf
