#include "sentinel/config/check_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "sentinel/config/scalars.h"

namespace sentinel {
namespace {

constexpr std::size_t kGroupsShownMax = 20;

class Brush {
 public:
  explicit Brush(Paint paint) : on_(paint == Paint::Colour) {}
  std::string red(const std::string& text) const { return coloured("31", text); }
  std::string yellow(const std::string& text) const { return coloured("33", text); }
  std::string green(const std::string& text) const { return coloured("32", text); }

 private:
  std::string coloured(const char* code, const std::string& text) const {
    return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool on_;
};

std::string counted(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string quorum_text(const DaemonConfig& config) {
  std::set<unsigned> quorums;
  for (const GroupSettings& group : config.groups) quorums.insert(group.quorum);
  if (quorums.empty()) return "";
  if (quorums.size() == 1) return fmt::format(", quorum {}", *quorums.begin());
  return fmt::format(", quorums {} to {}", *quorums.begin(), *quorums.rbegin());
}

std::string sentinels_text(const DaemonConfig& config) {
  const auto& peers = config.process.peers;
  return peers.empty() ? "sentinels found by discovery" : counted(peers.size() + 1, "sentinel");
}

std::string detection_text(const GroupSettings& group) {
  std::string text = "down after " + print_duration(group.down_after);
  if (group.crash_detection) text += ", or refused for " + print_duration(group.crash_confirm);
  return text;
}

std::string safety_text(const GroupSettings& group) {
  const std::string bound =
      fmt::format("{} within {}", counted(group.min_replicas, "replica"), print_duration(group.max_lag));
  switch (group.write_safety) {
    case WriteSafety::Enforce: return "writes need " + bound;
    case WriteSafety::Audit: return "reports when writes do not need " + bound;
    case WriteSafety::Off: return "write safety off";
  }
  return "";
}

void write_summary(std::ostream& out, const DaemonConfig& config, const Brush& brush) {
  out << brush.green("ok") << ": " << counted(config.groups.size(), "group") << ", " << sentinels_text(config)
      << quorum_text(config) << '\n';
  std::size_t width = 0;
  for (const GroupSettings& group : config.groups) width = std::max(width, group.name.size());
  const std::size_t shown_count = std::min(config.groups.size(), kGroupsShownMax);
  for (std::size_t i = 0; i < shown_count; ++i) {
    const GroupSettings& group = config.groups[i];
    out << fmt::format("  {:<{}}  {}  {}; {}\n", group.name, width, to_string(group.master), detection_text(group),
                       safety_text(group));
  }
  if (shown_count < config.groups.size()) out << fmt::format("  ... and {} more\n", config.groups.size() - shown_count);
}

}  // namespace

Paint paint_for(int file_descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool plain = (no_color && *no_color) || ::isatty(file_descriptor) == 0;
  return plain ? Paint::Plain : Paint::Colour;
}

int write_check_report(std::ostream& out, const std::string& path,
                       const Result<DaemonConfig, std::vector<ConfigError>>& config, Paint paint) {
  const Brush brush(paint);
  if (!config) {
    for (const ConfigError& error : config.error()) out << format_error(path, error) << '\n';
    out << fmt::format("{}: {}\n", path, brush.red(counted(config.error().size(), "error")));
    return 1;
  }
  for (const ConfigError& warning : config->warnings) {
    out << brush.yellow("warning") << ": " << format_error(path, warning) << '\n';
  }
  write_summary(out, *config, brush);
  return 0;
}

}  // namespace sentinel
