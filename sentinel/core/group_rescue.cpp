// Rule R-L6: what only a returning master has is saved before it is overwritten.
#include <algorithm>

#include "sentinel/core/group.h"
#include "sentinel/core/limits.h"

namespace sentinel {

// Each promotion parts a history in two; where, the promoted node says.
void Group::learn_fork(const NodeInfo& info) {
  if (info.replication_id2.empty() || !info.second_offset) return;
  if (forks_.size() >= kForksPerGroupMax) forks_.clear();
  forks_[info.replication_id2] = *info.second_offset;
}

// The first offset of this node's stream that the master does not have. nullopt: nobody knows.
std::optional<std::uint64_t> Group::fork_of(const NodeInfo& info) const {
  if (const auto left = forks_.find(info.replication_id); left != forks_.end()) return left->second;
  // It parted from a history of ours itself: promoted behind our back, or restarted from its own snapshot.
  if (info.replication_id2.empty() || !info.second_offset) return std::nullopt;
  if (info.replication_id2 == history_) return info.second_offset;
  if (const auto left = forks_.find(info.replication_id2); left != forks_.end())
    return std::min(left->second, *info.second_offset);
  return std::nullopt;
}

std::optional<RescueOrder> Group::rescue_order(const Node& node) const {
  if (settings_.rescue == Rescue::Off || node.info.role != NodeRole::Master) return std::nullopt;
  return RescueOrder{.group = name(),
                     .epoch = config_epoch_,
                     .history = node.info.replication_id,
                     .from = fork_of(node.info),
                     .deadline = settings_.rescue_deadline,
                     .bytes_max = settings_.rescue_bytes_max,
                     .keep = settings_.rescue_keep,
                     .snapshot = settings_.rescue == Rescue::Snapshot};
}

void Group::report_rescue(Turn& turn, const Node& node, const RescueOutcome& outcome) {
  const auto took = std::to_string(outcome.took.count());
  if (!outcome.file.empty())
    emit(turn, "+writes-rescued", Level::Warning,
         prefix(node) + " bytes " + std::to_string(outcome.saved_bytes) + " commands " +
             std::to_string(outcome.commands) + " keys " + std::to_string(outcome.keys) + " ms " + took + " file " +
             outcome.file);
  if (!outcome.lost_because.empty())
    emit(turn, "+writes-lost", Level::Warning,
         prefix(node) + " bytes " +
             (outcome.bytes == 0 ? std::string("unknown") : std::to_string(outcome.bytes - outcome.saved_bytes)) +
             " ms " + took + " #" + outcome.lost_because);
}

}  // namespace sentinel
