// Snapshots for the commands, and the words of events.
#include <algorithm>

#include "common/check.h"
#include "common/overloaded.h"
#include "sentinel/core/group.h"
#include "sentinel/core/quorum.h"

namespace sentinel {

// --- Events: "<type> <name> <ip> <port> [@ <master-name> <master-ip> <master-port>]".

namespace {
std::string instance(const char* type, const std::string& name, const Endpoint& at) {
  return std::string(type) + ' ' + name + ' ' + at.host + ' ' + std::to_string(at.port);
}
}  // namespace

std::string Group::prefix(const Node& node) const {
  const Endpoint at = node.told(), master = master_->told();
  if (&node == master_) return instance("master", name(), at);
  return instance("slave", to_string(at), at) + " @ " + name() + ' ' + master.host + ' ' + std::to_string(master.port);
}

std::string Group::prefix(const Peer& peer) const {
  const Endpoint master = master_->told();
  return instance("sentinel", peer.id.value, names_.told(peer.at)) + " @ " + name() + ' ' + master.host + ' ' +
         std::to_string(master.port);
}

void Group::emit(Turn& turn, std::string event, Level level, std::string message) const {
  turn.emit(Event{std::move(event), level, std::move(message), name(), std::nullopt});
}

// --- Status.

namespace {

Millis age(TimePoint now, TimePoint then) { return then == TimePoint{} ? Millis{0} : std::max(Millis{0}, now - then); }

void fill_instance(InstanceStatus& status, const Node& node, const Turn& turn, const GroupSettings& settings) {
  status.at = node.told();
  status.run_id = node.run_id;
  status.s_down = node.s_down;
  status.disconnected = !node.connected;
  status.last_ping_sent = node.liveness.asked_at() ? turn.ear() - *node.liveness.asked_at() : Millis{0};
  status.last_ok_ping_reply = turn.ear() - node.liveness.last_ok();
  status.last_ping_reply = turn.ear() - node.liveness.last_reply();
  if (node.s_down) status.s_down_time = turn.now - node.s_down_since;
  status.down_after = settings.down_after;
}

NodeStatus node_status(const Node& node, const Turn& turn, const GroupSettings& settings) {
  NodeStatus status;
  fill_instance(status, node, turn, settings);
  status.role_reported = node.role_reported;
  status.role_reported_time = age(turn.now, node.role_since);
  status.info_refresh = node.info_at == TimePoint{} ? Millis{0} : std::max(Millis{1}, turn.now - node.info_at);
  status.info = node.info;
  status.link = node.link;
  status.master_reboot = node.rebooted_at.has_value();
  status.foreign = node.foreign;
  status.reconf_sent = node.repointing == Repointing::Sent;
  status.reconf_inprog = node.repointing == Repointing::InProgress;
  status.reconf_done = node.repointing == Repointing::Done;
  status.min_replicas_to_write = node.min_replicas;
  status.min_replicas_max_lag = node.max_lag_s;
  return status;
}

}  // namespace

GroupStatus Group::status(const Turn& turn) const {
  GroupStatus status;
  status.settings = settings_;
  status.settings.master = master_->told();
  status.master = node_status(*master_, turn, settings_);
  const auto* promoting = std::get_if<Promoting>(&step_);
  const auto* committing = std::get_if<Committing>(&step_);
  for (const auto& node : nodes_) {
    if (node.get() == master_) continue;
    NodeStatus& replica = status.replicas.emplace_back(node_status(*node, turn, settings_));
    replica.promoted = (promoting != nullptr && promoting->chosen == node->link) ||
                       (committing != nullptr && committing->chosen == node->link);
    if (const auto why = ineligible(view_of(*node, TimePoint{}), link_down_max(turn)))
      replica.ineligible = std::string(describe(*why));
  }
  for (const auto& [id, peer] : turn.peers.all()) {
    if (!is_member(turn.peers, id)) continue;
    PeerStatus& sentinel = status.sentinels.emplace_back();
    sentinel.id = id;
    sentinel.at = names_.told(peer.at);
    sentinel.run_id = id.value;
    sentinel.vigil = peer.kind == PeerKind::Vigil;
    sentinel.disconnected = !peer.up;
    sentinel.s_down = peer_s_down_.contains(id);
    sentinel.last_ok_ping_reply = sentinel.last_ping_reply = age(turn.now, peer.last_alive);
    sentinel.down_after = settings_.down_after;
    if (const auto since = peer_down_since_.find(id); sentinel.s_down && since != peer_down_since_.end())
      sentinel.s_down_time = turn.now - since->second - settings_.down_after;
    if (const auto view = views_.find(id); view != views_.end())
      sentinel.says_down = view->second.down && turn.now < view->second.expires && master_->is_at(view->second.master);
    if (const auto at = peer_hello_at_.find(id); at != peer_hello_at_.end())
      sentinel.last_hello = turn.now - (sentinel.vigil ? std::max(at->second, peer.last_alive)
                                                       : at->second);  // Vigil's beats say as much.
    if (const auto vote = peer_votes_.find(id); vote != peer_votes_.end()) {
      sentinel.voted_leader = vote->second.voted_for;
      sentinel.voted_leader_epoch = vote->second.epoch;
    }
  }
  status.o_down = o_down_;
  if (o_down_) status.o_down_time = turn.now - o_down_since_;
  status.failover_in_progress = campaign_.has_value();
  status.force_failover = campaign_ && campaign_->forced;
  status.failover_state = std::visit(overloaded{
                                         [](const Idle&) { return "none"; },
                                         [](const Electing&) { return "wait_start"; },
                                         [](const Refreshing&) { return "select_slave"; },
                                         [](const Draining&) { return "send_slaveof_noone"; },
                                         [](const Promoting&) { return "wait_promotion"; },
                                         [](const Committing&) { return "wait_promotion"; },
                                         [](const RepointingAll&) { return "reconf_slaves"; },
                                     },
                                     step_);
  status.config_epoch = config_epoch_;
  status.epoch = epoch();
  status.voted_for = ballot_.voted_for();
  status.voted_epoch = ballot_.voted_epoch();
  status.members = electorate(turn.peers);
  return status;
}

QuorumCheck Group::check_quorum(const Turn& turn) const {
  QuorumCheck check;
  for (const auto& [id, peer] : turn.peers.all())
    if (is_member(turn.peers, id) && peer.up) ++check.usable;
  check.quorum_reachable = check.usable >= settings_.quorum;
  check.majority_reachable = check.usable >= majority(electorate(turn.peers));
  return check;
}

const FailoverTimeline* Group::timeline() const {
  if (leading()) return &campaign_->timeline;
  return last_timeline_ ? &*last_timeline_ : nullptr;
}

// --- EXPLAIN: why nothing happens, or what would.

Explanation Group::explain(const Turn& turn) const {
  Explanation explanation;
  const auto add = [&](std::string topic, std::string sentence) {
    explanation.findings.emplace_back(std::move(topic), std::move(sentence));
  };
  const auto ms = [](Millis time) { return std::to_string(time.count()) + " ms"; };
  const auto held = held_back(turn);
  if (leading())
    explanation.verdict = "failover running";
  else if (campaign_)
    explanation.verdict = "election running";
  else if (o_down_)
    explanation.verdict = held ? "down, failover held back" : "down, failover due";
  else if (master_->s_down)
    explanation.verdict = "down for this sentinel, too few others agree";
  else
    explanation.verdict = "healthy";

  if (held && master_->s_down) add("held-back", std::string(describe(*held)));
  add("master", to_string(master_->at) + (master_->s_down
                                              ? " is down: " + master_->s_down_why
                                              : " answered " + ms(turn.ear() - master_->liveness.last_ok()) + " ago"));
  if (!master_->connected && !master_->last_error.empty()) add("master-link", master_->last_error);
  if (!master_->ping_error.empty()) add("master-ping", master_->ping_error);
  if (master_->s_down && evidence_of_life(turn))
    add("evidence-of-life", life_witness_ + " received data from the master " + ms(turn.now - *life_proved_) + " ago");
  add("agreement", std::to_string(views_down(turn)) + " sentinels see the master down, quorum is " +
                       std::to_string(settings_.quorum));
  const unsigned members = electorate(turn.peers);
  add("election", std::to_string(reachable_members(turn)) + " of " + std::to_string(members) +
                      " sentinels are connected, " + std::to_string(std::max(majority(members), settings_.quorum)) +
                      " votes are needed");
  if (mixed(turn.peers)) {
    std::string stock;
    for (const auto& [id, peer] : turn.peers.all())
      if (peer.kind == PeerKind::Stock && is_member(turn.peers, id))
        stock += (stock.empty() ? "" : ", ") + to_string(peer.at) + (peer.up ? "" : " (not connected)");
    add("mixed-quorum", "stock sentinels: " + stock + "; their votes hold no lease, so two leaders are possible");
  }
  if (const auto theirs = stock_failover(turn))
    add("stock-failover",
        *theirs == StockFailover::Candidate ? "a stock sentinel asks for votes" : "a stock sentinel leads a failover");
  if (claim_)
    add("claim", claim_->told_by.value.substr(0, 8) + " says that epoch " + std::to_string(claim_->epoch.value) +
                     " has its master at " + to_string(claim_->master) + ", which has not proved it yet");
  if (held == HoldBack::WaitsForOthers) {
    const auto ahead = turn.order.ahead_of(place());
    add("order", "waits for " + std::to_string(ahead->queued) + " failovers of higher priority; " +
                     std::to_string(ahead->running) + " run, max-parallel-failovers is " +
                     std::to_string(turn.order.parallel_max()));
  }
  if (server_failover_since_)
    add("server-failover", "a FAILOVER command that was given to the master has held its writes back for " +
                               ms(turn.now - *server_failover_since_));
  if (turn.now < next_attempt_) add("retry", "in " + ms(next_attempt_ - turn.now));
  if (ballot_.promised_to_other(turn.now, turn.process.self))
    add("lease",
        "promised to " + ballot_.voted_for().value.substr(0, 8) + " for " + ms(ballot_.promised_until() - turn.now));
  if (!turn.store_healthy) add("store", "votes can't be written to disk");
  const auto views = replica_views(TimePoint{});
  for (const ReplicaView& view : views) {
    const auto reason = ineligible(view, link_down_max(turn));
    add("replica " + to_string(view.at), reason ? std::string(describe(*reason)) : "may be promoted");
  }
  for (const auto& node : nodes_)
    if (node.get() != master_ && !node->connected && !node->last_error.empty())
      add("link " + to_string(node->at), node->last_error);
  if (const ReplicaView* best = choose(views, link_down_max(turn)))
    add("choice", to_string(best->at) + " would be promoted");
  else
    add("choice", "no replica could be promoted");
  if (last_timeline_) add("last-failover", last_timeline_->outcome);
  return explanation;
}

}  // namespace sentinel
