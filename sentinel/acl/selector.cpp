#include "sentinel/acl/selector.h"

#include <algorithm>
#include <utility>

#include "common/resp/text.h"

namespace sentinel {
namespace {

const AclCatalogue& catalogue() { return AclCatalogue::instance(); }

// Patterns and words are written into files line by line, separated by blanks.
bool has_blanks(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == ' ' || c == '\0' || (c >= '\t' && c <= '\r'); });
}

Result<void, AclError> fail(AclError error) { return unexpected(error); }

}  // namespace

Result<void, AclError> AclSelector::apply(std::string_view rule) {
  if (rule.size() > kAclRuleBytesMax) return fail(AclError::TooMany);
  if (is_word(rule, "allkeys") || rule == "~*") {
    all_keys_ = true;
    keys_.clear();
  } else if (is_word(rule, "resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (is_word(rule, "allchannels") || rule == "&*") {
    all_channels_ = true;
    channels_.clear();
  } else if (is_word(rule, "resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (is_word(rule, "allcommands") || is_word(rule, "+@all")) {
    set_all_commands(true);
  } else if (is_word(rule, "nocommands") || is_word(rule, "-@all")) {
    set_all_commands(false);
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return apply_keys(rule);
  } else if (rule.starts_with('&')) {
    return apply_channels(rule.substr(1));
  } else if (rule.starts_with('+') || rule.starts_with('-')) {
    return apply_command(rule.substr(1), rule.front() == '+');
  } else {
    return fail(AclError::Syntax);
  }
  return {};
}

// ~pattern, or %R~pattern, %W~pattern, %RW~pattern. Redis 7.0 takes a bare "%R", too.
Result<void, AclError> AclSelector::apply_keys(std::string_view rule) {
  KeyPattern key{.pattern = {}, .read = rule.front() == '~', .write = rule.front() == '~'};
  std::size_t at = 1;
  if (rule.front() == '%') {
    for (; at < rule.size() && rule[at] != '~'; ++at) {
      bool* const right = ascii_lower(rule[at]) == 'r'   ? &key.read
                          : ascii_lower(rule[at]) == 'w' ? &key.write
                                                         : nullptr;
      if (right == nullptr || std::exchange(*right, true)) return fail(AclError::Syntax);
    }
    if (!key.read && !key.write) return fail(AclError::Syntax);
    at = std::min(at + 1, rule.size());
  }
  if (all_keys_) return fail(AclError::KeysAfterAll);
  key.pattern = rule.substr(at);
  if (has_blanks(key.pattern)) return fail(AclError::Syntax);
  const auto same = std::find_if(keys_.begin(), keys_.end(), [&](const auto& it) { return it.pattern == key.pattern; });
  if (same != keys_.end()) {
    same->read = same->read || key.read;
    same->write = same->write || key.write;
    return {};
  }
  if (keys_.size() >= kAclPatternsMax) return fail(AclError::TooMany);
  keys_.push_back(std::move(key));
  return {};
}

Result<void, AclError> AclSelector::apply_channels(std::string_view pattern) {
  if (all_channels_) return fail(AclError::ChannelsAfterAll);
  if (has_blanks(pattern)) return fail(AclError::Syntax);
  if (std::find(channels_.begin(), channels_.end(), pattern) != channels_.end()) return {};
  if (channels_.size() >= kAclPatternsMax) return fail(AclError::TooMany);
  channels_.emplace_back(pattern);
  return {};
}

Result<void, AclError> AclSelector::apply_command(std::string_view name, bool allow) {
  if (name.starts_with('@')) {
    const auto category = AclCatalogue::find_category(name.substr(1));
    if (!category) return fail(AclError::UnknownCommand);
    set_category(*category, allow);
    return {};
  }
  const std::size_t bar = name.rfind('|');
  if (allow && bar != std::string_view::npos) {
    const auto command = catalogue().find(name.substr(0, bar));
    if (!command) return fail(AclError::UnknownCommand);
    if (catalogue().at(*command).container) return fail(AclError::FirstWordOfSubcommand);
    if (bar + 1 == name.size()) return fail(AclError::Syntax);
    if (catalogue().at(*command).subcommands.empty()) {
      return allow_first_word(name.substr(0, bar), name.substr(bar + 1));
    }
  }
  const auto command = catalogue().find(name);
  if (!command) return fail(AclError::UnknownCommand);
  set_command(*command, allow);
  return {};
}

// A command that is not allowed, but with this first word it is.
Result<void, AclError> AclSelector::allow_first_word(std::string_view command, std::string_view word) {
  if (has_blanks(word)) return fail(AclError::Syntax);
  std::vector<std::string>& words = first_words_[*catalogue().find(command)];
  if (std::any_of(words.begin(), words.end(), [&](const auto& it) { return lower(it) == lower(word); })) return {};
  if (words.size() >= kAclFirstWordsMax) return fail(AclError::TooMany);
  words.emplace_back(word);
  return {};
}

void AclSelector::set_all_commands(bool allow) {
  allowed_.reset();
  if (allow) allowed_.set();
  future_commands_ = all_commands_ = allow;
  first_words_.clear();
}

void AclSelector::set_category(unsigned category, bool allow) {
  const auto& commands = catalogue().commands();
  for (CommandIndex index = 0; index < commands.size(); ++index) {
    if (commands[index].categories & (CategoryBits{1} << category)) set_command(index, allow);
  }
}

// With its subcommands, also those that are not in the category it was named by.
void AclSelector::set_command(CommandIndex command, bool allow) {
  set_bit(command, allow);
  first_words_.erase(command);
  for (const CommandIndex sub : catalogue().at(command).subcommands) set_bit(sub, allow);
}

void AclSelector::set_bit(CommandIndex command, bool allow) {
  allowed_.set(command, allow);
  if (!allow) all_commands_ = false;
}

bool AclSelector::may_run(CommandIndex command, AclWords words) const {
  if (all_commands_ || allowed_.test(command) || catalogue().at(command).always) return true;
  const auto firsts = first_words_.find(command);
  if (firsts == first_words_.end() || words.size() < 2) return false;
  return std::any_of(firsts->second.begin(), firsts->second.end(),
                     [&](const std::string& first) { return is_word(words[1], lower(first)); });
}

Verdict AclSelector::judge(CommandIndex command, AclWords words) const {
  if (!may_run(command, words)) return {.denial = Denial::Command};
  if (all_channels_) return {};
  const auto denied = [](std::size_t word) { return Verdict{.denial = Denial::Channel, .word = word}; };
  switch (catalogue().at(command).channels) {
    case ChannelWords::None: return {};
    case ChannelWords::Channels:
      for (std::size_t word = 1; word < words.size(); ++word) {
        if (!may_use_channel(words[word])) return denied(word);
      }
      return {};
    case ChannelWords::Patterns:
      for (std::size_t word = 1; word < words.size(); ++word) {
        if (!may_use_pattern(words[word])) return denied(word);
      }
      return {};
    case ChannelWords::Target: return words.size() < 2 || may_use_channel(words[1]) ? Verdict{} : denied(1);
  }
  UNREACHABLE();
}

bool AclSelector::may_use_channel(std::string_view name) const {
  return all_channels_ || std::any_of(channels_.begin(), channels_.end(),
                                      [&](const std::string& pattern) { return glob_matches(pattern, name); });
}

bool AclSelector::may_use_pattern(std::string_view pattern) const {
  return all_channels_ || std::find(channels_.begin(), channels_.end(), pattern) != channels_.end();
}

}  // namespace sentinel
