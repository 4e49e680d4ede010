// R-L6: what is asked of whoever brings an old master back, and what came of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/endpoint.h"
#include "common/ids.h"
#include "common/time.h"

namespace sentinel {

enum class Rescue {
  Off,
  Stream,    // The commands that the new master lacks.
  Snapshot,  // ... or, where the node no longer has them as a stream, all of its data.
};

// Ask the node, once it is fenced, for what it has beyond the point where the histories part.
struct RescueOrder {
  std::string group;
  Epoch epoch;
  std::string history;                // The node's replication id when this was ordered: another one, another process.
  std::optional<std::uint64_t> from;  // The first offset that the master does not have. None: nobody knows.
  Millis deadline{10000};
  std::uint64_t bytes_max = 0;
  unsigned keep = 1;  // Files of the group.
  bool snapshot = false;
  bool operator==(const RescueOrder&) const = default;
};

// Absent in a reply: there was nothing to rescue.
struct RescueOutcome {
  std::uint64_t bytes = 0;        // That the node had and the master has not. 0: unknown.
  std::uint64_t saved_bytes = 0;  // Of these.
  std::uint64_t commands = 0;     // Saved.
  std::uint64_t keys = 0;
  Millis took{0};
  std::string file;          // Empty: none was written.
  std::string lost_because;  // Empty: all is saved.
};

}  // namespace sentinel
