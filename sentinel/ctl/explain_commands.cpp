#include <fmt/core.h>

#include "sentinel/ctl/commands.h"
#include "sentinel/ctl/explain.h"

namespace sentinel {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kBarColumns = 48;  // Leaves room for names and numbers in 80 columns.

std::string stock(const char* command) {
  return fmt::format("this sentinel is stock: no {}. A Vigil sentinel answers it.", command);
}

// What one sentinel answered, or why not.
struct Answer {
  Endpoint at;
  Result<Reply> reply;
  bool is_stock = false;
};

// Asks every sentinel of the group. An error if none can be reached or the group is unknown.
Result<std::vector<Answer>> ask_all(Session& session, const char* command, const std::string& group) {
  auto first = session.any_sentinel();
  if (!first) return unexpected(first.error());
  if (auto known = session.ask_group(**first, {"SENTINEL", "MASTER", group}, group); !known) {
    return unexpected(known.error());
  }
  std::vector<Answer> answers;
  for (const Endpoint& at : session.all_sentinels(group)) {
    auto link = session.sentinel(at);
    if (!link) {
      answers.push_back({.at = at, .reply = unexpected(link.error()), .is_stock = false});
      continue;
    }
    auto reply = (*link)->command({"SENTINEL", command, group});
    const bool is_stock = reply && reply->is_error() && is_unknown_command(reply->text);
    if (is_stock) {
      reply = unexpected(stock(command));
    } else if (reply && reply->is_error()) {
      reply = unexpected(describe_server_error(at, ServerKind::Sentinel, reply->text));
    }
    answers.push_back({.at = at, .reply = std::move(reply), .is_stock = is_stock});
  }
  return answers;
}

void print_json(const Json& json) { fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace)); }

}  // namespace

ExitCode run_explain(Session& session, const std::string& group) {
  const Style& style = session.options().style;
  const auto answers = ask_all(session, "EXPLAIN", group);
  if (!answers) return fail(session.options(), answers.error());
  bool any = false;
  Json json = Json::array();
  for (const Answer& answer : *answers) {
    const auto view = answer.reply ? decode_explanation(*answer.reply) : unexpected(answer.reply.error());
    any = any || view.has_value();
    if (session.options().json) {
      json.push_back({{"sentinel", to_string(answer.at)}});
      if (view)
        json.back().update(to_json(*view));
      else
        json.back()["error"] = view.error();
      continue;
    }
    fmt::print("{}\n", style.bold("sentinel " + to_string(answer.at)));
    if (view)
      fmt::print("{}", render(*view, style));
    else
      fmt::print("  {}\n", (answer.is_stock ? style.yellow(view.error()) : style.red(printable(view.error()))));
  }
  if (session.options().json) print_json(json);
  return any ? ExitCode::Ok : ExitCode::CouldNotRun;
}

ExitCode run_timeline(Session& session, const std::string& group) {
  const auto answers = ask_all(session, "TIMELINE", group);
  if (!answers) return fail(session.options(), answers.error());
  std::optional<TimelineView> latest;
  std::string errors;
  bool no_failover = false;
  for (const Answer& answer : *answers) {
    if (!answer.reply) {
      errors +=
          fmt::format("{}sentinel {}: {}", errors.empty() ? "" : "\n", to_string(answer.at), answer.reply.error());
      continue;
    }
    if (answer.reply->kind == Reply::Kind::Null || answer.reply->items.empty()) {
      no_failover = true;
      continue;
    }
    auto view = decode_timeline(*answer.reply);
    if (!view) {
      errors += fmt::format("{}sentinel {}: {}", errors.empty() ? "" : "\n", to_string(answer.at), view.error());
    } else if (!latest || view->epoch > latest->epoch) {
      latest = std::move(*view);
    }
  }
  if (latest) {
    if (session.options().json)
      print_json(to_json(*latest));
    else
      fmt::print("{}", render(*latest, session.options().style, kBarColumns));
    return ExitCode::Ok;
  }
  if (!no_failover) return fail(session.options(), errors);
  if (session.options().json)
    print_json(nullptr);
  else
    fmt::print("No sentinel asked has led a failover of {}.\n", group);
  return ExitCode::Ok;
}

}  // namespace sentinel
