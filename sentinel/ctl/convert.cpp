#include "sentinel/ctl/convert.h"

#include <fmt/core.h>

#include "sentinel/config/conf/read_conf.h"
#include "sentinel/config/conf/to_yaml.h"
#include "sentinel/config/read_config.h"

namespace sentinel {

ExitCode run_convert(const std::string& path) {
  const auto config = conf::read_conf(path);
  if (!config) {
    const conf::ConfError& error = config.error();
    fmt::print(stderr, "vigilctl: {}{}: {}\n", error.file, error.line > 0 ? fmt::format(":{}", error.line) : "",
               error.message);
    return error.line > 0 ? ExitCode::Bad : ExitCode::CouldNotRun;
  }
  const conf::Conversion conversion = conf::to_yaml(*config);
  const auto check = read_config_text({.text = conversion.yaml, .path = config->file, .local_addresses = {}});
  fmt::print("{}", conversion.yaml);
  for (const ConfigError& warning : config->warnings) fmt::print(stderr, "{}\n", warning.text);
  for (const std::string& note : conversion.notes) fmt::print(stderr, "{}\n", note);
  if (check) return ExitCode::Ok;
  for (const ConfigError& error : check.error()) fmt::print(stderr, "error: {}\n", format_error("output", error));
  return ExitCode::Bad;
}

}  // namespace sentinel
