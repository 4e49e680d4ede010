#include "sentinel/api/command_table.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <iterator>
#include <utility>

#include "common/check.h"
#include "common/resp/text.h"
#include "sentinel/api/queries.h"

namespace sentinel {
namespace {

constexpr std::size_t kNameInErrorsMax = 128;  // Characters, as stock shows.
constexpr std::size_t kCommandNameMax = 32;    // Longer ones are unknown.

std::vector<Command> all_commands() {
  std::vector<Command> all = connection_commands();
  for (Command& command : pubsub_commands()) all.push_back(std::move(command));
  all.push_back(client_command());
  all.push_back(command_command());
  all.push_back(acl_command());
  all.push_back(sentinel_command());
  for (Command& command : all) {
    command.full_name = command.name;
    command.permission = AclCatalogue::instance().find(command.full_name);
    command.before_authentication = has_word(command.flags, "no_auth");
    for (Command& sub : command.subcommands) {
      sub.full_name = command.name + "|" + sub.name;
      sub.permission = AclCatalogue::instance().find(sub.full_name);
    }
  }
  return all;
}

std::string unknown_command(Arguments arguments) {
  std::string shown;
  for (std::size_t i = 1; i < arguments.size() && shown.size() < kNameInErrorsMax; ++i) {
    shown += fmt::format("'{}' ", arguments[i].substr(0, kNameInErrorsMax - shown.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}", arguments[0].substr(0, kNameInErrorsMax),
                     shown);
}

std::string unknown_subcommand(const Command& command, std::string_view word) {
  std::string upper = command.name;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", word.substr(0, kNameInErrorsMax), upper);
}

}  // namespace

CommandTable::CommandTable(Daemon& daemon, ClientRegistry& clients, PubSub& pubsub, CommandOptions options)
    : commands_(all_commands()),
      access_(daemon, clients, options.access, options.password),
      context_{daemon, clients, pubsub, std::move(options), commands_, access_} {
  for (const Command& command : commands_) {
    CHECK(command.name.size() <= kCommandNameMax);
    by_name_.emplace(command.name, &command);
  }
}

std::string_view CommandTable::denial(bool from_this_machine) const { return access_.denial(from_this_machine); }

void CommandTable::connected(Client& client) { access_.connected(client); }

void CommandTable::disconnected(Client& client) { context_.pubsub.remove(client); }

const Command* CommandTable::look_up(std::string_view name) const {
  std::array<char, kCommandNameMax> folded{};
  if (name.size() > folded.size()) return nullptr;
  for (std::size_t i = 0; i < name.size(); ++i) folded[i] = ascii_lower(name[i]);
  const auto found = by_name_.find(std::string_view(folded.data(), name.size()));
  return found == by_name_.end() ? nullptr : found->second;
}

void CommandTable::refuse(Client& client, std::string_view error) {
  ++context_.clients.statistics.error_replies;
  client.reply().error(error);
}

// The checks in stock's order.
CommandTable::Found CommandTable::find(Client& client, Arguments arguments) {
  const Command* command = look_up(arguments[0]);
  if (command == nullptr) {
    refuse(client, unknown_command(arguments));
    return {};
  }
  if (!command->subcommands.empty() && arguments.size() > 1) {
    const Command* sub = find_command(command->subcommands, arguments[1]);
    if (sub == nullptr) {
      refuse(client, unknown_subcommand(*command, arguments[1]));
      return {};
    }
    command = sub;
  }
  if (!arity_fits(command->arity, arguments.size())) {
    refuse(client, fmt::format("ERR wrong number of arguments for '{}' command", command->full_name));
    return {};
  }
  client.last_command = command->full_name;
  if (!client.unrestricted && !command->before_authentication) {
    if (access_.authentication_needed(client)) {
      refuse(client, "NOAUTH Authentication required.");
      return {};
    }
    if (const auto error = access_.refusal(client, command->permission, command->full_name, arguments)) {
      refuse(client, *error);
      return {};
    }
  }
  if (client.protocol == RespVersion::Two && client.subscribed() && !command->while_subscribed) {
    refuse(client, fmt::format("ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
                               "are allowed in this context",
                               command->full_name));
    return {};
  }
  return {command};
}

// What clients ask most, without the way through the table.
bool CommandTable::try_master_address(Client& client, Arguments arguments) {
  if (arguments.size() != 3 || !is_word(arguments[1], "get-master-addr-by-name")) return false;
  if (!is_word(arguments[0], "sentinel") || !client.unrestricted) return false;
  if (client.protocol == RespVersion::Two && client.subscribed()) return false;
  if (context_.clients.pausing()) return false;
  client.last_command = "sentinel|get-master-addr-by-name";
  client.proven = true;
  reply_master_address(context_, client, arguments[2]);
  return true;
}

// Peers go on talking, or one client's pause would look like this sentinel's death; stock knows no such connections.
bool CommandTable::waits_for_pause(const Command& command) const {
  if (!context_.clients.pausing()) return false;
  const auto what = command.name == "publish" ? PauseOf::Publishing : PauseOf::Everything;
  return context_.clients.paused(what, ShellClock::now()) && command.full_name != "sentinel|peer";
}

Outcome CommandTable::dispatch(Client& client, Arguments arguments) {
  if (try_master_address(client, arguments)) return Outcome::Answered;
  if (is_word(arguments[0], "post") || is_word(arguments[0], "host:")) {
    // A browser was led here to send commands in a request's body.
    spdlog::warn("client {} speaks HTTP; closed", client.facts().address);
    return Outcome::Hangup;
  }
  const Command* const command = find(client, arguments).command;
  if (command == nullptr) return Outcome::Answered;
  if (waits_for_pause(*command)) return Outcome::Paused;
  if (command->slow != nullptr) {
    client.proven = true;  // find() lets none of these through without authentication.
    return Outcome::Pending;
  }
  if (command->handler == nullptr) UNREACHABLE();
  const Outcome outcome = command->handler(context_, client, arguments);
  client.proven = client.proven || client.authenticated;  // Guessing passwords proves nothing.
  return outcome;
}

Outcome CommandTable::handle(Client& client, Arguments arguments) {
  const Outcome outcome = muted(client, arguments);
  if (outcome != Outcome::Paused) ++context_.clients.statistics.commands;
  return outcome;
}

Outcome CommandTable::muted(Client& client, Arguments arguments) {
  if (client.reply_mode == ReplyMode::On) return dispatch(client, arguments);

  const ReplyMode mode = client.reply_mode;
  const std::size_t before = client.output.size();
  const Outcome outcome = dispatch(client, arguments);
  if (outcome == Outcome::Pending || outcome == Outcome::Paused) return outcome;  // finish() drops the reply.
  if (client.reply_mode == mode) client.output.resize(before);
  if (mode == ReplyMode::SkipNext && client.reply_mode == mode) client.reply_mode = ReplyMode::On;
  return outcome;
}

asio::awaitable<void> CommandTable::finish(Client& client, std::vector<std::string> arguments) {
  const Command* command = look_up(arguments[0]);
  if (!command->subcommands.empty()) command = find_command(command->subcommands, arguments[1]);
  std::string answer;
  ReplyWriter reply(answer, client.protocol);
  co_await command->slow(context_, std::move(arguments), reply);
  if (answer.starts_with('-')) ++context_.clients.statistics.error_replies;
  if (client.reply_mode == ReplyMode::On) client.output += answer;
  if (client.reply_mode == ReplyMode::SkipNext) client.reply_mode = ReplyMode::On;
}

}  // namespace sentinel
