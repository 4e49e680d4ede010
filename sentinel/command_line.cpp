#include "sentinel/command_line.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "common/conf/numbers.h"
#include "sentinel/api/command.h"
#include "sentinel/config/conf/conf_line.h"

namespace sentinel {
namespace {

constexpr std::string_view kHelp =
    R"(vigil-sentinel watches Redis and Valkey masters with their replicas and fails over.

  vigil-sentinel [--check] sentinel.yaml
  vigil-sentinel [--check] sentinel.conf [--directive value ...]

  --check            print every error of the file, or what it means, and exit
  -v, --version
  -h, --help
  --sentinel         accepted, as redis-server needs it
  --port 26380       any directive of sentinel.conf, behind those of the file:
  --sentinel monitor orders 10.0.0.1 6379 2

Names that end in .yaml or .yml are YAML, in .conf sentinel.conf; for others the text decides. The program also
works under the names redis-sentinel and valkey-sentinel, and as redis-server FILE --sentinel.
Signals: SIGTERM and SIGINT stop, SIGHUP reopens the log file and reads certificates again.
Documentation: configs/sentinel.yaml, docs/configuration.md
)";

bool is_option(const std::string& argument) { return argument.size() > 2 && argument.starts_with("--"); }

// The arguments as lines: "--name" begins one, unless the option before it has no value yet.
std::string as_lines(const std::vector<std::string>& arguments) {
  std::string lines;
  bool awaits_value = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!is_option(argument) || awaits_value) {
      lines += (lines.empty() ? "" : " ") + conf::print_quoted(argument);
      awaits_value = false;
      continue;
    }
    if (!lines.empty()) lines += '\n';
    lines += argument.substr(2);
    const bool has_value_inside = argument.find(' ') != std::string::npos;
    // "--sentinel --port 26380": the switch has no value of its own.
    const bool is_switch =
        conf::lower(argument) == "--sentinel" && (i + 1 == arguments.size() || is_option(arguments[i + 1]));
    awaits_value = !has_value_inside && !is_switch;
  }
  return lines.empty() ? lines : lines + '\n';
}

std::string version_text(const std::string& name) {
  if (name.find("vigil") != std::string::npos) return "vigil-sentinel " VIGIL_VERSION "\n";
  return fmt::format("Redis server v={} sha=00000000:0 malloc=libc bits={} build=vigil-{}\n", kCompatibleRedisVersion,
                     sizeof(void*) * 8, VIGIL_VERSION);
}

}  // namespace

CommandLine parse_command_line(const std::string& program, const std::vector<std::string>& arguments) {
  const std::string name = std::filesystem::path(program).filename().string();
  CommandLine line;
  std::vector<std::string> options;
  bool sentinel_mode = name.find("server") == std::string::npos;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (conf::lower(argument) == "--sentinel") sentinel_mode = true;
    if (options.empty() && (argument == "-v" || argument == "--version"))
      return {CommandLine::Wish::Say, version_text(name), {}, {}};
    if (options.empty() && (argument == "-h" || argument == "--help"))
      return {CommandLine::Wish::Say, std::string(kHelp), {}, {}};
    if (argument == "--check")
      line.wish = CommandLine::Wish::Check;
    else if (line.file.empty() && options.empty() && !argument.starts_with('-'))
      line.file = argument;
    else
      options.push_back(argument);
  }
  if (!sentinel_mode)
    return {CommandLine::Wish::Refuse,
            fmt::format("{} is Vigil, a sentinel, and serves no data: start it with --sentinel\n", name),
            {},
            {}};
  if (!options.empty() && !is_option(options.front()) && options.front() != "-")
    return {CommandLine::Wish::Refuse, fmt::format("unknown argument {}; see --help\n", options.front()), {}, {}};
  // Stock reads a configuration from stdin for "-", but has nowhere to write it.
  if (line.file.empty() || (!options.empty() && options.front() == "-")) return {CommandLine::Wish::NoFile, {}, {}, {}};
  line.options = as_lines(options);
  return line;
}

}  // namespace sentinel
