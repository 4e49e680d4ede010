// SUBSCRIBE and its relatives, and PUBLISH, which takes hello messages only.
#include <vector>

#include "sentinel/api/command.h"
#include "sentinel/core/hello.h"

namespace sentinel {
namespace {

using Kind = PubSub::Kind;

constexpr std::string_view kHelloChannel = "__sentinel__:hello";

std::int64_t subscriptions(const Client& client) {
  return static_cast<std::int64_t>(client.channels.size() + client.patterns.size());
}

Outcome subscribe(CommandContext& context, Client& client, Arguments arguments, Kind kind, std::string_view word) {
  for (const std::string_view name : arguments.subspan(1)) {
    if (!context.pubsub.subscribe(client, kind, name)) {
      client.reply().error("ERR too many subscriptions or too long a name for one client");
      return Outcome::Answered;
    }
    client.reply().push(3).bulk(word).bulk(name).integer(subscriptions(client));
  }
  return Outcome::Answered;
}

Outcome unsubscribe(CommandContext& context, Client& client, Arguments arguments, Kind kind, std::string_view word) {
  const auto& own = kind == Kind::Channel ? client.channels : client.patterns;
  std::vector<std::string> names(arguments.begin() + 1, arguments.end());
  if (names.empty()) names.assign(own.begin(), own.end());
  for (const std::string& name : names) {
    context.pubsub.unsubscribe(client, kind, name);
    client.reply().push(3).bulk(word).bulk(name).integer(subscriptions(client));
  }
  if (names.empty()) client.reply().push(3).bulk(word).null().integer(subscriptions(client));
  return Outcome::Answered;
}

Outcome run_subscribe(CommandContext& context, Client& client, Arguments arguments) {
  return subscribe(context, client, arguments, Kind::Channel, "subscribe");
}
Outcome run_psubscribe(CommandContext& context, Client& client, Arguments arguments) {
  return subscribe(context, client, arguments, Kind::Pattern, "psubscribe");
}
Outcome run_unsubscribe(CommandContext& context, Client& client, Arguments arguments) {
  return unsubscribe(context, client, arguments, Kind::Channel, "unsubscribe");
}
Outcome run_punsubscribe(CommandContext& context, Client& client, Arguments arguments) {
  return unsubscribe(context, client, arguments, Kind::Pattern, "punsubscribe");
}

// Answers 1 for garbage too, as stock.
Outcome run_publish(CommandContext& context, Client& client, Arguments arguments) {
  if (arguments[1] != kHelloChannel) {
    client.reply().error("ERR Only HELLO messages are accepted by Sentinel instances.");
    return Outcome::Answered;
  }
  if (const auto hello = parse_hello(arguments[2])) context.daemon.hello_published(*hello);
  client.reply().integer(1);
  return Outcome::Answered;
}

constexpr std::string_view kFlags = "pubsub noscript loading stale";
constexpr std::string_view kCategories = "pubsub slow";

}  // namespace

std::vector<Command> pubsub_commands() {
  std::vector<Command> commands{
      {"subscribe", -2, kFlags, kCategories, "SUBSCRIBE channel [channel ...]", "Listen to channels.", run_subscribe},
      {"unsubscribe", -1, kFlags, kCategories, "UNSUBSCRIBE [channel ...]", "Stop listening to channels.",
       run_unsubscribe},
      {"psubscribe", -2, kFlags, kCategories, "PSUBSCRIBE pattern [pattern ...]",
       "Listen to the channels that match patterns.", run_psubscribe},
      {"punsubscribe", -1, kFlags, kCategories, "PUNSUBSCRIBE [pattern ...]", "Stop listening to patterns.",
       run_punsubscribe},
  };
  for (Command& command : commands) command.while_subscribed = true;
  commands.push_back({"publish", 3, "pubsub loading stale fast", "pubsub fast", "PUBLISH channel message",
                      "Deliver the hello message of a sentinel.", run_publish});
  return commands;
}

}  // namespace sentinel
