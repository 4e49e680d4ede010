// The addresses of this machine, by which our own entry in a list of all sentinels is recognised.
#pragma once

#include <string>
#include <vector>

namespace sentinel {

// Numeric, of all interfaces that are there now. Empty if the system does not tell.
std::vector<std::string> local_addresses();

}  // namespace sentinel
