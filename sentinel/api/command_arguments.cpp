#include "sentinel/api/command_arguments.h"

#include <algorithm>
#include <utility>

namespace sentinel {
namespace {

constexpr std::string_view kMore = " ...";

bool opens(char c) { return c == '[' || c == '(' || c == '<'; }
bool closes(char c) { return c == ']' || c == ')' || c == '>'; }

// Blanks inside brackets separate nothing.
std::vector<std::string_view> split_outside_brackets(std::string_view text) {
  std::vector<std::string_view> items;
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) depth += opens(text[i]) ? 1 : closes(text[i]) ? -1 : 0;
    if (i < text.size() && (text[i] != ' ' || depth > 0)) continue;
    if (i > start) items.push_back(text.substr(start, i - start));
    start = i + 1;
  }
  return items;
}

CommandArgument argument_of(std::string_view item) {
  CommandArgument argument;
  argument.optional = item.starts_with('[');
  if (argument.optional || item.starts_with('(')) item = item.substr(1, item.size() - 2);
  const std::string_view first = item.substr(0, item.size() - std::min(item.size(), kMore.size()));
  argument.multiple = item.ends_with(kMore) && first.find(' ') == std::string_view::npos;
  argument.name = argument.multiple ? first : item;
  std::erase_if(argument.name, [](char c) { return c == '<' || c == '>'; });
  return argument;
}

}  // namespace

std::vector<CommandArgument> arguments_of(std::string_view usage) {
  std::vector<CommandArgument> arguments;
  const std::vector<std::string_view> items = split_outside_brackets(usage);
  for (std::size_t i = 1; i < items.size(); ++i)
    arguments.push_back(argument_of(items[i]));  // The first is the command.
  return arguments;
}

}  // namespace sentinel
