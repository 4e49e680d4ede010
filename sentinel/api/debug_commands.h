// SENTINEL's commands for tests: times and failures of this process, until it ends.
#pragma once

#include "sentinel/api/command.h"

namespace sentinel {

// Without arguments all times, else pairs of name and milliseconds, from left
// to right; those before a bad one stay applied, as in stock.
Outcome sentinel_debug(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_simulate_failure(CommandContext& context, Client& client, Arguments arguments);

}  // namespace sentinel
