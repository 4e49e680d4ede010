// vigilctl switchover: asks for it, or for a dry run, and waits for its end.
#include <fmt/core.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "sentinel/ctl/commands.h"
#include "sentinel/ctl/explain.h"
#include "sentinel/ctl/fields.h"
#include "sentinel/ctl/table.h"

namespace sentinel {

namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr auto kPoll = 20ms;
constexpr Millis kEndMax{30'000};  // Beyond the time that writes may wait: election, promotion, re-pointing.

std::vector<std::string> words_of(const std::string& group, const SwitchoverOptions& options) {
  std::vector<std::string> words{"SENTINEL", "SWITCHOVER", group};
  if (options.to) words.insert(words.end(), {"TO", options.to->host, std::to_string(options.to->port)});
  if (options.timeout) words.insert(words.end(), {"TIMEOUT", std::to_string(options.timeout->count())});
  if (options.dry_run) words.emplace_back("DRYRUN");
  return words;
}

void print_json(const Json& json) { fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace)); }

ExitCode show_plan(Session& session, const std::string& group, const Reply& reply) {
  const auto plan = to_fields(reply);
  if (!plan) return fail(session.options(), plan.error());
  const bool refused = plan->text("would") != "switch";
  if (session.options().json) {
    Json json{{"group", group}};
    for (const auto& [name, value] : plan->entries()) {
      const auto number = value.kind == Reply::Kind::Integer ? plan->number(name) : std::nullopt;
      json[name] = number ? Json(*number) : Json(scalar_text(value));
    }
    print_json(json);
  } else {
    const Style& style = session.options().style;
    if (refused)
      fmt::print("{}\n", style.red("Would be refused: " + printable(plan->text("refusal"))));
    else
      fmt::print("Would hand {} over from {} to {}, which is {} bytes behind ({} ms ago); writes wait at most {} ms.\n",
                 group, plan->text("from"), style.bold(plan->text("to")), plan->text("behind-bytes"),
                 plan->text("offsets-age-ms"), plan->text("writes-wait-at-most-ms"));
    for (const auto& [name, value] : plan->entries())
      if (name.starts_with("replica ")) fmt::print("  {}: {}\n", printable(name), printable(scalar_text(value)));
  }
  return refused ? ExitCode::Bad : ExitCode::Ok;
}

// The newest failover that this sentinel led, nullopt if there is none.
Result<std::optional<TimelineView>> last_led(Session& session, Connection& link, const std::string& group) {
  const auto reply = session.ask_group(link, {"SENTINEL", "TIMELINE", group}, group);
  if (!reply) return unexpected(reply.error());
  if (reply->kind == Reply::Kind::Null || reply->items.empty()) return std::optional<TimelineView>{};
  auto view = decode_timeline(*reply);
  if (!view) return unexpected(view.error());
  return std::optional<TimelineView>(std::move(*view));
}

}  // namespace

ExitCode run_switchover(Session& session, const std::string& group, const SwitchoverOptions& options) {
  auto link = session.any_sentinel();
  if (!link) return fail(session.options(), link.error());
  std::uint64_t epoch_before = 0;
  if (!options.dry_run) {
    const auto before = last_led(session, **link, group);
    if (!before) return fail(session.options(), before.error());
    if (*before) epoch_before = (*before)->epoch;
  }
  const auto reply = session.ask_group(**link, words_of(group, options), group);
  if (!reply) {
    const bool refused = reply.error().find("No such master") == std::string::npos &&
                         reply.error().find("unknown subcommand") == std::string::npos;
    return fail(session.options(), reply.error(), refused ? ExitCode::Bad : ExitCode::CouldNotRun);
  }
  if (options.dry_run) return show_plan(session, group, *reply);

  const auto give_up = std::chrono::steady_clock::now() + options.timeout.value_or(Millis{1000}) + kEndMax;
  std::optional<TimelineView> led;
  const auto over = [&] {
    return led && led->epoch > epoch_before && led->outcome != "running" && led->outcome != "promoted";
  };
  while (!over() && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(kPoll);
    auto now = last_led(session, **link, group);
    if (!now) return fail(session.options(), now.error());
    led = std::move(*now);
  }
  if (!over()) return fail(session.options(), "it has not ended yet. Follow it: vigilctl timeline " + group);
  const bool done = led->outcome.starts_with("done");
  if (!done) return fail(session.options(), printable(led->outcome), ExitCode::Bad);
  if (session.options().json)
    print_json(to_json(*led));
  else
    fmt::print("{}", render(*led, session.options().style, 40));
  return ExitCode::Ok;
}

}  // namespace sentinel
