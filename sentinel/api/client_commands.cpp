// CLIENT: a connection about itself, and about the others.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <functional>
#include <optional>

#include "common/resp/text.h"
#include "sentinel/api/client_kill.h"
#include "sentinel/api/client_line.h"
#include "sentinel/api/client_names.h"
#include "sentinel/api/command.h"

namespace sentinel {
namespace {

Outcome refuse(Client& client, std::string_view error) {
  client.reply().error(error);
  return Outcome::Answered;
}

Outcome accept(Client& client) {
  client.reply().simple("OK");
  return Outcome::Answered;
}

Outcome run_id(CommandContext&, Client& client, Arguments) {
  client.reply().integer(static_cast<std::int64_t>(client.facts().id));
  return Outcome::Answered;
}

Outcome run_getname(CommandContext&, Client& client, Arguments) {
  if (client.name.empty()) {
    client.reply().null();
  } else {
    client.reply().bulk(client.name);
  }
  return Outcome::Answered;
}

Outcome run_setname(CommandContext&, Client& client, Arguments arguments) {
  if (!is_client_name(arguments[2])) return refuse(client, kBadClientName);
  client.name = arguments[2];
  return accept(client);
}

Outcome run_setinfo(CommandContext&, Client& client, Arguments arguments) {
  const bool is_name = is_word(arguments[2], "lib-name");
  if (!is_name && !is_word(arguments[2], "lib-ver")) {
    return refuse(client, fmt::format("ERR Unrecognized option '{}'", arguments[2]));
  }
  if (!is_client_name(arguments[3])) {
    return refuse(client, fmt::format("ERR {} cannot contain spaces, newlines or special characters.",
                                      is_name ? "lib-name" : "lib-ver"));
  }
  (is_name ? client.library_name : client.library_version) = arguments[3];
  return accept(client);
}

Outcome run_info(CommandContext&, Client& client, Arguments) {
  client.reply().bulk(client_line(client));
  return Outcome::Answered;
}

Outcome run_list(CommandContext& context, Client& client, Arguments arguments) {
  std::string text;
  if (arguments.size() == 2) {
    for (const auto& [id, other] : context.clients.all()) text += client_line(*other);
  } else if (is_word(arguments[2], "type") && arguments.size() == 4) {
    const auto type = parse_client_type(arguments[3]);
    if (!type) return refuse(client, fmt::format("ERR Unknown client type '{}'", arguments[3]));
    for (const auto& [id, other] : context.clients.all()) {
      if (type_of(*other) == *type) text += client_line(*other);
    }
  } else if (is_word(arguments[2], "id") && arguments.size() > 3) {
    for (const std::string_view word : arguments.subspan(3)) {
      std::uint64_t id = 0;
      const auto [rest, failure] = std::from_chars(word.data(), word.data() + word.size(), id);
      if (failure != std::errc{} || rest != word.data() + word.size()) return refuse(client, "ERR Invalid client ID");
      if (const Client* other = context.clients.find(id)) text += client_line(*other);
    }
  } else {
    return refuse(client, "ERR syntax error");
  }
  client.reply().bulk(text);
  return Outcome::Answered;
}

Outcome run_reply(CommandContext&, Client& client, Arguments arguments) {
  if (is_word(arguments[2], "on")) {
    client.reply_mode = ReplyMode::On;
    return accept(client);
  }
  if (is_word(arguments[2], "off")) {
    client.reply_mode = ReplyMode::Off;
  } else if (is_word(arguments[2], "skip")) {
    if (client.reply_mode == ReplyMode::On) client.reply_mode = ReplyMode::SkipNext;
  } else {
    return refuse(client, "ERR syntax error");
  }
  return Outcome::Answered;
}

Outcome set_switch(Client& client, std::string_view word, bool& target) {
  if (!is_word(word, "on") && !is_word(word, "off")) return refuse(client, "ERR syntax error");
  target = is_word(word, "on");
  return accept(client);
}

Outcome run_no_evict(CommandContext&, Client& client, Arguments arguments) {
  return set_switch(client, arguments[2], client.no_evict);
}

Outcome run_no_touch(CommandContext&, Client& client, Arguments arguments) {
  bool nothing_to_touch = false;
  return set_switch(client, arguments[2], nothing_to_touch);
}

// Accepted since clients refuse to work without: there are no keys, so there
// is nothing to invalidate.
Outcome run_tracking(CommandContext&, Client& client, Arguments arguments) {
  return set_switch(client, arguments[2], client.tracking);
}

Outcome run_caching(CommandContext&, Client& client, Arguments arguments) {
  if (!client.tracking) {
    return refuse(client,
                  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
                  "enabled");
  }
  if (!is_word(arguments[2], "yes") && !is_word(arguments[2], "no")) return refuse(client, "ERR syntax error");
  return accept(client);
}

Outcome run_getredir(CommandContext&, Client& client, Arguments) {
  client.reply().integer(client.tracking ? 0 : -1);
  return Outcome::Answered;
}

Outcome run_trackinginfo(CommandContext&, Client& client, Arguments) {
  ReplyWriter reply = client.reply();
  reply.map(3).bulk("flags").set(1).bulk(client.tracking ? "on" : "off");
  reply.bulk("redirect").integer(client.tracking ? 0 : -1);
  reply.bulk("prefixes").array(0);
  return Outcome::Answered;
}

// Nobody is ever blocked here.
Outcome run_unblock(CommandContext&, Client& client, Arguments) {
  client.reply().integer(0);
  return Outcome::Answered;
}

Outcome run_help(CommandContext& context, Client& client, Arguments) {
  return reply_help(*find_command(context.commands, "client"), client);
}

constexpr std::string_view kFlags = "noscript loading stale";
constexpr std::string_view kAdminFlags = "admin noscript loading stale";
constexpr std::string_view kCategories = "slow connection";
constexpr std::string_view kAdminCategories = "admin slow dangerous connection";

}  // namespace

Command client_command() {
  Command command{"client", -2, "", "slow", "CLIENT", "A container for client connection commands."};
  command.subcommands = {
      {"caching", 3, kFlags, kCategories, "CACHING (YES|NO)", "Accepted while tracking; nothing is cached.",
       run_caching},
      {"getname", 2, kFlags, kCategories, "GETNAME", "Return the name of the current connection.", run_getname},
      {"getredir", 2, kFlags, kCategories, "GETREDIR", "Return the client we redirect to when tracking.", run_getredir},
      {"id", 2, kFlags, kCategories, "ID", "Return the ID of the current connection.", run_id},
      {"info", 2, kFlags, kCategories, "INFO", "Return information about the current connection.", run_info},
      {"kill", -3, kAdminFlags, kAdminCategories, "KILL <ip:port> | <option> <value> [<option> <value> ...]",
       "Close connections: ID, ADDR, LADDR, TYPE (NORMAL|PUBSUB), USER, SKIPME (YES|NO).", client_kill},
      {"list", -2, kAdminFlags, kAdminCategories, "LIST [TYPE <type> | ID <id> ...]",
       "Return information about connections.", run_list},
      {"no-evict", 3, kAdminFlags, kAdminCategories, "NO-EVICT (ON|OFF)", "Accepted.", run_no_evict},
      {"no-touch", 3, kFlags, kCategories, "NO-TOUCH (ON|OFF)", "Accepted; there are no keys.", run_no_touch},
      {"reply", 3, kFlags, kCategories, "REPLY (ON|OFF|SKIP)", "Control the replies sent to this connection.",
       run_reply},
      {"setinfo", 4, kFlags, kCategories, "SETINFO (LIB-NAME|LIB-VER) <value>", "Say which library this is.",
       run_setinfo},
      {"setname", 3, kFlags, kCategories, "SETNAME <name>", "Assign a name to the current connection.", run_setname},
      {"tracking", -3, kFlags, kCategories, "TRACKING (ON|OFF) [options]", "Accepted; there are no keys to track.",
       run_tracking},
      {"trackinginfo", 2, kFlags, kCategories, "TRACKINGINFO", "Report tracking status.", run_trackinginfo},
      {"unblock", -3, kAdminFlags, kAdminCategories, "UNBLOCK <clientid> [TIMEOUT|ERROR]", "Answers 0.", run_unblock},
      {"help", 2, "loading stale", kCategories, "HELP", "Prints this help.", run_help},
  };
  return command;
}

}  // namespace sentinel
