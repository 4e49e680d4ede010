// Whether a master that came back as another process has less data than its replicas still hold (R-L20). Pure.
//
// A server without persistence restarts with nothing. Its replicas follow it all the same, and copy the nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/time.h"
#include "sentinel/core/node_info.h"

namespace sentinel {

// What a replica holds of a master's history: it was seen to, and its copy was not dropped since.
struct HeldData {
  std::string history;
  std::uint64_t offset = 0;
  std::uint64_t keys = 0;
};

enum class LessData {
  Empty,  // It began with nothing, or has lost most of its keys and its history.
  Older,  // It began with a snapshot of this history or a former one, from an earlier offset than the replica's.
};

std::string_view describe(LessData less);

// Returns what the process lacks, nullopt if nothing shows that it does. An append-only file brings keys back but no
// history: it counts as whole unless more than half of the keys are gone.
// REQUIRES: `reborn` is of a master that is not loading.
std::optional<LessData> less_data(const NodeInfo& reborn, const HeldData& held);

// Our master is another process than before.
struct Reborn {
  std::string run_id;
  TimePoint since{};
  TimePoint lost_at{};           // When the one before was heard last: what replicas said later is their last word.
  std::optional<LessData> less;  // The verdict, once there is one.
};

}  // namespace sentinel
