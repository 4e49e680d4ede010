// Every bound of the core, with its unit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/time.h"

namespace sentinel {

inline constexpr std::size_t kNodesPerGroupMax = 64;        // Replicas beyond are not watched.
inline constexpr std::size_t kPeersPerGroupMax = 32;        // Discovered sentinels beyond are ignored.
inline constexpr std::size_t kDiscoveredAddressesMax = 64;  // Then the oldest that led nowhere is given up.
inline constexpr std::size_t kHistoriesPerGroupMax = 32;    // Replication ids; then they are learned anew.
inline constexpr std::size_t kNamesPerGroupMax = 256;       // Host names; changes of others wait for the next INFO.
inline constexpr std::size_t kGroupsMax = 10000;
inline constexpr std::size_t kRetiredGroupsMax =
    100'000;  // Removed ones whose votes are remembered; then no new names.
inline constexpr std::size_t kGroupNameBytesMax = 128;
inline constexpr std::size_t kHostBytesMax = 255;
inline constexpr std::size_t kForksPerGroupMax = 32;  // Then all but the newest are forgotten.
// R-D3: questions of a storm must not drown the votes that end it.
inline constexpr Millis kUrgentInfoPerGroup{1};  // Each failing group adds this to the period of urgent INFOs,
inline constexpr Millis kUrgentInfoMax{1000};    // up to here.
inline constexpr std::uint64_t kEpochStepMax = 1'000'000;  // R-C4: a larger jump is refused.

}  // namespace sentinel
