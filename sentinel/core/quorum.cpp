#include "sentinel/core/quorum.h"

#include <cstdint>
#include <utility>

namespace sentinel {
namespace {

// FNV-1a over both names, then a finalizer so that near names land far apart.
std::uint64_t score(std::string_view group, std::string_view id) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::string_view part : {group, id}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    hash = (hash ^ 0xff) * 0x100000001b3ULL;
  }
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33);
}

}  // namespace

unsigned rank(std::string_view group, const NodeId& self, const std::vector<NodeId>& sentinels) {
  const auto mine = std::pair(score(group, self.value), std::string_view(self.value));
  unsigned ahead = 0;
  for (const NodeId& other : sentinels) {
    if (other == self) continue;
    if (std::pair(score(group, other.value), std::string_view(other.value)) > mine) ++ahead;
  }
  return ahead;
}

}  // namespace sentinel
