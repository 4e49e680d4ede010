// COMMAND: what this table holds, for clients and operators that ask.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include "common/resp/text.h"
#include "sentinel/api/command.h"
#include "sentinel/api/command_arguments.h"

namespace sentinel {
namespace {

Outcome refuse(Client& client, std::string_view error) {
  client.reply().error(error);
  return Outcome::Answered;
}

// "sentinel" or "sentinel|myid".
const Command* find_by_full_name(const std::vector<Command>& commands, std::string_view name) {
  const std::size_t bar = name.find('|');
  const Command* const command = find_command(commands, name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return find_command(command->subcommands, name.substr(bar + 1));
}

void write_info(ReplyWriter& reply, const Command& command) {
  const auto flags = split_words(command.flags);
  const auto categories = split_words(command.categories);
  reply.array(10).bulk(command.full_name).integer(command.arity);
  reply.set(flags.size());
  for (const std::string_view flag : flags) reply.simple(flag);
  reply.integer(0).integer(0).integer(0);  // No command has keys.
  reply.set(categories.size());
  for (const std::string_view category : categories) reply.simple(fmt::format("@{}", category));
  reply.set(0).array(0);  // Tips, key specifications.
  reply.array(command.subcommands.size());
  for (const Command& sub : command.subcommands) write_info(reply, sub);
}

void write_arguments(ReplyWriter& reply, const std::vector<CommandArgument>& arguments) {
  reply.bulk("arguments").array(arguments.size());
  for (const CommandArgument& argument : arguments) {
    std::vector<std::string_view> flags;
    if (argument.optional) flags.push_back("optional");
    if (argument.multiple) flags.push_back("multiple");
    reply.map(flags.empty() ? 2 : 3).bulk("name").bulk(argument.name).bulk("type").bulk("string");
    if (flags.empty()) continue;
    reply.bulk("flags").set(flags.size());
    for (const std::string_view flag : flags) reply.simple(flag);  // redis-cli aborts on bulks.
  }
}

void write_docs(ReplyWriter& reply, const Command& command) {
  reply.bulk(command.full_name);
  const auto arguments = command.subcommands.empty() ? arguments_of(command.usage) : std::vector<CommandArgument>{};
  const bool has_more = !arguments.empty() || !command.subcommands.empty();
  reply.map(has_more ? 3 : 2).bulk("summary").bulk(command.summary);
  reply.bulk("group").bulk(command.full_name.starts_with("sentinel") ? "sentinel" : "connection");
  if (!arguments.empty()) write_arguments(reply, arguments);
  if (command.subcommands.empty()) return;
  reply.bulk("subcommands").map(command.subcommands.size());
  for (const Command& sub : command.subcommands) write_docs(reply, sub);
}

Outcome reply_all(CommandContext& context, Client& client) {
  ReplyWriter reply = client.reply();
  reply.array(context.commands.size());
  for (const Command& command : context.commands) write_info(reply, command);
  return Outcome::Answered;
}

Outcome run_count(CommandContext& context, Client& client, Arguments) {
  client.reply().integer(static_cast<std::int64_t>(context.commands.size()));
  return Outcome::Answered;
}

Outcome run_info(CommandContext& context, Client& client, Arguments arguments) {
  if (arguments.size() == 2) return reply_all(context, client);
  ReplyWriter reply = client.reply();
  reply.array(arguments.size() - 2);
  for (const std::string_view name : arguments.subspan(2)) {
    const Command* const command = find_by_full_name(context.commands, name);
    if (command == nullptr) {
      reply.null();
    } else {
      write_info(reply, *command);
    }
  }
  return Outcome::Answered;
}

Outcome run_docs(CommandContext& context, Client& client, Arguments arguments) {
  std::vector<const Command*> wanted;
  if (arguments.size() == 2) {
    for (const Command& command : context.commands) wanted.push_back(&command);
  }
  for (const std::string_view name : arguments.subspan(2)) {
    if (const Command* command = find_by_full_name(context.commands, name)) wanted.push_back(command);
  }
  ReplyWriter reply = client.reply();
  reply.map(wanted.size());
  for (const Command* command : wanted) write_docs(reply, *command);
  return Outcome::Answered;
}

using Filter = std::function<bool(const Command&)>;

// FILTERBY MODULE name | ACLCAT category | PATTERN glob.
std::optional<Filter> parse_filter(Arguments words) {
  if (words.empty()) return [](const Command&) { return true; };
  if (words.size() != 3 || !is_word(words[0], "filterby")) return std::nullopt;
  const std::string value(words[2]);
  if (is_word(words[1], "module")) return [](const Command&) { return false; };
  if (is_word(words[1], "aclcat")) {
    return [category = lower(value)](const Command& command) { return has_word(command.categories, category); };
  }
  if (is_word(words[1], "pattern")) {
    return [value](const Command& command) { return glob_matches(value, command.full_name, LetterCase::Ignore); };
  }
  return std::nullopt;
}

Outcome run_list(CommandContext& context, Client& client, Arguments arguments) {
  const auto wanted = parse_filter(arguments.subspan(2));
  if (!wanted) return refuse(client, "ERR syntax error");
  std::vector<std::string_view> names;
  for (const Command& command : context.commands) {
    if ((*wanted)(command)) names.push_back(command.full_name);
    for (const Command& sub : command.subcommands) {
      if ((*wanted)(sub)) names.push_back(sub.full_name);
    }
  }
  client.reply().set(names.size());
  for (const std::string_view name : names) client.reply().bulk(name);
  return Outcome::Answered;
}

Outcome run_getkeys(CommandContext& context, Client& client, Arguments arguments) {
  const bool known = find_command(context.commands, arguments[2]) != nullptr;
  return refuse(client, known ? "ERR The command has no key arguments" : "ERR Invalid command specified");
}

Outcome run_command(CommandContext& context, Client& client, Arguments) { return reply_all(context, client); }

Outcome run_command_help(CommandContext& context, Client& client, Arguments) {
  return reply_help(*find_command(context.commands, "command"), client);
}

constexpr std::string_view kFlags = "loading stale";
constexpr std::string_view kCategories = "slow connection";

}  // namespace

Command command_command() {
  Command command{"command", -1, kFlags, kCategories, "COMMAND", "Return details about all commands.", run_command};
  command.subcommands = {
      {"count", 2, kFlags, kCategories, "COUNT", "Return the number of commands.", run_count},
      {"list", -2, kFlags, kCategories, "LIST [FILTERBY ACLCAT|PATTERN <value>]", "Return the names of all commands.",
       run_list},
      {"info", -2, kFlags, kCategories, "INFO [<command-name> ...]", "Return details about commands.", run_info},
      {"docs", -2, kFlags, kCategories, "DOCS [<command-name> ...]", "Return what commands do.", run_docs},
      {"getkeys", -4, kFlags, kCategories, "GETKEYS <full-command>", "Return the keys: there are none.", run_getkeys},
      {"getkeysandflags", -4, kFlags, kCategories, "GETKEYSANDFLAGS <full-command>",
       "Return the keys and their flags: there are none.", run_getkeys},
      {"help", 2, kFlags, kCategories, "HELP", "Prints this help.", run_command_help},
  };
  return command;
}

}  // namespace sentinel
