// What the simulated nodes were asked, for rates of checks.
#pragma once

#include <cstdint>

namespace sentinel::fleet {

struct Counters {
  std::uint64_t pings = 0;
  std::uint64_t infos = 0;
  std::uint64_t publishes = 0;
  std::uint64_t role_changes = 0;  // REPLICAOF and SLAVEOF.
  std::uint64_t others = 0;
  std::uint64_t unknown = 0;    // Of the others: answered as unknown commands.
  std::uint64_t delivered = 0;  // Messages to subscribers.
  std::uint64_t accepted = 0;   // Connections.
  std::uint64_t open = 0;       // Connections now.
};

}  // namespace sentinel::fleet
