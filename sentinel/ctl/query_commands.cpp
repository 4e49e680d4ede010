#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "sentinel/ctl/commands.h"
#include "sentinel/ctl/status_tree.h"
#include "sentinel/ctl/survey.h"
#include "sentinel/ctl/table.h"

namespace sentinel {

namespace {

using Json = nlohmann::ordered_json;

Json fields_json(const Fields& fields) {
  Json object = Json::object();
  for (const auto& [name, value] : fields.entries()) object[name] = scalar_text(value);
  return object;
}

void print_json(const Json& json) {
  // Foreign bytes that are no UTF-8 must not end the program: they are replaced.
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

// Asks the first sentinel for a list of instances and prints it: all fields as
// JSON, or the given columns as a table.
ExitCode print_instances(Session& session, const std::vector<std::string>& words, const std::string& group,
                         const std::vector<std::pair<const char*, const char*>>& columns) {
  auto link = session.any_sentinel();
  if (!link) return fail(session.options(), link.error());
  auto reply = session.ask_group(**link, words, group);
  if (!reply) return fail(session.options(), reply.error());
  const auto list = to_field_list(*reply);
  if (!list) return fail(session.options(), list.error());
  if (session.options().json) {
    Json array = Json::array();
    for (const Fields& fields : *list) array.push_back(fields_json(fields));
    print_json(array);
    return ExitCode::Ok;
  }
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& [heading, field] : columns) rows[0].emplace_back(heading);
  for (const Fields& fields : *list) {
    auto& row = rows.emplace_back();
    for (const auto& [heading, field] : columns) {
      if (std::string_view(field) == "address") {
        const auto at = fields.endpoint();
        row.push_back(at ? to_string(*at) : "?");
      } else {
        row.push_back(fields.text(field));
      }
    }
  }
  fmt::print("{}", render_table(rows, session.options().style));
  return ExitCode::Ok;
}

}  // namespace

ExitCode fail(const SessionOptions& options, const std::string& error, ExitCode code) {
  if (options.json) {
    print_json({{"error", error}});
  } else {
    fmt::print(stderr, "vigilctl: {}\n", error);
  }
  return code;
}

ExitCode run_status(Session& session, const std::string& group) {
  std::vector<std::string> names{group};
  if (group.empty()) {
    auto link = session.any_sentinel();
    if (!link) return fail(session.options(), link.error());
    auto all = Session::groups(**link);
    if (!all) return fail(session.options(), all.error());
    names = std::move(*all);
  }
  bool healthy = true;
  Json groups = Json::array();
  for (const std::string& name : names) {
    const auto view = survey_group(session, name);
    if (!view) return fail(session.options(), view.error());
    healthy = healthy && problems_of(*view).empty();
    if (session.options().json) {
      groups.push_back(status_json(*view));
    } else {
      fmt::print("{}", render_status(*view, session.options().style));
    }
  }
  if (session.options().json) print_json({{"healthy", healthy}, {"groups", groups}});
  if (!session.options().json && names.empty())
    fmt::print("This sentinel watches no group. Add one: SENTINEL MONITOR.\n");
  return healthy ? ExitCode::Ok : ExitCode::Bad;
}

ExitCode run_masters(Session& session) {
  return print_instances(session, {"SENTINEL", "MASTERS"}, "",
                         {{"GROUP", "name"},
                          {"MASTER", "address"},
                          {"FLAGS", "flags"},
                          {"EPOCH", "config-epoch"},
                          {"REPLICAS", "num-slaves"},
                          {"OTHER SENTINELS", "num-other-sentinels"},
                          {"QUORUM", "quorum"}});
}

ExitCode run_replicas(Session& session, const std::string& group) {
  return print_instances(session, {"SENTINEL", "SLAVES", group}, group,
                         {{"REPLICA", "address"},
                          {"FLAGS", "flags"},
                          {"LINK", "master-link-status"},
                          {"OFFSET", "slave-repl-offset"},
                          {"PRIORITY", "slave-priority"},
                          {"INFO AGE MS", "info-refresh"}});
}

ExitCode run_sentinels(Session& session, const std::string& group) {
  return print_instances(session, {"SENTINEL", "SENTINELS", group}, group,
                         {{"SENTINEL", "address"},
                          {"FLAGS", "flags"},
                          {"ID", "runid"},
                          {"LAST HELLO MS", "last-hello-message"},
                          {"LAST REPLY MS", "last-ok-ping-reply"}});
}

ExitCode run_ckquorum(Session& session, const std::string& group) {
  auto link = session.any_sentinel();
  if (!link) return fail(session.options(), link.error());
  const auto reply = (*link)->command({"SENTINEL", "CKQUORUM", group});
  if (!reply) return fail(session.options(), reply.error());
  const bool no_quorum = reply->is_error() && reply->text.rfind("NOQUORUM", 0) == 0;
  if (reply->is_error() && !no_quorum) {
    const auto error = session.ask_group(**link, {"SENTINEL", "CKQUORUM", group}, group);
    return fail(session.options(), error ? "CKQUORUM changed its answer: try again" : error.error());
  }
  if (session.options().json) {
    print_json({{"group", group}, {"ok", !no_quorum}, {"text", reply->text}});
  } else {
    const Style& style = session.options().style;
    const std::string text = printable(reply->text);
    fmt::print("{}\n", no_quorum ? style.red(text) : style.green(text));
  }
  return no_quorum ? ExitCode::Bad : ExitCode::Ok;
}

ExitCode run_failover(Session& session, const std::string& group) {
  auto link = session.any_sentinel();
  if (!link) return fail(session.options(), link.error());
  const auto reply = session.ask_group(**link, {"SENTINEL", "FAILOVER", group}, group);
  if (!reply) {
    const std::string& error = reply.error();
    if (error.find("NOGOODSLAVE") != std::string::npos) {
      return fail(session.options(), error + "\nSee why: vigilctl status " + group, ExitCode::Bad);
    }
    if (error.find("INPROG") != std::string::npos) return fail(session.options(), error, ExitCode::Bad);
    return fail(session.options(), error);
  }
  if (session.options().json) {
    print_json({{"group", group}, {"started", true}, {"sentinel", to_string((*link)->at())}});
  } else {
    fmt::print("Failover of {} started by sentinel {}. Follow it: vigilctl watch {}\n", group, to_string((*link)->at()),
               group);
  }
  return ExitCode::Ok;
}

}  // namespace sentinel
