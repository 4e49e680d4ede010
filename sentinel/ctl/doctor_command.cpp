// vigilctl doctor: collects the facts that doctor.h judges.
#include <fmt/core.h>

#include <chrono>
#include <thread>

#include "sentinel/ctl/commands.h"
#include "sentinel/ctl/doctor.h"
#include "sentinel/ctl/survey.h"

namespace sentinel {

namespace {

using namespace std::chrono_literals;

constexpr auto kRateWindow = 1s;

const std::vector<std::string>& parameters() {
  static const std::vector<std::string> names{
      "min-replicas-to-write", "min-replicas-max-lag",    "save", "appendonly", "repl-backlog-size",
      "repl-timeout",          "repl-ping-replica-period"};
  return names;
}

// What a failover sends to nodes, as docs/security.md lists it.
const std::vector<std::vector<std::string>>& needed_commands() {
  static const std::vector<std::vector<std::string>> commands{
      {"PING"},
      {"INFO"},
      {"MULTI"},
      {"EXEC"},
      {"SLAVEOF", "NO", "ONE"},
      {"CONFIG", "GET", "min-replicas-to-write"},
      {"CONFIG", "SET", "min-replicas-to-write", "1"},
      {"CONFIG", "REWRITE"},
      {"CLIENT", "KILL", "TYPE", "normal"},
      {"CLIENT", "PAUSE", "1", "WRITE"},
      {"CLIENT", "UNPAUSE"},
      {"PUBLISH", "__sentinel__:hello", "x"},
      {"SUBSCRIBE", "__sentinel__:hello"},
      {"SCRIPT", "KILL"},
  };
  return commands;
}

std::string joined(const std::vector<std::string>& words) {
  const bool has_subcommand = words.front() == "CONFIG" || words.front() == "CLIENT" || words.front() == "SCRIPT";
  return has_subcommand ? words[0] + " " + words[1] : words[0];
}

void try_rights(Connection& link, NodeFacts& node) {
  for (const auto& words : needed_commands()) {
    std::vector<std::string> trial{"ACL", "DRYRUN", node.acl_user};
    trial.insert(trial.end(), words.begin(), words.end());
    const auto reply = link.command(trial);
    if (!reply || reply->is_error()) return;  // Before Redis 7, or not allowed to ask.
    node.acl_tried = true;
    if (reply->text != "OK") node.denied.push_back(joined(words));
  }
}

void look_for_commands(Connection& link, NodeFacts& node) {
  const std::vector<std::string> names{"SLAVEOF", "CONFIG",  "CLIENT",    "MULTI",
                                       "EXEC",    "PUBLISH", "SUBSCRIBE", "SCRIPT"};
  std::vector<std::string> question{"COMMAND", "INFO"};
  question.insert(question.end(), names.begin(), names.end());
  const auto reply = link.command(question);
  if (!reply || reply->is_error() || reply->items.size() != names.size()) return;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (reply->items[i].kind == Reply::Kind::Null || reply->items[i].items.empty())
      node.missing_commands.push_back(names[i]);
}

NodeFacts ask_node(Session& session, const Endpoint& at, bool is_master, const std::string& acl_user) {
  NodeFacts node{.at = at, .is_master = is_master, .acl_user = acl_user};
  auto link = session.node(at);
  if (!link) {
    node.problem = link.error();
    return node;
  }
  const auto info = link->ask({"INFO"});
  if (!info) {
    node.problem = info.error();
    return node;
  }
  node.info = parse_info(info->text);
  for (const std::string& name : parameters()) {
    const auto reply = link->command({"CONFIG", "GET", name});
    if (reply && !reply->is_error() && reply->items.size() == 2)
      node.config.emplace_back(name, scalar_text(reply->items[1]));
    else
      node.config_unread.push_back(name);
  }
  look_for_commands(*link, node);
  try_rights(*link, node);
  return node;
}

// Bytes that the master's stream grows by in a second.
std::optional<double> stream_rate(Session& session, const NodeFacts& master) {
  const auto before = master.info.number("master_repl_offset");
  const auto began = std::chrono::steady_clock::now();
  if (!master.problem.empty() || !before) return std::nullopt;
  std::this_thread::sleep_for(kRateWindow);
  auto link = session.node(master.at);
  if (!link) return std::nullopt;
  const auto info = link->ask({"INFO", "replication"});
  if (!info) return std::nullopt;
  const auto after = parse_info(info->text).number("master_repl_offset");
  if (!after || *after < *before) return std::nullopt;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  return static_cast<double>(*after - *before) / took.count();
}

}  // namespace

ExitCode run_doctor(Session& session, const std::string& group, const std::string& acl_user) {
  const auto view = survey_group(session, group);
  if (!view) return fail(session.options(), view.error());
  auto link = session.any_sentinel();
  if (!link) return fail(session.options(), link.error());
  const auto master = session.ask_group(**link, {"SENTINEL", "MASTER", group}, group);
  if (!master) return fail(session.options(), master.error());
  const auto settings = to_fields(*master);
  if (!settings) return fail(session.options(), settings.error());

  GroupFacts facts{.group = group};
  facts.quorum = settings->number("quorum").value_or(0);
  facts.down_after = Millis{settings->number("down-after-milliseconds").value_or(0)};
  for (const SentinelView& sentinel : view->sentinels) facts.sentinels.push_back({sentinel.at, sentinel.problem});
  if (session.options().ask_nodes) {
    facts.nodes.push_back(ask_node(session, view->master.at, true, acl_user));
    facts.bytes_per_second = stream_rate(session, facts.nodes.front());
    for (const ReplicaView& replica : view->replicas)
      facts.nodes.push_back(ask_node(session, replica.at, false, acl_user));
  }
  const auto findings = examine(facts);
  if (session.options().json)
    fmt::print("{}\n", to_json(group, findings).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  else
    fmt::print("{}", render(group, findings, session.options().style));
  return is_well(findings) ? ExitCode::Ok : ExitCode::Bad;
}

}  // namespace sentinel
