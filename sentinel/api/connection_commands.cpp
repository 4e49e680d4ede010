// Who is there, in which protocol, and goodbye.
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "common/resp/text.h"
#include "sentinel/api/access.h"
#include "sentinel/api/client_names.h"
#include "sentinel/api/command.h"
#include "sentinel/api/info.h"

namespace sentinel {
namespace {

Outcome refuse(Client& client, std::string_view error) {
  client.reply().error(error);
  return Outcome::Answered;
}

Outcome run_ping(CommandContext&, Client& client, Arguments arguments) {
  if (arguments.size() > 2) return refuse(client, "ERR wrong number of arguments for 'ping' command");
  ReplyWriter reply = client.reply();
  if (client.protocol == RespVersion::Two && client.subscribed()) {
    reply.array(2).bulk("pong").bulk(arguments.size() == 2 ? arguments[1] : "");
  } else if (arguments.size() == 2) {
    reply.bulk(arguments[1]);
  } else {
    reply.simple("PONG");
  }
  return Outcome::Answered;
}

Outcome run_auth(CommandContext& context, Client& client, Arguments arguments) {
  if (arguments.size() > 3) return refuse(client, "ERR syntax error");
  const AclUser& default_user = *context.access.users().default_user();
  if (arguments.size() == 2 && !default_user.needs_password()) {
    return refuse(client,
                  "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
                  "configuration is correct?");
  }
  const std::string_view user = arguments.size() == 3 ? arguments[1] : kDefaultUser;
  if (!context.access.authenticate(client, user, arguments.back(), arguments[0])) return refuse(client, kWrongPassword);
  client.reply().simple("OK");
  return Outcome::Answered;
}

void reply_hello(Client& client) {
  client.reply()
      .map(6)
      .bulk("server")
      .bulk("redis")
      .bulk("version")
      .bulk(kCompatibleRedisVersion)
      .bulk("proto")
      .integer(static_cast<int>(client.protocol))
      .bulk("id")
      .integer(static_cast<std::int64_t>(client.facts().id))
      .bulk("mode")
      .bulk("sentinel")
      .bulk("modules")
      .array(0);
}

Outcome run_hello(CommandContext& context, Client& client, Arguments arguments) {
  std::optional<RespVersion> version;
  if (arguments.size() > 1) {
    std::int64_t number = 0;
    const char* const end = arguments[1].data() + arguments[1].size();
    const auto [rest, failure] = std::from_chars(arguments[1].data(), end, number);
    if (failure != std::errc{} || rest != end) {
      return refuse(client, "ERR Protocol version is not an integer or out of range");
    }
    if (number != 2 && number != 3) return refuse(client, "NOPROTO unsupported protocol version");
    version = number == 2 ? RespVersion::Two : RespVersion::Three;
  }
  std::optional<std::string_view> user;
  std::string_view password;
  std::optional<std::string_view> name;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t more = arguments.size() - 1 - i;
    if (is_word(arguments[i], "auth") && more >= 2) {
      user = arguments[i + 1];
      password = arguments[i + 2];
      i += 2;
    } else if (is_word(arguments[i], "setname") && more >= 1) {
      name = arguments[++i];
      if (!is_client_name(*name)) return refuse(client, kBadClientName);
    } else {
      return refuse(client, fmt::format("ERR Syntax error in HELLO option '{}'", arguments[i]));
    }
  }
  if (user && !context.access.authenticate(client, *user, password, arguments[0])) {
    return refuse(client, kWrongPassword);
  }
  if (context.access.authentication_needed(client)) {
    return refuse(client,
                  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
                  "<pass> option can be used to authenticate the client and select the RESP protocol version at the "
                  "same time");
  }
  if (name) client.name = *name;
  if (version) client.protocol = *version;
  reply_hello(client);
  return Outcome::Answered;
}

// Stock answers neither QUIT nor RESET here; clients and proxies send them.
Outcome run_quit(CommandContext&, Client& client, Arguments) {
  client.reply().simple("OK");
  client.close_after_replies = true;
  return Outcome::Answered;
}

Outcome run_reset(CommandContext& context, Client& client, Arguments) {
  context.pubsub.remove(client);
  context.access.connected(client);
  client.protocol = RespVersion::Two;
  client.reply_mode = ReplyMode::On;
  client.tracking = false;
  client.no_evict = false;
  client.name.clear();
  client.reply().simple("RESET");
  return Outcome::Answered;
}

Outcome run_role(CommandContext& context, Client& client, Arguments) {
  const std::vector<std::string> groups = context.daemon.core().group_names();
  ReplyWriter reply = client.reply();
  reply.array(2).bulk("sentinel").array(groups.size());
  for (const std::string& group : groups) reply.bulk(group);
  return Outcome::Answered;
}

Outcome run_info(CommandContext& context, Client& client, Arguments arguments) {
  client.reply().bulk(info_text(context, arguments.subspan(1)));
  return Outcome::Answered;
}

Outcome run_shutdown(CommandContext& context, Client& client, Arguments arguments) {
  bool abort = false;
  for (const std::string_view word : arguments.subspan(1)) {
    if (is_word(word, "abort")) {
      abort = true;
    } else if (!is_word(word, "save") && !is_word(word, "nosave") && !is_word(word, "now") && !is_word(word, "force")) {
      return refuse(client, "ERR syntax error");
    }
  }
  if (abort) return refuse(client, arguments.size() > 2 ? "ERR syntax error" : "ERR No shutdown in progress.");
  context.daemon.shutdown();
  return Outcome::Hangup;
}

}  // namespace

std::vector<Command> connection_commands() {
  std::vector<Command> commands{
      {"ping", -1, "fast", "fast connection", "PING [message]", "Answer.", run_ping},
      {"quit", -1, "noscript loading stale fast no_auth allow_busy", "fast connection", "QUIT", "Close the connection.",
       run_quit},
      {"reset", 1, "noscript loading stale fast no_auth allow_busy", "fast connection", "RESET",
       "Put the connection back to how it began.", run_reset},
  };
  for (Command& command : commands) command.while_subscribed = true;
  commands.push_back({"auth", -2, "noscript loading stale fast no_auth allow_busy", "fast connection",
                      "AUTH [username] password", "Authenticate the connection.", run_auth});
  commands.push_back({"hello", -1, "noscript loading stale fast no_auth allow_busy", "fast connection",
                      "HELLO [protover [AUTH username password] [SETNAME name]]", "Choose the protocol.", run_hello});
  commands.push_back({"role", 1, "noscript loading stale fast", "admin fast dangerous", "ROLE",
                      "Name the role and the monitored masters.", run_role});
  commands.push_back({"info", -1, "loading stale", "slow dangerous", "INFO [section ...]",
                      "Tell about this process and what it watches.", run_info});
  commands.push_back({"shutdown", -1, "admin noscript loading stale no_multi allow_busy", "admin slow dangerous",
                      "SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]", "End this process.", run_shutdown});
  return commands;
}

}  // namespace sentinel
