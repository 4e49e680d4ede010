// Reads a redis-style sentinel.conf, as redis-sentinel reads it, with its
// error texts; the defaults are stock's too.
//
//   auto config = conf::read_conf(path, "port \"26380\"\n");
//   if (!config) { std::cerr << conf::print_banner(config.error(), version); return 1; }
//
// Unlike YAML it stops at the first error, as stock does. Server directives
// take effect in the order of the lines; `sentinel` lines after all of them.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "sentinel/config/conf/conf_error.h"
#include "sentinel/config/daemon_config.h"

namespace sentinel::conf {

inline constexpr std::size_t kConfBytesMax = std::size_t{64} << 20;
inline constexpr int kIncludeDepthMax = 16;

// `options`: lines that the command line adds behind the file. Touches the
// file, those that it includes, and the scripts it names.
Result<DaemonConfig, ConfError> read_conf(const std::string& path, std::string_view options = {});

// The same on text that is already here.
struct ConfSource {
  std::string_view text;
  std::string path;  // Becomes DaemonConfig::file.
  std::string_view options{};
  bool touch_files = true;  // false: no include is followed, no script or folder looked for.
};
Result<DaemonConfig, ConfError> read_conf_text(const ConfSource& source);

}  // namespace sentinel::conf
