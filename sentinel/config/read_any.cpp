#include "sentinel/config/read_any.h"

#include <filesystem>

#include "common/conf/numbers.h"
#include "common/overloaded.h"
#include "sentinel/config/conf/conf_line.h"
#include "sentinel/config/conf/read_conf.h"
#include "sentinel/config/read_config.h"
#include "sentinel/config/secret_file.h"

namespace sentinel {

ConfigFormat format_of(const std::string& file, std::string_view text) {
  const std::string ending = conf::lower(std::filesystem::path(file).extension().string());
  if (ending == ".yaml" || ending == ".yml") return ConfigFormat::Yaml;
  if (ending == ".conf") return ConfigFormat::SentinelConf;
  for (const std::string_view raw : conf::split_lines(text)) {
    const std::string_view line = conf::trimmed(raw);
    if (conf::is_blank(line)) continue;
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    const bool yaml = word.ends_with(':') || word == "-" || word == "---" || line.front() == '{' || line.front() == '[';
    return yaml ? ConfigFormat::Yaml : ConfigFormat::SentinelConf;
  }
  return ConfigFormat::SentinelConf;
}

Result<DaemonConfig, ConfigProblem> read_any_config(const std::string& file, const std::string& options) {
  const auto text = read_file(file, conf::kConfBytesMax);
  const ConfigFormat format = format_of(file, text ? std::string_view(*text) : std::string_view());
  if (format == ConfigFormat::SentinelConf) {
    auto config = conf::read_conf(file, options);
    if (!config) return unexpected(ConfigProblem{file, config.error()});
    return std::move(*config);
  }
  if (!options.empty()) {
    std::vector<ConfigError> errors{{0, 0, "options such as --port go with a sentinel.conf; here they are keys"}};
    return unexpected(ConfigProblem{file, std::move(errors)});
  }
  auto config = read_config(file);
  if (!config) return unexpected(ConfigProblem{file, config.error()});
  return std::move(*config);
}

Result<DaemonConfig, std::vector<ConfigError>> as_check_result(Result<DaemonConfig, ConfigProblem> config) {
  if (config) return std::move(*config);
  return std::visit(
      overloaded{
          [](const std::vector<ConfigError>& errors) { return unexpected(errors); },
          [](const conf::ConfError& error) {
            return unexpected(std::vector<ConfigError>{{error.line, error.line > 0 ? 1 : 0, error.message}});
          },
      },
      config.error().what);
}

}  // namespace sentinel
