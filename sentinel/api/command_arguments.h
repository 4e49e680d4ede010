// The arguments of a command, read from its usage: COMMAND DOCS shows them, and
// redis-cli makes the hints behind the cursor from that.
//
//   "SET <master-name> <option> <value> [<option> <value> ...]"
//     master-name, option, value, and "option value ..." as an optional one
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sentinel {

struct CommandArgument {
  std::string name;  // A group in brackets stays one text: it is for people to read.
  bool optional = false;
  bool multiple = false;  // "[channel ...]"
  bool operator==(const CommandArgument&) const = default;
};

std::vector<CommandArgument> arguments_of(std::string_view usage);

}  // namespace sentinel
