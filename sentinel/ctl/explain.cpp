#include "sentinel/ctl/explain.h"

#include <fmt/core.h>

#include <algorithm>

#include "sentinel/ctl/fields.h"

namespace sentinel {

namespace {

constexpr std::size_t kIdShown = 8;

std::string repeat(const char* text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

bool is_unknown_command(const std::string& error) {
  return error.find("unknown subcommand") != std::string::npos || error.find("nknown command") != std::string::npos ||
         error.find("Unknown sentinel subcommand") != std::string::npos;
}

Result<ExplanationView> decode_explanation(const Reply& reply) {
  const auto fields = to_fields(reply);
  if (!fields) return unexpected(fields.error());
  const auto& entries = fields->entries();
  if (entries.empty() || entries.front().first != "verdict") return unexpected(std::string("no verdict in it"));
  ExplanationView view{.verdict = scalar_text(entries.front().second), .findings = {}};
  for (std::size_t i = 1; i < entries.size(); ++i) {
    view.findings.emplace_back(entries[i].first, scalar_text(entries[i].second));
  }
  return view;
}

Result<TimelineView> decode_timeline(const Reply& reply) {
  const auto fields = to_fields(reply);
  if (!fields) return unexpected(fields.error());
  TimelineView view;
  view.group = fields->text("group");
  view.epoch = static_cast<std::uint64_t>(std::max<std::int64_t>(0, fields->number("epoch").value_or(0)));
  view.leader = fields->text("leader");
  view.from = fields->text("from");
  view.to = fields->text("to");
  view.cause = fields->text("cause");
  view.outcome = fields->text("outcome");
  if (const Reply* phases = fields->find("phases")) {
    const auto list = to_fields(*phases);
    if (!list) return unexpected("phases: " + list.error());
    for (const auto& [name, value] : list->entries()) {
      const auto at = list->number(name);
      if (!at) return unexpected(fmt::format("phase '{}' has no time", name));
      view.phases.emplace_back(name, *at);
    }
  }
  if (const Reply* rejected = fields->find("rejected")) {
    const auto list = to_fields(*rejected);
    if (!list) return unexpected("rejected: " + list.error());
    for (const auto& [name, value] : list->entries()) view.rejected.emplace_back(name, scalar_text(value));
  }
  return view;
}

std::string render(const ExplanationView& explanation, const Style& style) {
  const bool healthy = explanation.verdict == "healthy";
  const std::string verdict = printable(explanation.verdict);
  std::string out = "  " + (healthy ? style.green(verdict) : style.yellow(verdict)) + "\n";
  std::size_t width = 0;
  for (const auto& [topic, sentence] : explanation.findings) width = std::max(width, topic.size());
  for (const auto& [topic, sentence] : explanation.findings) {
    out += fmt::format("    {}  {}\n", style.cyan(fmt::format("{:<{}}", printable(topic), width)), printable(sentence));
  }
  return out;
}

std::string render(const TimelineView& timeline, const Style& style, std::size_t width) {
  std::string out = fmt::format(
      "{}  epoch {}  {} -> {}  cause {}  outcome {}  leader {}\n", style.bold(printable(timeline.group)),
      timeline.epoch, printable(timeline.from), timeline.to.empty() ? "nobody" : printable(timeline.to),
      printable(timeline.cause),
      timeline.outcome == "done" ? style.green(timeline.outcome) : style.yellow(printable(timeline.outcome)),
      printable(timeline.leader.substr(0, kIdShown)));
  std::int64_t total = 1;
  std::size_t names = 0;
  for (const auto& [name, at] : timeline.phases) {
    total = std::max(total, at);
    names = std::max(names, name.size());
  }
  const auto column = [&](std::int64_t at) {
    return static_cast<std::size_t>(static_cast<double>(at) / static_cast<double>(total) * static_cast<double>(width));
  };
  std::int64_t before = 0;
  for (const auto& [name, at] : timeline.phases) {
    out += fmt::format("  {:<{}}", printable(name), names);
    if (at < 0) {
      out += style.faint(fmt::format("  {:>9}\n", "never"));
      continue;
    }
    // Phases such as fencing may overlap others: a bar never starts after it ends.
    const std::int64_t start = std::min(before, at);
    const std::size_t length = std::max<std::size_t>(1, column(at) - column(start));
    const std::string bar = repeat(style.unicode ? "█" : "#", length);
    out += fmt::format("  {:>6} ms  {}{}  {}\n", at, std::string(column(start), ' '), style.cyan(bar),
                       style.faint(fmt::format("+{}", at - start)));
    before = std::max(before, at);
  }
  for (const auto& [replica, why] : timeline.rejected) {
    out += fmt::format("  not chosen: {}: {}\n", printable(replica), printable(why));
  }
  return out;
}

nlohmann::ordered_json to_json(const ExplanationView& explanation) {
  auto findings = nlohmann::ordered_json::array();
  for (const auto& [topic, sentence] : explanation.findings) findings.push_back({{"topic", topic}, {"text", sentence}});
  return {{"verdict", explanation.verdict}, {"findings", findings}};
}

nlohmann::ordered_json to_json(const TimelineView& timeline) {
  auto phases = nlohmann::ordered_json::array();
  for (const auto& [name, at] : timeline.phases) {
    phases.push_back(
        {{"name", name}, {"at_ms", at < 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(at)}});
  }
  auto rejected = nlohmann::ordered_json::array();
  for (const auto& [replica, why] : timeline.rejected) rejected.push_back({{"replica", replica}, {"why", why}});
  return {{"group", timeline.group},     {"epoch", timeline.epoch}, {"leader", timeline.leader},
          {"from", timeline.from},       {"to", timeline.to},       {"cause", timeline.cause},
          {"outcome", timeline.outcome}, {"phases", phases},        {"rejected", rejected}};
}

}  // namespace sentinel
