// What a simulated node answers: the commands that sentinels send, and
// "unknown command" for every other.
#pragma once

#include <span>
#include <string_view>

#include "tests/bench/fleet/fleet.h"

namespace sentinel::fleet {

// Queues it while a transaction is open, else runs it.
void execute(Fleet& fleet, Connection& connection, std::span<const std::string_view> words);

}  // namespace sentinel::fleet
