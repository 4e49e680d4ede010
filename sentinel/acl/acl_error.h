// What can be wrong with a rule, in stock's words.
#pragma once

#include <string_view>

#include "common/check.h"

namespace sentinel {

enum class AclError {
  Syntax,
  UnknownCommand,
  KeysAfterAll,
  ChannelsAfterAll,
  BadHash,
  NoSuchPassword,
  FirstWordOfSubcommand,
  TooMany,
};

constexpr std::string_view text_of(AclError error) {
  switch (error) {
    case AclError::Syntax: return "Syntax error";
    case AclError::UnknownCommand: return "Unknown command or category name in ACL";
    case AclError::KeysAfterAll:
      return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
             "Try 'resetkeys' to start with an empty list of patterns";
    case AclError::ChannelsAfterAll:
      return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any "
             "effect. Try 'resetchannels' to start with an empty list of channels";
    case AclError::BadHash:
      return "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
    case AclError::NoSuchPassword: return "The password you are trying to remove from the user does not exist";
    case AclError::FirstWordOfSubcommand: return "Allowing first-arg of a subcommand is not supported";
    case AclError::TooMany: return "More rules, or a longer one, than a user may have";  // Stock has no limits.
  }
  UNREACHABLE();
}

}  // namespace sentinel
