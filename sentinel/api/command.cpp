#include "sentinel/api/command.h"

#include <algorithm>

#include "common/resp/text.h"
#include "sentinel/api/help_texts.h"

namespace sentinel {

std::vector<std::string_view> split_words(std::string_view words) {
  std::vector<std::string_view> result;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end > 0) result.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return result;
}

bool arity_fits(int arity, std::size_t words) {
  return arity >= 0 ? words == static_cast<std::size_t>(arity) : words >= static_cast<std::size_t>(-arity);
}

bool has_word(std::string_view words, std::string_view word) {
  const auto list = split_words(words);
  return std::find(list.begin(), list.end(), word) != list.end();
}

Outcome reply_help(const Command& command, Client& client) {
  std::string upper = command.name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  ReplyWriter reply = client.reply();
  std::string_view text = help_text(command.name);
  reply.array(1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
  reply.simple(upper + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    reply.simple(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return Outcome::Answered;
}

const Command* find_command(const std::vector<Command>& commands, std::string_view name) {
  for (const Command& command : commands) {
    if (is_word(name, command.name)) return &command;
  }
  return nullptr;
}

}  // namespace sentinel
