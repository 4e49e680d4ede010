// Rule R-L20: a master that came back with less data than its replicas hold is not followed.
#include <algorithm>

#include "sentinel/core/group.h"

namespace sentinel {

namespace {
constexpr Millis kLastWordMax{100};  // Replicas that do not answer for so long are judged by what they said before.
}

bool Group::guards_reboots() const { return settings_.on_empty_restart != OnEmptyRestart::Ignore; }

bool Group::reborn_with_less() const { return reborn_ && reborn_->less; }

// Remembers what this replica holds of our master's history. While it waits for a copy of something else, it still
// has it; once the copy has arrived, it is gone.
void Group::note_held(Node& node, const NodeInfo& info) {
  const bool replica = info.role == NodeRole::Replica;
  // A leader that died may have promoted it.
  const bool ours = replica ? info.replication_id == history_ : info.replication_id2 == history_;
  if (node.foreign || info.loading || history_.empty() || info.keys == 0) return node.held.reset();
  if (info.sync_in_progress && node.held) return;
  if (!ours || info.sync_in_progress) return node.held.reset();
  const std::uint64_t offset = replica ? info.replica_offset : info.master_offset;
  // A server that broke off a full sync no longer says how far its data goes.
  const bool known = node.held && node.held->history == history_;
  node.held = HeldData{history_, known ? std::max(node.held->offset, offset) : offset, info.keys};
}

const Node* Group::best_holder() const {
  const Node* best = nullptr;
  for (const auto& node : nodes_) {
    if (node.get() == master_ || !node->held || node->held->history != history_ || !node->answering()) continue;
    if (best == nullptr || node->held->offset > best->held->offset) best = node.get();
  }
  return best;
}

void Group::master_lost(const Turn& turn) {
  if (!guards_reboots()) return;
  // It may be back before we are asked to agree on anything: what its replicas have by then is their last word.
  for (const auto& node : nodes_) node->next_info = turn.now;
}

void Group::judge_reborn(Turn& turn) {
  if (!reborn_) return;
  const NodeInfo& info = master_->info;
  if (!guards_reboots() || master_->run_id != reborn_->run_id || info.role != NodeRole::Master || master_->foreign)
    return follow_reborn(turn);
  if (!master_->identified || info.loading) return;  // Its next INFO says more.
  const Node* best = best_holder();
  if (reborn_->less) {
    if (best != nullptr) return;
    emit(turn, "-reboot-guard", Level::Warning, prefix(*master_) + " #no replica holds more any more");
    return follow_reborn(turn);
  }
  const bool awaits_last_word = std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    return node.get() != master_ && node->answering() && node->info_at < reborn_->lost_at;
  });
  if (awaits_last_word && turn.now < reborn_->since + kLastWordMax) return;
  if (best != nullptr) reborn_->less = less_data(info, *best->held);
  if (!reborn_->less) return follow_reborn(turn);
  emit(turn, "+reboot-guard", Level::Warning,
       prefix(*master_) + " #" + std::string(describe(*reborn_->less)) + ": " + std::to_string(info.keys) +
           " keys, offset " + std::to_string(info.master_offset) + "; " + to_string(best->told()) + " holds " +
           std::to_string(best->held->keys) + " keys, offset " + std::to_string(best->held->offset));
}

void Group::follow_reborn(Turn& turn) {
  reborn_.reset();
  if (master_->identified && !master_->foreign && master_->info.role == NodeRole::Master)
    learn_master(turn, master_->info);
}

TimePoint Group::reborn_deadline() const { return reborn_ && !reborn_->less ? reborn_->since + kLastWordMax : kNever; }

}  // namespace sentinel
