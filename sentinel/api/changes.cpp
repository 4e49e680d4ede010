#include "sentinel/api/changes.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

#include "common/resp/text.h"
#include "sentinel/api/queries.h"
#include "sentinel/api/set_options.h"

namespace sentinel {
namespace {

constexpr const char* kInvalidHost = "ERR Invalid IP address or hostname specified";

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

void answer(ReplyWriter& reply, const Result<void>& result) {
  if (result) {
    reply.simple("OK");
  } else {
    reply.error(result.error());
  }
}

bool known(const CommandContext& context, std::string_view group) {
  return context.daemon.core().settings(group) != nullptr;
}

// Names go into comma-separated hellos, blank-separated payloads and files.
bool is_group_name(std::string_view name) {
  return !name.empty() && name.find_first_of(", ") == std::string_view::npos && !has_control_characters(name);
}

Result<GroupSettings> parse_monitor(const CommandContext& context, const std::vector<std::string>& arguments) {
  const auto quorum = parse_number<std::int64_t>(arguments[5]);
  if (!quorum) return unexpected(std::string("ERR Invalid quorum"));
  const auto port = parse_number<std::int64_t>(arguments[4]);
  if (!port) return unexpected(std::string("ERR Invalid port"));
  if (*quorum <= 0) return unexpected(std::string("ERR Quorum must be 1 or greater."));
  if (*quorum > std::numeric_limits<std::int32_t>::max()) return unexpected(std::string("ERR Invalid quorum"));
  const bool host_ok =
      numeric_address(arguments[3]) || (context.daemon.global_settings().resolve_hostnames && !arguments[3].empty() &&
                                        !has_control_characters(arguments[3]));
  if (!host_ok) return unexpected(std::string(kInvalidHost));
  if (!is_group_name(arguments[2])) {
    return unexpected(std::string("ERR A master name has no blanks, commas or control characters."));
  }
  if (*port < 1 || *port > std::numeric_limits<std::uint16_t>::max()) {
    return unexpected(std::string("ERR Invalid port number."));
  }
  if (known(context, arguments[2])) return unexpected(std::string("ERR Duplicate master name."));
  GroupSettings settings = context.daemon.group_defaults();
  settings.name = arguments[2];
  settings.master = {arguments[3], static_cast<std::uint16_t>(*port)};
  settings.quorum = static_cast<unsigned>(*quorum);
  return settings;
}

}  // namespace

asio::awaitable<void> sentinel_failover(CommandContext& context, std::vector<std::string> arguments,
                                        ReplyWriter reply) {
  // COORDINATED is Valkey 9's word for what every failover of a healthy master is here.
  const bool force = arguments.size() == 4 && is_word(arguments[3], "force");
  if (arguments.size() > 4 || (arguments.size() == 4 && !force && !is_word(arguments[3], "coordinated"))) {
    reply.error("ERR syntax error");
    co_return;
  }
  if (!known(context, arguments[2])) {
    reply.error(kNoSuchMaster);
    co_return;
  }
  const Result<void> result = co_await context.daemon.failover(arguments[2], {.past_drain = force});
  answer(reply, result);
}

namespace {

struct SwitchoverWords {
  FailoverRequest request{.lossless = true};
  bool dry_run = false;
};

// The words behind the group's name: [TO host port] [TIMEOUT milliseconds] [DRYRUN].
Result<SwitchoverWords> parse_switchover(const std::vector<std::string>& arguments) {
  SwitchoverWords words;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    const std::size_t left = arguments.size() - i - 1;
    if (is_word(arguments[i], "dryrun") && !words.dry_run) {
      words.dry_run = true;
    } else if (is_word(arguments[i], "to") && left >= 2 && !words.request.to) {
      const auto port = parse_number<std::uint16_t>(arguments[i + 2]);
      if (!port || *port == 0) return unexpected(std::string("ERR Invalid port number."));
      words.request.to = Endpoint{arguments[i + 1], *port};
      i += 2;
    } else if (is_word(arguments[i], "timeout") && left >= 1) {
      const auto timeout = parse_number<std::int64_t>(arguments[++i]);
      if (!timeout || *timeout < 1 || *timeout > kDrainMaxMost.count())
        return unexpected(fmt::format("ERR TIMEOUT is 1 to {} milliseconds.", kDrainMaxMost.count()));
      words.request.drain_max = Millis{*timeout};
    } else {
      return unexpected(std::string("ERR syntax error"));
    }
  }
  return words;
}

void write_plan(ReplyWriter& reply, const SwitchoverPlan& plan) {
  reply.map(9 + plan.replicas.size());
  reply.bulk("would").bulk(plan.refusal.empty() ? "switch" : "refuse");
  reply.bulk("refusal").bulk(plan.refusal);
  reply.bulk("from").bulk(to_string(plan.from));
  reply.bulk("to").bulk(plan.to.port == 0 ? std::string() : to_string(plan.to));
  reply.bulk("behind-bytes").integer(static_cast<std::int64_t>(plan.behind));
  reply.bulk("offsets-age-ms").integer(plan.offsets_age.count());
  reply.bulk("writes-wait-at-most-ms").integer(plan.drain_max.count());
  reply.bulk("sentinels-connected").integer(plan.connected);
  reply.bulk("votes-needed").integer(plan.needed);
  for (const auto& [replica, verdict] : plan.replicas) reply.bulk("replica " + to_string(replica)).bulk(verdict);
}

}  // namespace

asio::awaitable<void> sentinel_switchover(CommandContext& context, std::vector<std::string> arguments,
                                          ReplyWriter reply) {
  const auto words = parse_switchover(arguments);
  if (!words) {
    reply.error(words.error());
    co_return;
  }
  if (!known(context, arguments[2])) {
    reply.error(kNoSuchMaster);
    co_return;
  }
  if (words->dry_run) {
    write_plan(reply, *context.daemon.core().plan(context.daemon.now(), arguments[2], words->request));
    co_return;
  }
  const Result<void> result = co_await context.daemon.failover(arguments[2], words->request);
  answer(reply, result);
}

asio::awaitable<void> sentinel_monitor(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply) {
  const Result<GroupSettings> settings = parse_monitor(context, arguments);
  if (!settings) {
    reply.error(settings.error());
    co_return;
  }
  // GCC 12 knows no co_await behind ||.
  bool has_address = numeric_address(arguments[3]).has_value();
  if (!has_address) has_address = co_await context.daemon.resolves(arguments[3]);
  if (!has_address) {
    reply.error(kInvalidHost);
    co_return;
  }
  const Result<void> result = co_await context.daemon.monitor(*settings);
  answer(reply, result);
}

asio::awaitable<void> sentinel_remove(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply) {
  if (!known(context, arguments[2])) {
    reply.error(kNoSuchMaster);
    co_return;
  }
  const Result<void> result = co_await context.daemon.remove(arguments[2]);
  answer(reply, result);
}

asio::awaitable<void> sentinel_set(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply) {
  const GroupSettings* const current = context.daemon.core().settings(arguments[2]);
  if (current == nullptr) {
    reply.error(kNoSuchMaster);
    co_return;
  }
  SetRequest request = apply_set_options(*current, {arguments.begin() + 3, arguments.end()},
                                         context.daemon.global_settings().deny_scripts_reconfig);
  Result<void> result;
  if (!request.changed.empty()) {
    result = co_await context.daemon.set(std::move(request.settings), std::move(request.changed));
  }
  if (!request.error.empty()) {
    reply.error(request.error);
  } else {
    answer(reply, result);
  }
}

asio::awaitable<void> sentinel_reset(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply) {
  const std::vector<std::string> groups = context.daemon.core().group_names();
  std::int64_t matched = 0;
  for (const std::string& group : groups) {
    if (!glob_matches(arguments[2], group) || !known(context, group)) continue;
    const Result<void> result = co_await context.daemon.reset(group);
    if (!result) {
      reply.error(result.error());
      co_return;
    }
    ++matched;
  }
  reply.integer(matched);
}

asio::awaitable<void> sentinel_flushconfig(CommandContext& context, std::vector<std::string>, ReplyWriter reply) {
  const Result<void> result = co_await context.daemon.flush();
  answer(reply, result);
}

asio::awaitable<void> sentinel_is_master_down(CommandContext& context, std::vector<std::string> arguments,
                                              ReplyWriter reply) {
  const auto port = parse_number<std::int64_t>(arguments[3]);
  const auto epoch = parse_number<std::int64_t>(arguments[4]);
  if (!port || !epoch) {
    reply.error("ERR value is not an integer or out of range");
    co_return;
  }
  if (*port < 1 || *port > std::numeric_limits<std::uint16_t>::max()) {
    reply.array(3).integer(0).bulk("*").integer(0);
    co_return;
  }
  Endpoint master{arguments[2], static_cast<std::uint16_t>(*port)};
  NodeId candidate{arguments[5] == "*" ? std::string() : arguments[5]};
  const Epoch asked{static_cast<std::uint64_t>(*epoch)};
  const Result<Coordinator::DownAnswer> result =
      co_await context.daemon.is_master_down(std::move(master), asked, std::move(candidate));
  if (!result) {
    reply.error(result.error());
    co_return;
  }
  const std::string_view leader = result->leader.value.empty() ? std::string_view("*") : result->leader.value;
  reply.array(3).integer(result->down ? 1 : 0).bulk(leader);
  reply.integer(static_cast<std::int64_t>(result->leader_epoch.value));
}

}  // namespace sentinel
