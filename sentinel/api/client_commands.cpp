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
#include "sentinel/api/client_tracking.h"
#include "sentinel/api/command.h"

namespace sentinel {
namespace {

constexpr std::chrono::milliseconds kPauseMax = std::chrono::hours{24 * 365 * 100};

Outcome refuse(Client& client, std::string_view error) {
  client.reply().error(error);
  return Outcome::Answered;
}

// Too many words for a subcommand that takes a range of them.
Outcome refuse_words(Client& client, Arguments arguments) {
  return refuse(client, fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try CLIENT HELP.",
                                    arguments[1]));
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
  client.reply().verbatim(client_line(client));
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
  client.reply().verbatim(text);
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

Outcome run_pause(CommandContext& context, Client& client, Arguments arguments) {
  if (arguments.size() > 4) return refuse_words(client, arguments);
  if (arguments.size() == 4 && !is_word(arguments[3], "write") && !is_word(arguments[3], "all")) {
    return refuse(client, "ERR CLIENT PAUSE mode must be WRITE or ALL");
  }
  std::int64_t timeout = 0;
  const std::string_view word = arguments[2];
  const auto [rest, failure] = std::from_chars(word.data(), word.data() + word.size(), timeout);
  if (failure != std::errc{} || rest != word.data() + word.size()) {
    return refuse(client, "ERR timeout is not an integer or out of range");
  }
  if (timeout < 0) return refuse(client, "ERR timeout is negative");
  // What is longer than clocks count never began in stock either.
  if (timeout > kPauseMax.count()) return accept(client);
  const auto now = ShellClock::now();
  const bool publishing = arguments.size() == 4 && is_word(arguments[3], "write");
  context.clients.pause(now + std::chrono::milliseconds(timeout),
                        publishing ? PauseOf::Publishing : PauseOf::Everything, now);
  return accept(client);
}

Outcome run_unpause(CommandContext& context, Client& client, Arguments) {
  context.clients.end_pause();
  return accept(client);
}

// Nobody is ever blocked here.
Outcome run_unblock(CommandContext&, Client& client, Arguments arguments) {
  if (arguments.size() > 4) return refuse_words(client, arguments);
  if (arguments.size() == 4 && !is_word(arguments[3], "timeout") && !is_word(arguments[3], "error")) {
    return refuse(client, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  std::uint64_t id = 0;
  const std::string_view word = arguments[2];
  const auto [rest, failure] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (failure != std::errc{} || rest != word.data() + word.size()) {
    return refuse(client, "ERR value is not an integer or out of range");
  }
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
       client_caching},
      {"getname", 2, kFlags, kCategories, "GETNAME", "Return the name of the current connection.", run_getname},
      {"getredir", 2, kFlags, kCategories, "GETREDIR", "Return the client we redirect to when tracking.",
       client_getredir},
      {"id", 2, kFlags, kCategories, "ID", "Return the ID of the current connection.", run_id},
      {"info", 2, kFlags, kCategories, "INFO", "Return information about the current connection.", run_info},
      {"kill", -3, kAdminFlags, kAdminCategories, "KILL <ip:port> | <option> <value> [<option> <value> ...]",
       "Close connections: ID, ADDR, LADDR, TYPE (NORMAL|PUBSUB), USER, SKIPME (YES|NO).", client_kill},
      {"list", -2, kAdminFlags, kAdminCategories, "LIST [TYPE <type> | ID <id> ...]",
       "Return information about connections.", run_list},
      {"no-evict", 3, kAdminFlags, kAdminCategories, "NO-EVICT (ON|OFF)", "Accepted.", run_no_evict},
      {"pause", -3, kAdminFlags, kAdminCategories, "PAUSE <timeout> [WRITE|ALL]", "Let commands wait.", run_pause},
      {"reply", 3, kFlags, kCategories, "REPLY (ON|OFF|SKIP)", "Control the replies sent to this connection.",
       run_reply},
      {"setinfo", 4, kFlags, kCategories, "SETINFO (LIB-NAME|LIB-VER) <value>", "Say which library this is.",
       run_setinfo},
      {"setname", 3, kFlags, kCategories, "SETNAME <name>", "Assign a name to the current connection.", run_setname},
      {"tracking", -3, kFlags, kCategories, "TRACKING (ON|OFF) [options]", "Accepted; there are no keys to track.",
       client_tracking},
      {"trackinginfo", 2, kFlags, kCategories, "TRACKINGINFO", "Report tracking status.", client_trackinginfo},
      {"unpause", 2, kAdminFlags, kAdminCategories, "UNPAUSE", "End the pause.", run_unpause},
      {"unblock", -3, kAdminFlags, kAdminCategories, "UNBLOCK <clientid> [TIMEOUT|ERROR]", "Answers 0.", run_unblock},
      {"help", 2, "loading stale", kCategories, "HELP", "Prints this help.", run_help},
  };
  for (Command& sub : command.subcommands) {
    if (sub.name == "list" || sub.name == "info") sub.tips = "nondeterministic_output";
  }
  return command;
}

}  // namespace sentinel
