// A set of permissions: commands, keys and channels. A user has one, and may
// have more, each of which suffices by itself.
//
//   AclSelector selector;
//   selector.apply("+@pubsub");
//   selector.apply("&+switch-master");
//   selector.judge(subscribe, words);            // May this command run?
//   selector.describe();                         // "resetchannels &+switch-master -@all +@pubsub"
//
// The rules are those of Redis 7.0. No command here has keys: rules about them
// are kept and shown, and decide nothing.
#pragma once

#include <compare>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "sentinel/acl/acl_error.h"
#include "sentinel/acl/catalogue.h"

namespace sentinel {

inline constexpr std::size_t kAclPatternsMax = 1024;  // Of keys or of channels, a selector.
inline constexpr std::size_t kAclFirstWordsMax = 64;  // A command.
inline constexpr std::size_t kAclRuleBytesMax = 4096;

using AclWords = std::span<const std::string_view>;

enum class Denial { None, Command, Channel };  // A later one is nearer to a permission.

struct Verdict {
  Denial denial = Denial::None;
  std::size_t word = 0;  // The channel that is denied.
  auto operator<=>(const Verdict&) const = default;
};

class AclSelector {
 public:
  // No permission but, with all_channels, to use every channel.
  explicit AclSelector(bool all_channels = false) : all_channels_(all_channels) {}

  // One rule: "+@all", "-sentinel|failover", "~key*", "&channel", "resetkeys", ...
  Result<void, AclError> apply(std::string_view rule);

  // `words` begin with the command's own name.
  Verdict judge(CommandIndex command, AclWords words) const;
  bool may_use_channel(std::string_view name) const;
  bool may_use_pattern(std::string_view pattern) const;  // It must be one of ours, literally.
  // Nothing is denied: the test before commands that are asked often.
  bool unrestricted() const { return all_commands_ && all_channels_; }

  // In rules that give the same selector again.
  std::string describe() const;
  std::string describe_commands() const;
  std::string describe_keys() const;
  std::string describe_channels() const;  // Without "resetchannels".

  bool operator==(const AclSelector&) const = default;

 private:
  struct KeyPattern {
    std::string pattern;
    bool read = false;
    bool write = false;
    bool operator==(const KeyPattern&) const = default;
  };

  Result<void, AclError> apply_keys(std::string_view rule);
  Result<void, AclError> apply_channels(std::string_view pattern);
  Result<void, AclError> apply_command(std::string_view name, bool allow);
  Result<void, AclError> allow_first_word(std::string_view command, std::string_view word);
  void set_all_commands(bool allow);
  void set_category(unsigned category, bool allow);
  void set_command(CommandIndex command, bool allow);
  void set_bit(CommandIndex command, bool allow);
  bool may_run(CommandIndex command, AclWords words) const;

  // How many commands of a category are allowed and how many are not.
  struct Counts {
    std::size_t allowed = 0;
    std::size_t denied = 0;
  };
  Counts count(unsigned category) const;
  std::optional<unsigned> best_category(bool allow, const std::vector<bool>& used) const;

  CommandBits allowed_;
  bool future_commands_ = false;  // Began with +@all: commands of later versions are allowed.
  bool all_commands_ = false;     // +@all, and nothing was taken away since.
  std::map<CommandIndex, std::vector<std::string>> first_words_;
  bool all_keys_ = false;
  std::vector<KeyPattern> keys_;
  bool all_channels_ = false;
  std::vector<std::string> channels_;
};

}  // namespace sentinel
