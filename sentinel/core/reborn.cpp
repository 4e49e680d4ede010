#include "sentinel/core/reborn.h"

#include <algorithm>

#include "common/check.h"

namespace sentinel {

std::string_view describe(LessData less) {
  switch (less) {
    case LessData::Empty: return "came back without the data";
    case LessData::Older: return "came back with older data";
  }
  UNREACHABLE();
}

std::optional<LessData> less_data(const NodeInfo& reborn, const HeldData& held) {
  if (held.keys == 0) return std::nullopt;  // Nothing to lose.
  const bool same_history = reborn.replication_id == held.history;
  if (same_history || !reborn.replication_id2.empty()) {
    // What it wrote since it began belongs to its new history. A snapshot of a former history of ours (a replica keeps
    // that of its last full sync) is not newer: offsets go on from one to the next.
    const std::uint64_t second = std::max<std::uint64_t>(reborn.second_offset.value_or(1), 1);
    const std::uint64_t began = same_history ? reborn.master_offset : second - 1;
    if (began < held.offset) return LessData::Older;
    if (same_history || reborn.replication_id2 == held.history) return std::nullopt;
  }
  // Clients write to it from its first moment, so that having keys proves nothing.
  const bool began_empty = reborn.loaded_keys == 0 && !reborn.append_only;
  return began_empty || reborn.keys < held.keys / 2 + held.keys % 2 ? std::optional(LessData::Empty) : std::nullopt;
}

}  // namespace sentinel
