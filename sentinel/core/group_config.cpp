// Rules R-C: which configuration is the group's, and how it is told.
#include <algorithm>

#include "common/check.h"
#include "sentinel/core/group.h"
#include "sentinel/core/limits.h"
#include "sentinel/core/quorum.h"

namespace sentinel {

ConfigMessage Group::config_message() const {
  return {name(), config_epoch_, master_->at, master_->run_id, config_leader_, false};
}

void Group::send_config(Turn& turn, const NodeId& to, bool asks) const {
  ConfigMessage message = config_message();
  message.asks = asks;
  turn.act(SendPeer{to, std::move(message)});
}

// --- Adopting (R-C2, R-C3).

void Group::offer_config(Turn& turn, PendingConfig config) {
  CHECK(config.epoch >= config_epoch_);
  // R-C8: as we know that node.
  Node* known = find(config.master);
  if (known == nullptr) known = find_process(config.run_id);
  if (known != nullptr) config.master = known->at;
  if (campaign_ && !(config.leader == turn.process.self && config.epoch == campaign_->epoch))
    abort(turn, "-failover-abort-superseded",
          "epoch " + std::to_string(config.epoch.value) + " was won by " + config.leader.value.substr(0, 8));
  config.batch = turn.persist(ConfigRecord{name(), config.epoch, config.master, config.run_id, config.leader});
  ballot_.saw(config.epoch);
  const bool ours = config.leader == turn.process.self;
  if (!master_->is_at(config.master)) announce_switch(turn, config);
  pending_ = std::move(config);
  // A disk that refuses must not keep us on a dead master's address. Our own
  // win is another matter: it is announced only once it can't be forgotten.
  if (!turn.store_healthy && !ours) apply_config(turn, *std::exchange(pending_, std::nullopt));
}

void Group::on_message(Turn& turn, const NodeId& from, const ConfigMessage& message) {
  if (turn.peers.discovered()) add_member(turn, from);
  if (!is_member(turn.peers, from)) return;
  if (message.asks) {
    send_config(turn, from);
    tell_view(turn, from);
  }
  peer_configs_[from] = message;
  const Epoch newest = pending_ ? std::max(pending_->epoch, config_epoch_) : config_epoch_;
  if (message.epoch < newest) return send_config(turn, from);
  if (message.epoch.value > newest.value + kEpochStepMax) return;  // R-C4: no honest peer is that far ahead.
  if (message.epoch == newest) {
    if (!is_our_master(message) && !pending_) conflict(turn, from, message, true);
    return;
  }
  offer_config(turn, {message.epoch, message.master, message.run_id, message.leader, from, 0});
}

// In the batch of the configuration itself: a failover and its alerts become
// durable together, and are shown only then.
void Group::announce_switch(Turn& turn, const PendingConfig& config) {
  turn.persist(ReplicaRecord{name(), master_->at, true});
  const bool leader = campaign_ && campaign_->epoch == config.epoch && config.leader == turn.process.self;
  if (!leader) remember_observed(turn, config);
  if (const Peer* peer = turn.peers.find(config.told_by); peer != nullptr && !leader)
    emit(turn, "+config-update-from", Level::Warning, prefix(*peer));
  const Node* next = find(config.master);
  const Endpoint before = master_->told();
  const Endpoint after = next != nullptr ? next->told() : names_.told(config.master);
  turn.emit(Event{"+switch-master", Level::Warning,
                  name() + ' ' + before.host + ' ' + std::to_string(before.port) + ' ' + after.host + ' ' +
                      std::to_string(after.port),
                  name(),
                  MasterSwitch{leader ? FailoverRole::Leader : FailoverRole::Observer, before, after, config.epoch}});
}

// What SENTINEL TIMELINE tells on the sentinels that did not lead.
void Group::remember_observed(const Turn& turn, const PendingConfig& config) {
  const TimePoint origin = master_->s_down ? master_->liveness.last_ok() + turn.deaf : turn.now;
  FailoverTimeline observed{.group = name(),
                            .epoch = config.epoch,
                            .leader = config.leader,
                            .from = master_->at,
                            .to = config.master,
                            .cause = master_->s_down ? "down" : "operator",
                            .outcome = "led by " + config.leader.value.substr(0, 8)};
  if (master_->s_down) observed.phases.emplace_back("sdown", master_->s_down_since - origin);
  if (o_down_) observed.phases.emplace_back("odown", o_down_since_ - origin);
  observed.phases.emplace_back("adopted", turn.now - origin);
  last_timeline_ = std::move(observed);
}

// R-C2: the switch. Every answer changes here, in one moment.
void Group::apply_config(Turn& turn, const PendingConfig& config) {
  CHECK(config.epoch >= config_epoch_);  // What is announced never goes back.
  config_epoch_ = config.epoch;
  config_leader_ = config.leader;
  conflict_reported_.reset();
  ballot_.saw(config.epoch);
  if (master_->is_at(config.master)) {  // It was given its role back: only the epoch is new.
    for (const auto& [id, peer] : turn.peers.all())
      if (peer.is(PeerKind::Vigil) && id != config.told_by) send_config(turn, id);
    speak_hello(turn, true);
    return;
  }
  // Peers must not keep our old view in case this address is the master again one day.
  if (view_sent_down_) {
    view_sent_down_ = false;
    ++view_version_;
    each_vigil_up(turn, [&](const NodeId& id) {
      turn.act(SendPeer{id, ViewMessage{name(), view_version_, master_->at, false}});
    });
  }
  Node* to = find(config.master);
  if (to == nullptr) to = &watch(turn, config.master);
  Node* old = std::exchange(master_, to);
  if (old != to) {
    previous_master_ = old->at;
    old->s_down = false;  // Judged anew, as the replica that it is now.
    if (old->liveness.suspected(turn.ear())) old->demoted_silent_since = old->liveness.last_ok();
    old->rebooted_at.reset();
  }
  reborn_.reset();
  switched_at_ = turn.now;
  to->foreign = to->claimed = false;
  to->s_down = o_down_ = false;
  to->demoted_silent_since.reset();
  to->liveness.reset(turn.ear());
  to->refused_since.reset();
  to->rebooted_at.reset();
  to->repointing = Repointing::None;
  to->was_safe = false;  // R-L3: its min-replicas were lifted for the grace.
  to->correction.reset();
  to->next_info = turn.now;
  if (to->has_info && to->info.role == NodeRole::Master) {
    history_ = to->info.replication_id;
    learn_fork(to->info);
  }
  life_proved_.reset();
  held_reported_ = false;
  attempts_ = in_vain_ = 0;
  next_attempt_ = TimePoint{};
  for (const auto& node : nodes_) {
    node->correction.reset();
    node->stream_seen_at = TimePoint{};
    // Whoever follows the wrong master is seen at once.
    node->next_info = turn.now;
    node->next_safety_check = std::max(node->next_safety_check, turn.now);
  }
  for (const auto& node : nodes_)
    if (node.get() != master_) emit(turn, "+slave", Level::Notice, prefix(*node));
  for (const auto& [id, peer] : turn.peers.all())
    if (peer.is(PeerKind::Vigil) && id != config.told_by) send_config(turn, id);
  speak_hello(turn, true);
}

// R-C4: two addresses under one epoch. Nobody can tell which is right but the majority.
void Group::conflict(Turn& turn, const NodeId& from, const ConfigMessage& message, bool proved) {
  if (conflict_reported_ != message.epoch) {
    conflict_reported_ = message.epoch;
    emit(turn, "+config-conflict", Level::Warning,
         prefix(*master_) + " #epoch " + std::to_string(message.epoch.value) + ": " + from.value.substr(0, 8) +
             " says " + to_string(message.master));
  }
  if (!proved) return;  // R-M6
  unsigned agree = 0;
  for (const auto& [id, other] : peer_configs_)
    if (other.epoch == message.epoch && names_.same(other.master, message.master) && is_member(turn.peers, id)) ++agree;
  if (agree >= majority(electorate(turn.peers)))
    offer_config(turn, {message.epoch, message.master, message.run_id, message.leader, from, 0});
}

// --- Membership by discovery (R-C7): whoever proved its id on a connection and watches this group.

void Group::add_member(Turn& turn, const NodeId& id) {
  if (id == turn.process.self || members_.contains(id) || members_.size() >= kPeersPerGroupMax) return;
  const Peer* peer = turn.peers.find(id);
  if (peer == nullptr) return;
  // One seat an address: a sentinel that came back under a new id replaces the old one.
  for (auto it = members_.begin(); it != members_.end();) {
    const Peer* other = turn.peers.find(*it);
    if (other != nullptr && names_.same(other->at, peer->at)) {
      emit(turn, "+sentinel-invalid-addr", Level::Notice, prefix(*other));
      turn.persist(PeerRecord{name(), *it, other->at, false});
      peer_down_since_.erase(*it);
      peer_s_down_.erase(*it);
      it = members_.erase(it);
    } else {
      ++it;
    }
  }
  members_.insert(id);
  turn.persist(PeerRecord{name(), id, peer->at, true});
  emit(turn, "+sentinel", Level::Notice, prefix(*peer));
}

// R-C4: a hello is a rumour that any client of a data node can start. It shows
// where to look; what is true of it, its sender tells over its own connection.
void Group::on_hello(Turn& turn, const Hello& hello) {
  const Peer* peer = turn.peers.find(hello.id);
  if (peer != nullptr && is_member(turn.peers, hello.id)) peer_hello_at_[hello.id] = turn.now;
  if (peer != nullptr && peer->is(PeerKind::Stock)) return on_stock_hello(turn, hello);
  if (peer != nullptr && peer->up) return;  // It tells us directly.
  if (hello.config_epoch <= config_epoch_ || pending_) return;
  if (hello.config_epoch.value > config_epoch_.value + kEpochStepMax) return;
  Node* node = find(hello.master);
  if (node != nullptr && node != master_ && !node->info_asked) ask_info(turn, *node);
}

// --- What INFO teaches.

void Group::learn_replicas(Turn& turn, const NodeInfo& info) {
  for (const Endpoint& at : info.replicas) {
    if (find(at) != nullptr || !names_.accepts(at.host)) continue;
    look_up(turn, at.host);
    if (names_.waits_for(at.host)) continue;
    // R-C8: it may be one that we know by a name whose lookup is under way. on_names_changed() asks again.
    const bool may_be_known = std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
      if (node->at.port != at.port) return false;
      if (names_.waits_for(node->at.host)) return true;
      return !node->connected && node->proved_ip == at.host;  // It has moved, and its master does not know yet.
    });
    if (!may_be_known) add_replica(turn, at);
  }
}

void Group::on_info(Turn& turn, LinkId link, const NodeInfo& info) {
  Node& node = *find(link);
  node.info_asked = false;
  if (info.role == NodeRole::Unknown) return;
  if (info.master) look_up(turn, info.master->host);
  if (follows_ours(info) || histories_.contains(info.replication_id)) node.foreign = node.claimed = false;
  learn_identity(turn, node, info);
  note_stream(turn, node, info);
  node.info = info;
  node.has_info = node.identified = true;
  if (!node.foreign) node.proved_ip = node.ip;
  node.moved = false;
  node.info_at = node.heard_at = turn.now;
  node.next_info = turn.now + info_period(turn, node);
  if (&node != master_) return note_held(node, info);
  if (node.foreign || info.role != NodeRole::Master || reborn_) return;
  learn_master(turn, info);
}

void Group::learn_master(Turn& turn, const NodeInfo& info) {
  learn_fork(info);
  if (history_ != info.replication_id && !info.replication_id.empty()) {
    history_ = info.replication_id;
    if (histories_.size() >= kHistoriesPerGroupMax) histories_.clear();
    histories_.insert(history_);
    if (!info.replication_id2.empty()) histories_.insert(info.replication_id2);
  }
  learn_replicas(turn, info);
}

}  // namespace sentinel
