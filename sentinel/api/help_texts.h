// What HELP of the commands with subcommands says: a line for how to call each, and indented ones for what it
// does; stock's subcommands in stock's order and with as many lines, then ours, HELP last.
//
//   help_text("sentinel")   // "CKQUORUM <master-name>\n    Check ...\n ..."; without the headline.
#pragma once

#include <string_view>

namespace sentinel {

// Lines end with "\n", the last one too. REQUIRES: name is acl, client, command or sentinel.
std::string_view help_text(std::string_view name);

}  // namespace sentinel
