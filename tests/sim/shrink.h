// A failed run with as few faults as still make it fail the same way.
#pragma once

#include "tests/sim/world.h"

namespace sentinel::sim {

struct Shrunk {
  WorldSettings settings;  // With `faults` set.
  Report report;
  std::size_t runs = 0;
};

// Leaves faults out, halves first, then one by one, as long as the same rule is
// violated; at most `runs_max` runs. REQUIRES: the settings violate `rule`.
Shrunk shrink(WorldSettings settings, const std::string& rule, std::vector<Fault> faults, std::size_t runs_max);

}  // namespace sentinel::sim
