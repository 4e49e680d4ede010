// The ordinary directives of redis.conf: what a sentinel obeys, what it
// accepts and ignores since a Redis server would read it from the same file, and
// nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sentinel/config/daemon_config.h"

namespace sentinel::conf {

// What is collected before it becomes a DaemonConfig.
struct ServerDraft {
  std::vector<std::string> bind{"*", "-::*"};
  std::uint16_t port = kDefaultPort;
  std::string log_file;  // As written; empty: stdout.
  std::vector<std::string> warnings;
  bool touch_files = true;
};

// The empty text: done. Otherwise stock's complaint.
// REQUIRES: words is not empty; "include" and "sentinel" are not for here.
std::string apply_server_directive(const std::vector<std::string>& words, ServerDraft& draft, DaemonConfig& config);

// A directive of Redis or Valkey that means nothing to a sentinel.
bool is_ignored_directive(std::string_view lower_name);

}  // namespace sentinel::conf
