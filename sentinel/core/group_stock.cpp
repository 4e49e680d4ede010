// Rules R-M: stock sentinels (redis-sentinel, valkey-sentinel) as members of
// the electorate. They are asked what Vigil peers tell: their view of the
// master, their vote, their configuration. Hellos only say when to ask.
#include <algorithm>

#include "sentinel/core/group.h"
#include "sentinel/core/limits.h"

namespace sentinel {

bool Group::mixed(const Peers& peers) const {
  return std::any_of(peers.all().begin(), peers.all().end(), [&](const auto& entry) {
    return entry.second.kind == PeerKind::Stock && is_member(peers, entry.first);
  });
}

// --- Coming and going.

void Group::on_stock_up(Turn& turn, const NodeId& id) {
  stock_[id] = StockMember{};
  views_.erase(id);
  peer_votes_.erase(id);
  const bool member = is_member(turn.peers, id);
  const Peer& peer = *turn.peers.find(id);
  peer_down_since_.erase(id);
  if (peer_s_down_.erase(id) > 0) emit(turn, "-sdown", Level::Warning, prefix(peer));
  if (!turn.peers.discovered() && member && !peer_hello_at_.contains(id))
    emit(turn, "+sentinel", Level::Notice, prefix(peer));
  if (member) {
    peer_hello_at_[id] = turn.now;
    tell_stock(turn, id);
  }
  ask_stock_config(turn, id, 0);
}

void Group::on_peer_moved(Turn& turn, const NodeId& id) {
  if (!is_member(turn.peers, id)) return;
  const Peer& peer = *turn.peers.find(id);
  turn.persist(PeerRecord{name(), id, peer.at, true});
  emit(turn, "+sentinel-address-switch", Level::Notice,
       prefix(*master_) + " ip " + names_.told(peer.at).host + " port " + std::to_string(peer.at.port) + " for " +
           id.value);
}

// --- Asking (R-M2).

void Group::ask_stock_config(Turn& turn, const NodeId& id, std::uint64_t round) {
  StockMember& member = stock_[id];
  member.wants_config = false;
  member.config_asked_at = turn.now;
  member.next_config = turn.now + kStockConfigSpacing;
  turn.act(AskStockConfig{id, name(), round});
}

void Group::tell_stock(Turn& turn, const NodeId& id) {
  turn.act(TellStock{id, format_hello(our_hello(turn, turn.peers.find(id)->local_ip))});
}

// Whether a stock sentinel may be about to lead, so that its word on it must be fresh.
bool Group::watches_stock_failover(const Turn& turn) const {
  if (master_->s_down || master_->liveness.suspected(turn.ear()) || claim_blocks(turn)) return true;
  const Peer* promised = turn.peers.find(ballot_.voted_for());
  return promised != nullptr && promised->is(PeerKind::Stock) && ballot_.promised_to_other(turn.now, turn.process.self);
}

void Group::ask_stock(Turn& turn) {
  if (stock_.empty()) return;
  const bool suspected = master_->s_down || master_->liveness.suspected(turn.ear());
  if (!suspected) suspected_since_.reset();
  if (suspected && !suspected_since_) suspected_since_ = turn.now;
  const bool lasting = suspected_since_ && turn.now - *suspected_since_ >= kStockLongSuspicion;
  each_stock_up(turn, [&](const NodeId& id) {
    StockMember& member = stock_[id];
    if (suspected && turn.now >= member.next_view) {
      member.next_view = turn.now + (lasting ? std::max(turn.process.timers.ask_period, turn.urgent_info_period)
                                             : turn.urgent_info_period);
      turn.act(AskStockView{id, name(), 0, master_->told(), std::max(turn.process_epoch, epoch()), {}});
    }
  });
  const bool watching = watches_stock_failover(turn);
  for (auto& [id, member] : stock_) {
    const Millis period = std::max(lasting ? Millis{1000} : kStockFailoverLook, turn.urgent_info_period);
    const bool due = watching && is_member(turn.peers, id) && turn.now >= member.config_asked_at + period;
    if (due || (member.wants_config && turn.now >= member.next_config)) ask_stock_config(turn, id, 0);
  }
}

void Group::stock_deadlines(const Turn& turn, const std::function<void(TimePoint)>& by) const {
  if (stock_.empty()) return;
  const bool suspected = master_->s_down || master_->liveness.suspected(turn.ear());
  const bool lasting = suspected_since_ && turn.now - *suspected_since_ >= kStockLongSuspicion;
  const bool watching = watches_stock_failover(turn);
  for (const auto& [id, member] : stock_) {
    if (member.wants_config) by(member.next_config);
    if (!is_member(turn.peers, id)) continue;
    if (suspected) by(member.next_view);
    if (watching)
      by(member.config_asked_at + std::max(lasting ? Millis{1000} : kStockFailoverLook, turn.urgent_info_period));
  }
  for (const auto& [id, view] : views_)
    if (view.down && view.expires != kNever && view.expires > turn.now) by(view.expires);
  if (claim_) {
    by(std::min(claim_->next_look, claim_->told_at + kStockClaimLasts));
    if (claim_blocks(turn)) by(claim_->since + kStockClaimBlocks);
  }
}

// --- Hellos (R-M6): a rumour that says when to ask.

void Group::on_stock_hello(Turn& turn, const Hello& hello) {
  StockMember& member = stock_[hello.id];
  const bool known = is_member(turn.peers, hello.id);
  if (known && hello.config_epoch == config_epoch_ && master_->is_at(hello.master)) return;
  if (known && hello.config_epoch < config_epoch_) return;  // Our next hello tells it.
  member.wants_config = true;
}

// --- Views and votes (R-M2, R-M4).

void Group::on_stock_view(Turn& turn, const StockView& view) {
  const Peer* peer = turn.peers.find(view.id);
  if (peer == nullptr || !peer->is(PeerKind::Stock) || !is_member(turn.peers, view.id)) return;
  if (view.leader_epoch.value > 0 && view.leader_epoch.value <= epoch().value + kEpochStepMax)
    peer_votes_[view.id] = {view.leader, view.leader_epoch};
  if (master_->is_at(view.master)) views_[view.id] = {0, view.master, view.down, turn.now + kStockViewLasts};
  if (view.round == 0) return;
  const bool for_us = view.leader == turn.process.self;
  if (auto* electing = std::get_if<Electing>(&step_); electing != nullptr && electing->round == view.round) {
    if (for_us && view.leader_epoch == electing->epoch) {
      electing->granted.insert(view.id);
      campaign_->lease.granted(view.id, electing->asked_at);
      return;
    }
    const bool voted = view.leader_epoch == electing->epoch;
    electing->refused.emplace(view.id, voted ? VoteRefusal::AlreadyVoted : VoteRefusal::StaleEpoch);
    // It voted for a stock candidate, perhaps itself: that one may have won.
    if (const auto rival = stock_.find(view.leader);
        voted && rival != stock_.end() && rival->second.failover == StockFailover::None) {
      rival->second.failover = StockFailover::Candidate;
      rival->second.failover_since = rival->second.failover_seen = turn.now;
      rival->second.wants_config = true;
    }
    return;
  }
  if (!leading()) return;
  const auto asked = campaign_->renewals.find(view.round);
  if (asked == campaign_->renewals.end()) return;
  if (view.leader_epoch > campaign_->epoch) return campaign_->lease.revoked(view.id);
  // Once it has switched to our configuration it no longer names whom it voted for.
  if (view.leader_epoch == campaign_->epoch && (for_us || view.leader.value.empty()))
    campaign_->lease.granted(view.id, asked->second);
}

// --- Its failovers (R-M5).

// The furthest that a connected stock member's failover has come; nullopt if none holds us back.
std::optional<StockFailover> Group::stock_failover(const Turn& turn) const {
  std::optional<StockFailover> furthest;
  const Millis acting_max = std::min(kStockFailoverMax, settings_.failover_timeout);
  for (const auto& [id, member] : stock_) {
    if (member.failover == StockFailover::None || !is_member(turn.peers, id)) continue;
    if (turn.now - member.failover_seen >= kStockFailoverFresh) continue;
    const Millis most = member.failover == StockFailover::Candidate ? kStockCandidacyMax : acting_max;
    if (turn.now - member.failover_since < most) furthest = std::max(furthest, std::optional(member.failover));
  }
  return furthest;
}

// R-M5: our promise to a stock candidate lasts while its failover does.
void Group::note_stock_vote(Turn& turn, const StockConfig& told, TimePoint asked_at) {
  if (ballot_.voted_for() != told.id || ballot_.voted_epoch() <= config_epoch_) return;
  if (told.failover == StockFailover::None) {
    // An answer to an older question may be about the time before it stood.
    if (asked_at > ballot_.last_word() && !claim_blocks(turn)) ballot_.release(told.id, ballot_.voted_epoch());
  } else if (stock_failover(turn)) {
    ballot_.renew(turn.now, told.id, ballot_.voted_epoch());
  }
}

// --- Its configuration (R-M1, R-M6).

void Group::on_stock_config(Turn& turn, const StockConfig& told) {
  const Peer* peer = turn.peers.find(told.id);
  if (peer == nullptr || !peer->is(PeerKind::Stock)) return;
  StockMember& member = stock_[told.id];
  member.watches = told.watches;
  if (!told.watches) {
    member.failover = StockFailover::None;
    return;
  }
  if (member.failover != told.failover) member.failover_since = turn.now;
  member.failover = told.failover;
  member.failover_seen = turn.now;
  look_up(turn, told.master.host);
  if (names_.waits_for(told.master.host)) {  // R-C8: ask again when it is known whom it means.
    member.wants_config = true;
    return;
  }
  // R-M1: a deployment of the same name that watches other nodes is none of our business.
  if (turn.peers.discovered() && !is_member(turn.peers, told.id) && find(told.master) != nullptr) {
    add_member(turn, told.id);
    if (is_member(turn.peers, told.id)) {
      peer_hello_at_[told.id] = turn.now;
      tell_stock(turn, told.id);
    }
  }
  weigh_stock_config(turn, told);
  note_stock_vote(turn, told, member.config_asked_at);
  if (told.round != 0) confirm_corrections(turn, told);
}

void Group::weigh_stock_config(Turn& turn, const StockConfig& told) {
  const bool member = is_member(turn.peers, told.id);
  const ConfigMessage message{name(), told.epoch, told.master, {}, told.id, false};
  if (member) peer_configs_[told.id] = message;
  const Epoch newest = pending_ ? std::max(pending_->epoch, config_epoch_) : config_epoch_;
  if (told.epoch < newest) {
    if (member && told.failover == StockFailover::None) tell_stock(turn, told.id);
    return;
  }
  if (told.epoch.value > newest.value + kEpochStepMax) return;  // R-C4
  if (told.epoch == newest) {
    const Node* node = find(told.master);
    const bool proved = node != nullptr && !node->foreign && node->identified && node->info.role == NodeRole::Master;
    if (member && !master_->is_at(told.master) && !pending_) conflict(turn, told.id, message, proved);
    return;
  }
  if (claim_ && claim_->epoch == told.epoch && claim_->master == told.master) {
    claim_->told_at = turn.now;
    return;
  }
  if (claim_ && claim_->epoch > told.epoch) return;
  drop_claim(turn);
  claim_ = StockClaim{told.epoch, told.master, told.id, member, turn.now, turn.now, turn.now};
  weigh_claim(turn);
}

// R-M6: the node there says that it is a master, and is one of ours or goes on with our history.
void Group::weigh_claim(Turn& turn) {
  if (!claim_) return;
  const Epoch newest = pending_ ? std::max(pending_->epoch, config_epoch_) : config_epoch_;
  if (claim_->epoch <= newest || turn.now >= claim_->told_at + kStockClaimLasts) return drop_claim(turn);
  Node* node = find(claim_->master);
  if (node == nullptr) {
    if (nodes_.size() >= kNodesPerGroupMax) return drop_claim(turn);
    node = &watch(turn, claim_->master);
    node->foreign = node->claimed = true;
  }
  const bool seen = node->identified && node->info_at >= claim_->since && node->info.role == NodeRole::Master;
  const bool ours = !node->foreign || histories_.contains(node->info.replication_id) ||
                    histories_.contains(node->info.replication_id2) || (histories_.empty() && claim_->by_member);
  if (seen && ours) {
    const StockClaim proved = *claim_;
    claim_.reset();
    node->claimed = node->foreign = false;
    if (turn.peers.discovered()) add_member(turn, proved.told_by);
    offer_config(turn, {proved.epoch, proved.master, node->run_id, proved.told_by, proved.told_by, 0});
    return;
  }
  if (turn.now < claim_->next_look) return;
  claim_->next_look = turn.now + (claim_blocks(turn) ? turn.urgent_info_period : Millis{1000});
  if (!node->info_asked) ask_info(turn, *node);
}

// A stock sentinel that was misled must not hold back those who were not.
bool Group::claim_blocks(const Turn& turn) const { return claim_ && turn.now < claim_->since + kStockClaimBlocks; }

void Group::drop_claim(Turn& turn) {
  if (!claim_) return;
  Node* node = find(claim_->master);
  claim_.reset();
  if (node != nullptr && node != master_ && node->claimed) unwatch(turn, *node);
}

// R-M7: whoever leads a failover, or may have led one, forbids it: a stock leader needs no promise of ours.
void Group::confirm_corrections(Turn& turn, const StockConfig& told) {
  if (!is_member(turn.peers, told.id)) return;
  const bool leads = told.failover != StockFailover::None || claim_blocks(turn);
  const bool agrees = told.epoch == config_epoch_ && master_->is_at(told.master);
  for (const auto& node : nodes_) {
    if (!node->correction || node->correction->sent || node->correction->round != told.round) continue;
    Correction& correction = *node->correction;
    if (leads) {
      correction.round = 0;
      correction.not_before = turn.now + Millis{500};
    } else if (correction.stock_awaited > 0) {
      --correction.stock_awaited;
      if (agrees) ++correction.confirmations;
      if (confirmed(turn, correction) && may_correct(turn) && wrong(*node)) send_correction(turn, *node);
    }
    return;
  }
}

}  // namespace sentinel
