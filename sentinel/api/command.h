// One command or subcommand: how clients call it, what COMMAND tells about it,
// and what runs. The table is data; HELP, COMMAND INFO and the checks before a
// command runs are all made from it.
#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/resp/reply_writer.h"
#include "sentinel/acl/catalogue.h"
#include "sentinel/acl/settings.h"
#include "sentinel/api/daemon.h"
#include "sentinel/net/client_handler.h"
#include "sentinel/net/client_registry.h"
#include "sentinel/net/pubsub.h"

namespace sentinel {

// What Vigil says it is to clients that ask for a Redis version: the newest
// whose Sentinel commands it answers (CLIENT SETINFO came with it).
inline constexpr std::string_view kCompatibleRedisVersion = "7.2.0";

struct CommandOptions {
  std::string password = {};  // requirepass; empty: none is needed.
  AccessSettings access = {};
  bool deny_scripts_reconfig = true;  // Stock's default: SENTINEL SET may not name programs.
  bool resolve_hostnames = false;
  bool announce_hostnames = false;
  std::string announce_ip = {};  // The four are what SENTINEL CONFIG GET shows.
  std::uint16_t announce_port = 0;
  std::string sentinel_user = {};
  bool has_sentinel_password = false;  // Itself it is never shown.
  std::string log_level = "notice";
};

struct Command;
class Access;

// What handlers work with. Outlives every command.
struct CommandContext {
  Daemon& daemon;
  ClientRegistry& clients;
  PubSub& pubsub;
  CommandOptions options;
  const std::vector<Command>& commands;
  Access& access;
};

// Answers at once.
using Handler = Outcome (*)(CommandContext& context, Client& client, Arguments arguments);
// Answers when what it did is durable.
using SlowHandler = asio::awaitable<void> (*)(CommandContext& context, std::vector<std::string> arguments,
                                              ReplyWriter reply);

struct Command {
  std::string name;             // Lower case.
  int arity = 1;                // Words with the command's own; negative: at least.
  std::string_view flags;       // Separated by blanks, as COMMAND INFO shows them.
  std::string_view categories;  // ACL categories, likewise, without "@".
  std::string_view usage;       // "CKQUORUM <master-name>".
  std::string_view summary;
  Handler handler = nullptr;  // Exactly one of the two, or subcommands.
  SlowHandler slow = nullptr;
  std::vector<Command> subcommands = {};
  bool while_subscribed = false;  // Also in RESP2's subscribed state.
  std::string full_name = {};     // "sentinel|ckquorum". Set by the table.
  // What gives permission for it, set by the table. None: it needs all permissions.
  std::optional<CommandIndex> permission = {};
  bool before_authentication = false;  // Allowed to everybody, as the flag no_auth says. Set by the table.
};

bool arity_fits(int arity, std::size_t words);
bool has_word(std::string_view words, std::string_view word);
std::vector<std::string_view> split_words(std::string_view words);

// "HELP" of a command with subcommands.
Outcome reply_help(const Command& command, Client& client);
// nullptr if there is none. `name` in any case.
const Command* find_command(const std::vector<Command>& commands, std::string_view name);

// The parts of the table, by subject.
std::vector<Command> connection_commands();  // PING, HELLO, AUTH, QUIT, RESET, ROLE, SHUTDOWN, INFO
std::vector<Command> pubsub_commands();
Command client_command();
Command command_command();
Command acl_command();
Command sentinel_command();

}  // namespace sentinel
