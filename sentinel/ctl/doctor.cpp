#include "sentinel/ctl/doctor.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "common/check.h"

namespace sentinel {

namespace {

constexpr std::int64_t kServerCronSeconds = 1;  // The server looks at its replicas' lag once a second.
constexpr double kBacklogMargin = 2.0;

using Findings = std::vector<Finding>;

void examine_sentinels(const GroupFacts& facts, Findings& found) {
  const auto members = static_cast<std::int64_t>(facts.sentinels.size());
  if (facts.quorum > members)
    found.push_back({Severity::Error, "quorum", "",
                     fmt::format("the quorum is {}, and there are {} sentinels", facts.quorum, members),
                     "the master can never be called down, so no failover ever happens",
                     "add sentinels, or: SENTINEL SET " + facts.group + " quorum " + std::to_string(members / 2 + 1)});
  if (members < 3)
    found.push_back({Severity::Error, "sentinels", "", fmt::format("there are {} sentinels", members),
                     "a majority must be left when the master's host takes one along", "run three, on three hosts"});
  std::set<std::string> hosts;
  for (const SentinelFacts& sentinel : facts.sentinels) hosts.insert(sentinel.at.host);
  if (members > 1 && hosts.size() == 1)
    found.push_back({Severity::Error, "sentinel-hosts", "", "all sentinels are on " + *hosts.begin(),
                     "when that host is gone nobody fails over", "move them to hosts that do not fail together"});
  for (const SentinelFacts& sentinel : facts.sentinels)
    if (!sentinel.problem.empty())
      found.push_back({Severity::Error, "sentinels", to_string(sentinel.at), "it does not answer: " + sentinel.problem,
                       "one vote less", "start it, or remove it from the others"});
}

void examine_replicas(const GroupFacts& facts, Findings& found) {
  std::size_t replicas = 0;
  bool promotable = false;
  for (const NodeFacts& node : facts.nodes) {
    if (node.is_master) continue;
    ++replicas;
    const auto priority = node.info.number("slave_priority");
    promotable = promotable || !priority || *priority > 0;
  }
  if (replicas == 0)
    found.push_back({Severity::Error, "replicas", "", "there is no replica", "nobody can be promoted", "add two"});
  else if (!promotable)
    found.push_back({Severity::Error, "priorities", "", "all replicas have priority 0", "nobody may be promoted",
                     "CONFIG SET replica-priority 100 on one of them at least"});
  else if (replicas == 1)
    found.push_back({Severity::Warning, "replicas", "", "there is one replica",
                     "after a failover there is none, and with min-replicas-to-write 1 its loss stops the writes",
                     "add a second one"});
}

void examine_write_safety(const NodeFacts& node, const GroupFacts& facts, Findings& found) {
  const auto replicas = node.number("min-replicas-to-write");
  const auto lag = node.number("min-replicas-max-lag");
  if (!replicas || !lag) return;
  const std::string where = to_string(node.at);
  if (*replicas == 0 || *lag == 0) {
    if (node.is_master)
      found.push_back({Severity::Warning, "write-safety", where, "min-replicas-to-write is 0",
                       "cut off from its replicas, this master takes writes without end, and all of them are lost",
                       "write-safety: enforce, or CONFIG SET min-replicas-to-write 1 on every node"});
    return;
  }
  if (!node.is_master) return;
  const std::int64_t bound = *lag + kServerCronSeconds;
  found.push_back({Severity::Note, "write-safety", where,
                   fmt::format("a cut-off master refuses writes after {} s: max-lag {} s and up to {} s until the "
                               "server looks",
                               bound, *lag, kServerCronSeconds),
                   "so many seconds of acknowledged writes can be lost at worst", ""});
  const auto backlog = node.number("repl-backlog-size");
  if (backlog && facts.bytes_per_second &&
      *facts.bytes_per_second * static_cast<double>(bound) * kBacklogMargin > static_cast<double>(*backlog))
    found.push_back({Severity::Warning, "backlog", where,
                     fmt::format("repl-backlog-size is {} bytes; the stream grows by {:.0f} bytes a second", *backlog,
                                 *facts.bytes_per_second),
                     "after an interruption of that bound replicas need full copies, and lost writes can't be rescued",
                     fmt::format("CONFIG SET repl-backlog-size {:.0f}, or more",
                                 *facts.bytes_per_second * static_cast<double>(bound) * kBacklogMargin)});
}

void examine_persistence(const NodeFacts& node, Findings& found) {
  const auto save = node.parameter("save");
  const auto aof = node.parameter("appendonly");
  if (!save || !aof || !save->empty() || *aof != "no") return;
  const std::string supervisor = node.info.text("process_supervised");
  const bool supervised = !supervisor.empty() && supervisor != "no";
  found.push_back(
      {supervised ? Severity::Error : Severity::Warning, "persistence", to_string(node.at),
       supervised ? "it keeps nothing on disk and is supervised by " + supervisor : "it keeps nothing on disk",
       "a master that restarts faster than it is called down comes back empty, and its replicas copy that",
       "switch on appendonly or save, or keep supervisors from restarting it at once"});
}

void examine_timeouts(const NodeFacts& node, const GroupFacts& facts, Findings& found) {
  const auto timeout = node.number("repl-timeout");
  const auto ping = node.number("repl-ping-replica-period");
  const std::string where = to_string(node.at);
  if (timeout && Millis{*timeout * 1000} <= facts.down_after)
    found.push_back(
        {Severity::Warning, "repl-timeout", where,
         fmt::format("repl-timeout is {} s, down-after {} ms", *timeout, facts.down_after.count()),
         "replicas give a silent master up before the sentinels do, and nobody can prove any more that it lives",
         "CONFIG SET repl-timeout above down-after"});
  if (timeout && ping && *ping * 2 > *timeout)
    found.push_back({Severity::Warning, "repl-timeout", where,
                     fmt::format("repl-timeout is {} s, repl-ping-replica-period {} s", *timeout, *ping),
                     "replicas of an idle master lose their link again and again",
                     "CONFIG SET repl-ping-replica-period to a third of repl-timeout or less"});
}

void examine_rights(const NodeFacts& node, Findings& found) {
  const auto listed = [](const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
  };
  const std::string where = to_string(node.at);
  if (!node.missing_commands.empty())
    found.push_back({Severity::Warning, "renamed-commands", where,
                     "renamed or disabled: " + listed(node.missing_commands), "a failover needs them",
                     "tell the sentinels their names (rename-commands), or undo it"});
  if (!node.denied.empty())
    found.push_back({Severity::Error, "permissions", where,
                     fmt::format("user {} may not use: {}", node.acl_user, listed(node.denied)),
                     "a failover would miss them at the moment it needs them",
                     "ACL SETUSER as docs/security.md has it"});
  if (!node.config_unread.empty())
    found.push_back({Severity::Note, "unknown", where, "it does not tell: " + listed(node.config_unread),
                     "these checks were left out", ""});
}

}  // namespace

std::optional<std::string> NodeFacts::parameter(const std::string& name) const {
  for (const auto& [key, value] : config)
    if (key == name) return value;
  return std::nullopt;
}

std::optional<std::int64_t> NodeFacts::number(const std::string& name) const {
  const auto text = parameter(name);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [rest, failure] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (failure != std::errc{} || rest != text->data() + text->size()) return std::nullopt;
  return value;
}

std::vector<Finding> examine(const GroupFacts& facts) {
  Findings found;
  examine_sentinels(facts, found);
  examine_replicas(facts, found);
  for (const NodeFacts& node : facts.nodes) {
    if (!node.problem.empty()) {
      found.push_back({Severity::Error, "node", to_string(node.at), "it can't be asked: " + node.problem,
                       "what it would do in a failover is unknown",
                       "see the problem; --node-user, --node-password-file"});
      continue;
    }
    examine_write_safety(node, facts, found);
    examine_persistence(node, found);
    examine_timeouts(node, facts, found);
    examine_rights(node, found);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  return found;
}

bool is_well(const std::vector<Finding>& findings) {
  return std::all_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::Note; });
}

namespace {

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::Error: return "error";
    case Severity::Warning: return "warning";
    case Severity::Note: return "note";
  }
  UNREACHABLE();
}

}  // namespace

std::string render(const std::string& group, const std::vector<Finding>& findings, const Style& style) {
  std::string out;
  for (const Finding& finding : findings) {
    const std::string label = fmt::format("{:<7}", word(finding.severity));
    out += fmt::format("{}  {}{}: {}\n",
                       finding.severity == Severity::Error     ? style.red(label)
                       : finding.severity == Severity::Warning ? style.yellow(label)
                                                               : label,
                       style.bold(finding.topic), finding.where.empty() ? "" : " " + printable(finding.where),
                       printable(finding.what));
    out += fmt::format("         why: {}\n", printable(finding.why));
    if (!finding.fix.empty()) out += fmt::format("         fix: {}\n", printable(finding.fix));
  }
  if (is_well(findings)) out += style.green(fmt::format("{} is ready for a failover.\n", group));
  return out;
}

nlohmann::ordered_json to_json(const std::string& group, const std::vector<Finding>& findings) {
  auto list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings)
    list.push_back({{"severity", word(finding.severity)},
                    {"topic", finding.topic},
                    {"where", finding.where},
                    {"what", finding.what},
                    {"why", finding.why},
                    {"fix", finding.fix}});
  return {{"group", group}, {"well", is_well(findings)}, {"findings", list}};
}

}  // namespace sentinel
