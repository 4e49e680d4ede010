// Rule R-C5: nodes that disagree with the configuration are brought back to
// it, but only by a sentinel that a majority has just confirmed to be right.
#include <algorithm>

#include "sentinel/core/group.h"
#include "sentinel/core/quorum.h"

namespace sentinel {

namespace {
constexpr Millis kRankStagger{200};  // Between the sentinels that would correct the same node.
constexpr Millis kConfirmMax{500};   // A confirmation is good for this long.
}  // namespace

std::optional<Group::Wrong> Group::wrong(const Node& node) const {
  if (&node == master_ || !node.identified || node.foreign) return std::nullopt;
  if (node.info.role == NodeRole::Master) return Wrong::IsMaster;
  if (!node.info.master || master_->is_at(*node.info.master)) return std::nullopt;
  if (names_.waits_for(node.info.master->host)) return std::nullopt;  // R-C8: it may be our master's name.
  // It reaches the master under a name that we don't know.
  const auto& listed = master_->info.replicas;
  if (node.info.master_link_up && node.info.replication_id == history_ &&
      std::any_of(listed.begin(), listed.end(), [&](const Endpoint& at) { return node.is_at(at); }))
    return std::nullopt;
  const bool old_master = std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& other) {
    return other->is_at(*node.info.master) && (!other->answering() || other->at == previous_master_);
  });
  return old_master ? Wrong::FollowsOldMaster : Wrong::FollowsOther;
}

// A leader that we voted for and lost sight of may have committed what looks
// like a stray to us. Whatever it did, it tells when it is back.
bool Group::vote_unresolved(const Turn& turn) const {
  // Of a stock leader that is gone nobody hears more; its kind waits 8 s before it corrects.
  const Peer* leader = turn.peers.find(ballot_.voted_for());
  const bool stock = leader != nullptr && leader->kind == PeerKind::Stock;
  const Millis patience =
      stock ? std::min(kStockCorrectionWait, settings_.failover_timeout) : settings_.failover_timeout;
  return ballot_.voted_for() != turn.process.self && ballot_.unresolved(turn.now, config_epoch_, patience);
}

// Nothing is corrected towards a master that isn't one, nor while a leader may be at work.
bool Group::may_correct(const Turn& turn) const {
  return !vote_unresolved(turn) && !reborn_ && !campaign_ && !pending_ && !claim_blocks(turn) &&
         !stock_failover(turn) && !turn.tilt && !ballot_.promised_to_other(turn.now, turn.process.self) &&
         master_->answering() && master_->has_info && master_->role_reported == NodeRole::Master &&
         !master_->liveness.suspected(turn.ear());
}

void Group::correct(Turn& turn, Node& node) {
  const auto kind = wrong(node);
  if (!kind || !may_correct(turn)) {
    if (node.correction && !node.correction->sent) node.correction.reset();
    return;
  }
  if (!node.correction) {
    if (node.repoint_token) return;  // Its last command, from a failover that has ended, is still on its way.
    // An operator's own REPLICAOF to a third node is given failover-timeout, as stock does.
    const Millis patience =
        *kind == Wrong::FollowsOther ? settings_.failover_timeout : my_rank(turn, false) * kRankStagger;
    node.correction = Correction{.wrong_since = turn.now};
    node.correction->not_before = std::max(turn.now + patience, node.next_correction);
  }
  Correction& correction = *node.correction;
  if (correction.sent || turn.now < correction.not_before) return;
  if (correction.round == 0) return ask_confirmation(turn, node);
  if (turn.now - correction.asked_at >= kConfirmMax) {
    correction.round = 0;
    correction.not_before = turn.now + kConfirmMax;
  }
}

bool Group::confirmed(const Turn& turn, const Correction& correction) const {
  return correction.confirmations >= authority_needed(turn) && correction.stock_awaited == 0;
}

void Group::ask_confirmation(Turn& turn, Node& node) {
  Correction& correction = *node.correction;
  correction.round = turn.new_round();
  correction.asked_at = turn.now;
  correction.confirmations = 1;
  correction.stock_awaited = 0;
  each_vigil_up(turn, [&](const NodeId& id) {
    turn.act(SendPeer{id, ConfirmRequest{name(), config_epoch_, master_->at, correction.round}});
  });
  each_stock_up(turn, [&](const NodeId& id) {
    ++correction.stock_awaited;
    ask_stock_config(turn, id, correction.round);
  });
  if (confirmed(turn, correction)) send_correction(turn, node);
}

void Group::on_message(Turn& turn, const NodeId& from, const ConfirmRequest& request) {
  // Whoever has voted for a newer leader can't vouch for the older configuration.
  const bool newer_leader =
      (ballot_.voted_epoch() > request.epoch && turn.now < ballot_.promised_until()) || vote_unresolved(turn);
  const bool confirmed = is_member(turn.peers, from) && !reborn_ && !pending_ && !campaign_ && !newer_leader &&
                         !claim_blocks(turn) && !stock_failover(turn) && request.epoch == config_epoch_ &&
                         master_->is_at(request.master);
  turn.act(SendPeer{from, ConfirmReply{name(), request.epoch, request.round, confirmed}});
  if (!confirmed && request.epoch < config_epoch_) send_config(turn, from);
}

void Group::on_message(Turn& turn, const NodeId& from, const ConfirmReply& reply) {
  if (!reply.confirmed || reply.epoch != config_epoch_ || !is_member(turn.peers, from)) return;
  for (const auto& node : nodes_) {
    if (!node->correction || node->correction->sent || node->correction->round != reply.round) continue;
    if (turn.now - node->correction->asked_at >= kConfirmMax || !may_correct(turn) || !wrong(*node)) return;
    ++node->correction->confirmations;
    if (confirmed(turn, *node->correction)) send_correction(turn, *node);
    return;
  }
}

void Group::send_correction(Turn& turn, Node& node) {
  const bool is_master = node.info.role == NodeRole::Master;
  node.correction->sent = true;
  node.repoint_token = turn.new_token();
  turn.act(Repoint{node.link, *node.repoint_token, turn.process.promote_timeout, master_->told(), is_master,
                   is_master ? rescue_order(node) : std::nullopt});
  emit(turn, is_master ? "+convert-to-slave" : "+fix-slave-config", Level::Notice, prefix(node));
}

}  // namespace sentinel
