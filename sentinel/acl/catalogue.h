// The commands that access rules are about: their categories, which of their
// words are channels, and what commands of ours follow.
//
//   const AclCatalogue& all = AclCatalogue::instance();
//   auto masters = all.find("SENTINEL|Masters");   // Index of an entry.
//
// The entries are exactly stock Sentinel's commands. A command that only Vigil
// has follows one of them: who may run SENTINEL MASTER may run SENTINEL
// EXPLAIN. So every user can be written in rules that redis-sentinel reads, too.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sentinel {

// In the order of ACL CAT.
inline constexpr std::array<std::string_view, 21> kAclCategories{
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting"};

inline constexpr std::size_t kAclCommandsMax = 128;

using CommandIndex = std::size_t;
using CommandBits = std::bitset<kAclCommandsMax>;
using CategoryBits = std::uint32_t;

// Which words of a command name channels.
enum class ChannelWords { None, Channels, Patterns, Target };

struct AclCommand {
  std::string_view name;  // "sentinel|masters".
  CategoryBits categories = 0;
  ChannelWords channels = ChannelWords::None;
  bool always = false;  // Needs no permission: AUTH, HELLO.
  std::optional<CommandIndex> container = {};
  std::vector<CommandIndex> subcommands = {};
};

class AclCatalogue {
 public:
  static const AclCatalogue& instance();

  // Containers stand before their subcommands.
  const std::vector<AclCommand>& commands() const { return commands_; }
  const AclCommand& at(CommandIndex index) const { return commands_[index]; }

  // The entry of a command, in any case, or of the one it follows.
  std::optional<CommandIndex> find(std::string_view full_name) const;
  static std::optional<unsigned> find_category(std::string_view name);

  // Stock's commands of a category and ours that follow one of them.
  std::vector<std::string_view> names_in(unsigned category) const;

 private:
  AclCatalogue();

  std::vector<AclCommand> commands_;
};

}  // namespace sentinel
