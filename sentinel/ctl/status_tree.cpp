#include "sentinel/ctl/status_tree.h"

#include <fmt/core.h>

#include <vector>

namespace sentinel {

namespace {

constexpr std::size_t kIdShown = 8;  // Characters of a sentinel's id: enough to tell them apart.

// A node of the printed tree.
struct Branch {
  std::string text;
  std::vector<Branch> below;
};

void print(const Branch& branch, const Style& style, const std::string& indent, std::string& out) {
  for (std::size_t i = 0; i < branch.below.size(); ++i) {
    const bool last = i + 1 == branch.below.size();
    const char* joint = style.unicode ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- ");
    const char* rail = last ? "   " : style.unicode ? "│  " : "|  ";
    out += indent + style.faint(joint) + branch.below[i].text + "\n";
    print(branch.below[i], style, indent + style.faint(rail), out);
  }
}

std::string role_word(const std::string& role) { return role == "slave" ? "replica" : printable(role); }

std::string master_line(const MasterView& master, const Style& style) {
  std::string line = "master " + style.bold(to_string(master.at));
  if (master.flags != "master") line += "  " + style.red(printable(master.flags));
  if (!master.role_reported.empty() && master.role_reported != "master") {
    line += "  " + style.red("says it is a " + role_word(master.role_reported));
  }
  if (master.offset) line += "  offset " + format_count(*master.offset);
  if (master.last_reply) line += fmt::format("  replied {} ago", format_duration(*master.last_reply));
  line += fmt::format("  epoch {}", master.config_epoch);
  if (!master.failover_state.empty()) line += "  " + style.yellow("failover: " + printable(master.failover_state));
  return line;
}

std::string replica_line(const ReplicaView& replica, const GroupView& group, const Style& style) {
  std::string line = style.bold(to_string(replica.at));
  if (replica.flags != "slave") {
    line += "  " + (replica.down() ? style.red(printable(replica.flags)) : style.yellow(printable(replica.flags)));
  }
  if (replica.link_up) {
    line += "  link " + style.green("up");
  } else {
    line += "  link " + style.red("down");
    if (replica.link_down && replica.link_down->count() > 0) line += " for " + format_duration(*replica.link_down);
  }
  if (replica.lag_bytes) line += "  lag " + format_bytes(*replica.lag_bytes);
  if (!replica.lag_bytes && replica.offset) line += "  offset " + format_count(*replica.offset);
  line += fmt::format("  priority {}", replica.priority);
  if (!replica.ineligible.empty()) {
    line += "  " + style.yellow("not eligible: " + printable(replica.ineligible));
  } else if (replica.priority == 0) {
    line += "  " + style.yellow("never promoted");
  }
  if (!replica.master.empty() && replica.master != to_string(group.master.at)) {
    line += "  " + style.yellow("replicates " + printable(replica.master));
  }
  return line;
}

std::string sentinel_line(const SentinelView& sentinel, const GroupView& group, const Style& style) {
  std::string line = style.bold(to_string(sentinel.at));
  if (!sentinel.problem.empty()) return line + "  " + style.red(printable(sentinel.problem));
  line += "  " + style.faint(sentinel.id.substr(0, kIdShown));
  if (!sentinel.software.empty()) line += "  " + printable(sentinel.software);
  if (agrees(sentinel, group)) {
    line += "  " + style.green("agrees");
  } else {
    const std::string says = sentinel.master ? to_string(*sentinel.master) : "no master";
    line += "  " + style.red(fmt::format("DISAGREES: says {} (epoch {})", says, sentinel.config_epoch));
  }
  if (sentinel.sees_master_down) line += "  " + style.red("sees the master down");
  if (!sentinel.quorum_ok) line += "  " + style.red(printable(sentinel.quorum_text));
  return line;
}

}  // namespace

std::string render_status(const GroupView& group, const Style& style) {
  Branch root;
  root.below.push_back({.text = master_line(group.master, style), .below = {}});
  Branch replicas{.text = fmt::format("replicas ({})", group.replicas.size()), .below = {}};
  for (const ReplicaView& replica : group.replicas) {
    replicas.below.push_back({.text = replica_line(replica, group, style), .below = {}});
  }
  Branch sentinels{.text = fmt::format("sentinels ({})", group.sentinels.size()), .below = {}};
  for (const SentinelView& sentinel : group.sentinels) {
    sentinels.below.push_back({.text = sentinel_line(sentinel, group, style), .below = {}});
  }
  root.below.push_back(std::move(replicas));
  root.below.push_back(std::move(sentinels));
  const std::string quorum = printable(group.quorum_text);
  root.below.push_back({.text = "quorum " + (group.quorum_ok ? style.green(quorum) : style.red(quorum)), .below = {}});
  const std::string safety = printable(describe(group.write_safety));
  const bool safe = safety.rfind("on", 0) == 0;
  root.below.push_back({.text = "write safety " + (safe ? style.green(safety) : style.yellow(safety)), .below = {}});

  const auto problems = problems_of(group);
  std::string out = style.bold(printable(group.name)) + "  ";
  out += problems.empty() ? style.green("healthy")
                          : style.red(fmt::format("{} problem{}", problems.size(), problems.size() == 1 ? "" : "s"));
  out += "\n";
  print(root, style, "", out);
  for (const std::string& problem : problems) out += style.red("  ! " + printable(problem)) + "\n";
  return out;
}

nlohmann::ordered_json status_json(const GroupView& group) {
  using Json = nlohmann::ordered_json;
  const auto number = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  const auto millis = [](const auto& value) { return value ? Json(value->count()) : Json(nullptr); };
  const auto problems = problems_of(group);

  Json replicas = Json::array();
  for (const ReplicaView& replica : group.replicas) {
    replicas.push_back({{"address", to_string(replica.at)},
                        {"flags", replica.flags},
                        {"good", replica.good()},
                        {"link_up", replica.link_up},
                        {"link_down_ms", millis(replica.link_down)},
                        {"offset", number(replica.offset)},
                        {"lag_bytes", number(replica.lag_bytes)},
                        {"priority", replica.priority},
                        {"master", replica.master},
                        {"ineligible", replica.ineligible}});
  }
  Json sentinels = Json::array();
  for (const SentinelView& sentinel : group.sentinels) {
    sentinels.push_back({{"address", to_string(sentinel.at)},
                         {"id", sentinel.id},
                         {"software", sentinel.software},
                         {"problem", sentinel.problem},
                         {"agrees", agrees(sentinel, group)},
                         {"master", sentinel.master ? Json(to_string(*sentinel.master)) : Json(nullptr)},
                         {"config_epoch", sentinel.config_epoch},
                         {"sees_master_down", sentinel.sees_master_down},
                         {"quorum_ok", sentinel.quorum_ok},
                         {"quorum", sentinel.quorum_text}});
  }
  const MasterView& master = group.master;
  return {{"name", group.name},
          {"healthy", problems.empty()},
          {"problems", problems},
          {"master",
           {{"address", to_string(master.at)},
            {"flags", master.flags},
            {"role_reported", master.role_reported},
            {"config_epoch", master.config_epoch},
            {"offset", number(master.offset)},
            {"last_reply_ms", millis(master.last_reply)},
            {"failover_state", master.failover_state}}},
          {"replicas", replicas},
          {"sentinels", sentinels},
          {"quorum", {{"ok", group.quorum_ok}, {"text", group.quorum_text}}},
          {"write_safety",
           {{"min_replicas_to_write", number(group.write_safety.min_replicas)},
            {"min_replicas_max_lag_s", number(group.write_safety.max_lag)},
            {"text", describe(group.write_safety)}}}};
}

}  // namespace sentinel
