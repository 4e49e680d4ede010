// The INFO reply of a simulated node, as long as a real one.
#pragma once

#include <cstddef>
#include <string>

#include "tests/bench/fleet/replication.h"

namespace sentinel::fleet {

// REQUIRES: group.settle(now) was called.
std::string info_text(const Replication& group, std::size_t node, Time now);

}  // namespace sentinel::fleet
