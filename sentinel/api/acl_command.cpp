// ACL: the users, what they may do, and what was refused.
#include <fmt/format.h>

#include <charconv>
#include <random>

#include "common/resp/text.h"
#include "sentinel/api/access.h"
#include "sentinel/api/command.h"

namespace sentinel {
namespace {

constexpr std::int64_t kGeneratedBitsDefault = 256;
constexpr std::int64_t kGeneratedBitsMax = 4096;
constexpr std::size_t kLogEntriesDefault = 10;
constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";

Outcome refuse(Client& client, std::string_view error) {
  client.reply().error(error);
  return Outcome::Answered;
}

Outcome accept(Client& client) {
  client.reply().simple("OK");
  return Outcome::Answered;
}

Outcome answer(Client& client, const Result<void>& result) {
  return result ? accept(client) : refuse(client, "ERR " + result.error());
}

// Stock's words for a subcommand that exists, but not with so many words.
Outcome wrong_words(Client& client, std::string_view subcommand) {
  return refuse(client,
                fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try ACL HELP.", subcommand));
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

Outcome run_whoami(CommandContext&, Client& client, Arguments) {
  client.reply().bulk(user_name(client));
  return Outcome::Answered;
}

Outcome run_users(CommandContext& context, Client& client, Arguments) {
  const AclUsers::Map& users = context.access.users().all();
  client.reply().array(users.size());
  for (const auto& [name, user] : users) client.reply().bulk(name);
  return Outcome::Answered;
}

Outcome run_list(CommandContext& context, Client& client, Arguments) {
  const std::vector<std::string> lines = context.access.users().lines();
  client.reply().array(lines.size());
  for (const std::string& line : lines) client.reply().bulk(line);
  return Outcome::Answered;
}

void write_selector(ReplyWriter& reply, const AclSelector& selector) {
  reply.bulk("commands").bulk(selector.describe_commands());
  reply.bulk("keys").bulk(selector.describe_keys());
  reply.bulk("channels").bulk(selector.describe_channels());
}

Outcome run_getuser(CommandContext& context, Client& client, Arguments arguments) {
  ReplyWriter reply = client.reply();
  const auto user = context.access.users().find(arguments[2]);
  if (user == nullptr) {
    reply.null();
    return Outcome::Answered;
  }
  const auto flags = user->flags();
  reply.map(6).bulk("flags").set(flags.size());
  for (const std::string_view flag : flags) reply.bulk(flag);
  reply.bulk("passwords").array(user->password_hashes().size());
  for (const std::string& hash : user->password_hashes()) reply.bulk(hash);
  const std::vector<AclSelector>& selectors = user->selectors();
  write_selector(reply, selectors.front());
  reply.bulk("selectors").array(selectors.size() - 1);
  for (std::size_t i = 1; i < selectors.size(); ++i) {
    reply.map(3);
    write_selector(reply, selectors[i]);
  }
  return Outcome::Answered;
}

Outcome run_setuser(CommandContext& context, Client& client, Arguments arguments) {
  const std::vector<std::string> rules(arguments.begin() + 3, arguments.end());
  return answer(client, context.access.set_user(client, std::string(arguments[2]), rules));
}

Outcome run_deluser(CommandContext& context, Client& client, Arguments arguments) {
  std::int64_t removed = 0;
  for (const std::string_view name : arguments.subspan(2)) {
    if (name == kDefaultUser) return refuse(client, "ERR The 'default' user cannot be removed");
    if (context.access.remove_user(client, name)) ++removed;
  }
  client.reply().integer(removed);
  return Outcome::Answered;
}

Outcome run_categories(CommandContext&, Client& client, Arguments arguments) {
  if (arguments.size() > 3) return wrong_words(client, arguments[1]);
  std::vector<std::string_view> names(kAclCategories.begin(), kAclCategories.end());
  if (arguments.size() == 3) {
    const auto category = AclCatalogue::find_category(arguments[2]);
    if (!category) return refuse(client, fmt::format("ERR Unknown category '{}'", arguments[2]));
    names = AclCatalogue::instance().names_in(*category);
  }
  client.reply().array(names.size());
  for (const std::string_view name : names) client.reply().bulk(name);
  return Outcome::Answered;
}

Outcome run_dryrun(CommandContext& context, Client& client, Arguments arguments) {
  const auto user = context.access.users().find(arguments[2]);
  if (user == nullptr) return refuse(client, fmt::format("ERR User '{}' not found", arguments[2]));
  const Arguments words = arguments.subspan(3);
  const Command* command = find_command(context.commands, words[0]);
  if (command != nullptr && !command->subcommands.empty() && words.size() > 1) {
    command = find_command(command->subcommands, words[1]);
  }
  if (command == nullptr) return refuse(client, fmt::format("ERR Command '{}' not found", words[0]));
  if (!arity_fits(command->arity, words.size())) {
    return refuse(client, fmt::format("ERR wrong number of arguments for '{}' command", command->full_name));
  }
  const auto index = AclCatalogue::instance().find(command->full_name);
  const Verdict verdict = command->before_authentication || user->unrestricted() ? Verdict{}
                          : index                                                ? user->judge(*index, words)
                                                                                 : Verdict{.denial = Denial::Command};
  switch (verdict.denial) {
    case Denial::None: return accept(client);
    case Denial::Command:
      client.reply().bulk(fmt::format("This user has no permissions to run the '{}' command", command->full_name));
      return Outcome::Answered;
    case Denial::Channel:
      client.reply().bulk(fmt::format("This user has no permissions to access the '{}' channel", words[verdict.word]));
      return Outcome::Answered;
  }
  UNREACHABLE();
}

Outcome run_genpass(CommandContext&, Client& client, Arguments arguments) {
  if (arguments.size() > 3) return wrong_words(client, arguments[1]);
  std::int64_t bits = kGeneratedBitsDefault;
  if (arguments.size() == 3) {
    const auto given = parse_integer(arguments[2]);
    if (!given) return refuse(client, kNotAnInteger);
    if (*given <= 0 || *given > kGeneratedBitsMax) {
      return refuse(client,
                    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up "
                    "to 4096");
    }
    bits = *given;
  }
  std::random_device device;  // The kernel's.
  std::string password;
  for (std::int64_t digit = 0; digit < (bits + 3) / 4; ++digit) password += "0123456789abcdef"[device() % 16];
  client.reply().bulk(password);
  return Outcome::Answered;
}

std::string_view name_of(AclLogReason reason) {
  switch (reason) {
    case AclLogReason::Command: return "command";
    case AclLogReason::Channel: return "channel";
    case AclLogReason::Auth: return "auth";
  }
  UNREACHABLE();
}

Outcome run_log(CommandContext& context, Client& client, Arguments arguments) {
  if (arguments.size() > 3) return wrong_words(client, arguments[1]);
  AclLog& log = context.access.log();
  std::size_t count = kLogEntriesDefault;
  if (arguments.size() == 3) {
    if (is_word(arguments[2], "reset")) {
      log.clear();
      return accept(client);
    }
    const auto given = parse_integer(arguments[2]);
    if (!given) return refuse(client, kNotAnInteger);
    count = *given < 0 ? 0 : static_cast<std::size_t>(*given);
  }
  count = std::min(count, log.entries().size());
  const TimePoint now = context.daemon.now();
  ReplyWriter reply = client.reply();
  reply.array(count);
  for (const AclLogEntry& entry : log.entries()) {
    if (count-- == 0) break;
    const std::string age = fmt::format("{}", static_cast<double>((now - entry.at).count()) / 1000);
    reply.map(7).bulk("count").integer(static_cast<std::int64_t>(entry.count));
    reply.bulk("reason").bulk(name_of(entry.reason));
    reply.bulk("context").bulk("toplevel");
    reply.bulk("object").bulk(entry.object);
    reply.bulk("username").bulk(entry.user);
    reply.bulk("age-seconds");
    if (reply.version() == RespVersion::Three) {
      reply.raw("," + age + "\r\n");
    } else {
      reply.bulk(age);
    }
    reply.bulk("client-info").bulk(entry.client);
  }
  return Outcome::Answered;
}

Outcome run_load(CommandContext& context, Client& client, Arguments) {
  return answer(client, context.access.load(client));
}
Outcome run_save(CommandContext& context, Client& client, Arguments) { return answer(client, context.access.save()); }

Outcome run_help(CommandContext& context, Client& client, Arguments) {
  return reply_help(*find_command(context.commands, "acl"), client);
}

}  // namespace

Command acl_command() {
  constexpr std::string_view kFlags = "noscript loading stale";
  constexpr std::string_view kAdminFlags = "admin noscript loading stale";
  constexpr std::string_view kCategories = "slow";
  constexpr std::string_view kAdminCategories = "admin slow dangerous";
  Command command{"acl", -2, "", kCategories, "ACL", "A container for Access List Control commands."};
  const auto open = [&](std::string name, int arity, std::string_view usage, std::string_view summary,
                        Handler handler) {
    command.subcommands.push_back({std::move(name), arity, kFlags, kCategories, usage, summary, handler});
  };
  const auto admin = [&](std::string name, int arity, std::string_view usage, std::string_view summary,
                         Handler handler) {
    command.subcommands.push_back({std::move(name), arity, kAdminFlags, kAdminCategories, usage, summary, handler});
  };
  open("cat", -2, "CAT [<category>]", "Lists all ACL categories, or all commands inside a category.", run_categories);
  admin("deluser", -3, "DELUSER <username> [<username> ...]", "Deletes ACL users, and terminates their connections.",
        run_deluser);
  admin("dryrun", -4, "DRYRUN <username> <command> [<arg> ...]",
        "Simulates the execution of a command by a user, without executing the command.", run_dryrun);
  open("genpass", -2, "GENPASS [<bits>]", "Generates a pseudorandom, secure password.", run_genpass);
  admin("getuser", 3, "GETUSER <username>", "Lists the ACL rules of a user.", run_getuser);
  command.subcommands.push_back({"help", 2, "loading stale", kCategories, "HELP",
                                 "Returns helpful text about the different subcommands.", run_help});
  admin("list", 2, "LIST", "Dumps the effective rules in ACL file format.", run_list);
  admin("load", 2, "LOAD", "Reloads the rules from the configured ACL file.", run_load);
  admin("log", -2, "LOG [<count> | RESET]", "Lists recent security events.", run_log);
  admin("save", 2, "SAVE", "Saves the effective ACL rules in the configured ACL file.", run_save);
  admin("setuser", -3, "SETUSER <username> <attribute> [<attribute> ...]", "Creates and modifies a user.", run_setuser);
  admin("users", 2, "USERS", "Lists all ACL users.", run_users);
  open("whoami", 2, "WHOAMI", "Returns the user of this connection.", run_whoami);
  return command;
}

}  // namespace sentinel
