#include "sentinel/api/debug_commands.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <charconv>
#include <optional>

#include "common/resp/text.h"

namespace sentinel {
namespace {

constexpr std::int64_t kMillisMax = 1'000'000'000'000;  // 31 years: far from overflow when added to a time.

struct Timer {
  std::string_view name;
  Millis Timers::*value;
};

constexpr std::array<Timer, 13> kTimers{{
    {"INFO-PERIOD", &Timers::info_period},
    {"PING-PERIOD", &Timers::ping_period},
    {"ASK-PERIOD", &Timers::ask_period},
    {"PUBLISH-PERIOD", &Timers::publish_period},
    {"DEFAULT-DOWN-AFTER", &Timers::default_down_after},
    {"DEFAULT-FAILOVER-TIMEOUT", &Timers::default_failover_timeout},
    {"TILT-TRIGGER", &Timers::tilt_trigger},
    {"TILT-PERIOD", &Timers::tilt_period},
    {"SLAVE-RECONF-TIMEOUT", &Timers::reconf_timeout},
    {"MIN-LINK-RECONNECT-PERIOD", &Timers::link_silence},
    {"ELECTION-TIMEOUT", &Timers::election_timeout},
    {"SCRIPT-MAX-RUNTIME", &Timers::script_runtime_max},
    {"SCRIPT-RETRY-DELAY", &Timers::script_retry_delay},
}};

Outcome refuse(Client& client, std::string_view error) {
  client.reply().error(error);
  return Outcome::Answered;
}

std::optional<Millis> parse_time(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || rest != text.data() + text.size() || number < 1 || number > kMillisMax) {
    return std::nullopt;
  }
  return Millis(number);
}

const Timer* find_timer(std::string_view name) {
  for (const Timer& timer : kTimers) {
    if (lower(name) == lower(timer.name)) return &timer;
  }
  return nullptr;
}

void reply_timers(const Timers& timers, Client& client) {
  ReplyWriter reply = client.reply();
  reply.map(kTimers.size());
  for (const Timer& timer : kTimers) reply.bulk(timer.name).bulk_number((timers.*timer.value).count());
}

}  // namespace

Outcome sentinel_debug(CommandContext& context, Client& client, Arguments arguments) {
  Timers timers = context.daemon.timers();
  if (arguments.size() == 2) {
    reply_timers(timers, client);
    return Outcome::Answered;
  }
  std::string error;
  for (std::size_t at = 2; at < arguments.size() && error.empty(); at += 2) {
    const Timer* const timer = find_timer(arguments[at]);
    if (timer == nullptr || at + 1 == arguments.size()) {
      error = fmt::format("ERR Unknown option or number of arguments for SENTINEL DEBUG '{}'", arguments[at]);
    } else if (const auto time = parse_time(arguments[at + 1])) {
      timers.*timer->value = *time;
    } else {
      error = fmt::format("ERR Invalid argument '{}' for SENTINEL DEBUG '{}'", arguments[at + 1], arguments[at]);
    }
  }
  if (timers != context.daemon.timers()) context.daemon.change_timers(timers);
  if (!error.empty()) return refuse(client, error);
  client.reply().simple("OK");
  return Outcome::Answered;
}

// Each call starts from nothing; what comes before an unknown word, or "help", holds.
Outcome sentinel_simulate_failure(CommandContext& context, Client& client, Arguments arguments) {
  SimulatedFailures failures;
  for (const std::string_view word : arguments.subspan(2)) {
    if (is_word(word, "crash-after-election")) {
      failures.after_election = true;
      spdlog::warn("this sentinel ends itself once it is elected: SENTINEL SIMULATE-FAILURE");
    } else if (is_word(word, "crash-after-promotion")) {
      failures.after_promotion = true;
      spdlog::warn("this sentinel ends itself once it has promoted a replica: SENTINEL SIMULATE-FAILURE");
    } else {
      context.daemon.simulate(failures);
      if (!is_word(word, "help")) return refuse(client, "ERR Unknown failure simulation specified");
      client.reply().array(2).bulk("crash-after-election").bulk("crash-after-promotion");
      return Outcome::Answered;
    }
  }
  context.daemon.simulate(failures);
  client.reply().simple("OK");
  return Outcome::Answered;
}

}  // namespace sentinel
