// Counting sentinels: what a majority is, and who stands first.
#pragma once

#include <string_view>
#include <vector>

#include "common/ids.h"

namespace sentinel {

// More than half. REQUIRES: members > 0.
constexpr unsigned majority(unsigned members) { return members / 2 + 1; }

// R-E4: the place of `self` among `sentinels` for this group, 0 first, by
// rendezvous hashing: every sentinel computes the same order, each group has
// another one, and leaders spread. `self` need not be in `sentinels`.
unsigned rank(std::string_view group, const NodeId& self, const std::vector<NodeId>& sentinels);

}  // namespace sentinel
