// Rules R-D: what looks down, who agrees, and what proves the opposite.
#include <algorithm>

#include "sentinel/core/group.h"

namespace sentinel {

// --- Questions.

Millis Group::info_period(const Turn& turn, const Node& node) const {
  const bool failing = o_down_ || campaign_.has_value() || master_->liveness.suspected(turn.ear());
  const bool moving = node.repointing == Repointing::Sent || node.repointing == Repointing::InProgress;
  // R-L20: its replicas' last word, and its own first.
  const bool lost = guards_reboots() && (!master_->connected || reborn_);
  if (failing || moving || lost || node.correction) return turn.urgent_info_period;
  // R-L3: how long a fresh master's grace lasts depends on its first replica.
  const bool in_grace = &node == master_ && settings_.write_safety == WriteSafety::Enforce &&
                        switched_at_ != TimePoint{} && turn.now < switched_at_ + settings_.max_lag;
  const bool unsettled = in_grace || node.info.server_failover ||
                         (node.role_reported == NodeRole::Replica && !node.info.master_link_up) ||
                         (&node == master_ && (nodes_.size() == 1 || node.role_reported != NodeRole::Master));
  const Millis period = turn.process.timers.info_period;
  return unsettled ? std::min(Millis{1000}, period) : period;
}

void Group::ask_info(Turn& turn, Node& node) {
  if (!node.connected) return;
  node.info_asked = true;
  node.next_info = turn.now + info_period(turn, node);
  turn.act(SendInfo{node.link});
}

void Group::send_due(Turn& turn) {
  for (const auto& node : nodes_) {
    if (!node->connected) continue;
    if (node->liveness.ping_due(turn.ear())) {
      node->liveness.asked(turn.ear(), turn.rng.jitter(node->liveness.ping_period() / 5));
      turn.act(SendPing{node->link});
    }
    // A shorter period takes effect at once, not after the long one has passed.
    node->next_info = std::min(node->next_info, node->info_at + info_period(turn, *node));
    if (!node->info_asked && node->next_info <= turn.now) ask_info(turn, *node);
  }
}

void Group::on_ping_reply(Turn& turn, const PingReply& input) {
  Node& node = *find(input.link);
  const bool acceptable = input.verdict == PingVerdict::Pong || input.verdict == PingVerdict::Loading ||
                          input.verdict == PingVerdict::MasterDown;
  node.liveness.answered(turn.ear(), acceptable);
  if (node.identified) node.heard_at = turn.now;
  node.ping_error = acceptable ? std::string{} : input.text;
  if (input.verdict == PingVerdict::Pong) node.rebooted_at.reset();
  if (input.verdict != PingVerdict::Loading)
    node.loading_since.reset();
  else if (!node.loading_since)
    node.loading_since = turn.now;
  if (input.verdict == PingVerdict::Busy && node.s_down && !std::exchange(node.busy_killed, true))
    turn.act(ScriptKill{node.link});
}

// --- Subjective.

std::optional<std::string> Group::down_reason(const Turn& turn, const Node& node) const {
  if (node.liveness.down(turn.ear()))  // R-D1
    return node.ping_error.empty() ? "no acceptable reply for down-after" : "answers PING with: " + node.ping_error;
  // R-D10: clients read from whatever replica we name; a master that others found down is none of them.
  if (node.demoted_silent_since == node.liveness.last_ok()) return "was silent when another master took its place";
  // R-D4: refused without a break for crash_confirm, and not heard since.
  if (settings_.crash_detection && node.refused_since && turn.ear() - *node.refused_since >= settings_.crash_confirm)
    return "refuses connections: no process listens";
  // R-D9: LOADING is an acceptable reply, but not for ever after a reboot.
  if (node.rebooted_at && turn.now - *node.rebooted_at > settings_.master_reboot_down_after)
    return "rebooted and is still loading";
  if (&node == master_ && settings_.loading_timeout > Millis{0} && node.loading_since &&  // R-D11
      turn.now - *node.loading_since > settings_.loading_timeout)
    return "loads its data for longer than loading-timeout";
  // R-L20. What is down stays so until it is known who answers there.
  if (&node == master_ && reborn_with_less()) return std::string(describe(*reborn_->less));
  const bool unknown = node.info_asked && !node.identified;
  if (&node == master_ && node.s_down && guards_reboots() && node.connected &&
      (unknown || (reborn_ && !node.info.loading)))
    return node.s_down_why;
  // R-C6: whoever answers where our master was.
  if (&node == master_ && node.foreign) return "another deployment's node answers at its address";
  // R-D8: our master says it is a replica, and goes on saying so.
  if (&node == master_ && node.has_info && node.role_reported == NodeRole::Replica &&
      turn.now - std::max(node.role_since, switched_at_) >= settings_.down_after + Millis{4000})
    return "reports the role of a replica";
  return std::nullopt;
}

void Group::judge(Turn& turn, Node& node) {
  const auto reason = down_reason(turn, node);
  if (reason.has_value() == node.s_down) return;
  node.s_down = reason.has_value();
  node.busy_killed = false;
  if (node.s_down) {
    node.s_down_since = turn.now;
    node.s_down_why = *reason;
    if (&node == master_) {
      attempts_ = 0;
      next_attempt_ = TimePoint{};
    }
  }
  emit(turn, node.s_down ? "+sdown" : "-sdown", Level::Warning, prefix(node));
}

// --- Evidence of life.

// R-D5: a replica whose copy of the stream grew between two looks heard from
// the master after the first one. The first look's time is the proof's, so a
// dead master is never held up by bytes that were on their way.
void Group::note_stream(const Turn& turn, Node& node, const NodeInfo& info) {
  const bool follows =
      info.role == NodeRole::Replica && info.master_link_up && info.master && master_->is_at(*info.master);
  if (follows && node.stream_seen_at != TimePoint{} && info.replica_offset > node.stream_offset &&
      node.stream_seen_at > master_->liveness.last_ok() + turn.deaf) {
    if (!life_proved_ || *life_proved_ < node.stream_seen_at) life_proved_ = node.stream_seen_at;
    life_witness_ = to_string(node.at);
  }
  node.stream_seen_at = follows ? turn.now : TimePoint{};
  node.stream_offset = info.replica_offset;
}

bool Group::evidence_of_life(const Turn& turn) const {
  if (!life_proved_ || !master_->s_down || master_->refused_since || reborn_with_less()) return false;
  if (turn.now - master_->s_down_since >= settings_.evidence_hold_max) return false;
  return turn.now < *life_proved_ + settings_.down_after;
}

// --- Objective.

bool Group::view_down(const Turn& turn) const { return master_->s_down && !turn.tilt && !evidence_of_life(turn); }

unsigned Group::views_down(const Turn& turn) const {
  unsigned count = view_down(turn) ? 1 : 0;
  for (const auto& [id, view] : views_) {
    const Peer* peer = turn.peers.find(id);
    if (view.down && turn.now < view.expires && master_->is_at(view.master) && peer != nullptr && peer->up &&
        is_member(turn.peers, id))
      ++count;
  }
  return count;
}

void Group::judge_objective(Turn& turn) {
  const unsigned count = views_down(turn);
  const bool down = view_down(turn) && count >= settings_.quorum;  // R-D7
  const bool held = master_->s_down && evidence_of_life(turn);
  if (held && !held_reported_)
    emit(turn, "+failover-held", Level::Warning,
         prefix(*master_) + " #evidence-of-life " + life_witness_ + " still receives from it");
  held_reported_ = held;
  if (down == o_down_) return;
  o_down_ = down;
  if (down) {
    o_down_since_ = turn.now;
    no_candidate_reported_ = false;
    emit(turn, "+odown", Level::Warning,
         prefix(*master_) + " #quorum " + std::to_string(count) + '/' + std::to_string(settings_.quorum));
  } else {
    emit(turn, "-odown", Level::Warning, prefix(*master_));
  }
}

// R-D7: a changed view is pushed at once, so agreement takes one hop.
void Group::push_view(Turn& turn) {
  const bool down = view_down(turn);
  if (down == view_sent_down_) return;
  view_sent_down_ = down;
  // Versions outgrow those of an earlier run of this process: monotonic time does.
  view_version_ = std::max(view_version_ + 1, static_cast<std::uint64_t>(turn.now.time_since_epoch().count()));
  const ViewMessage view{name(), view_version_, master_->at, down};
  for (const auto& [id, peer] : turn.peers.all())
    if (peer.is(PeerKind::Vigil)) turn.act(SendPeer{id, view});
}

void Group::on_message(Turn& turn, const NodeId& from, const ViewMessage& message) {
  if (!is_member(turn.peers, from)) return;
  View& view = views_[from];
  if (message.version < view.version) return;
  view = {message.version, message.master, message.down, kNever};
  peer_hello_at_[from] = turn.now;
}

// --- Peers as instances: stock shows them with +sdown too.

void Group::judge_peers(Turn& turn) {
  for (const auto& [id, since] : peer_down_since_) {
    if (peer_s_down_.contains(id) || turn.now - since < settings_.down_after) continue;
    peer_s_down_.insert(id);
    if (const Peer* peer = turn.peers.find(id)) emit(turn, "+sdown", Level::Warning, prefix(*peer));
  }
}

void Group::on_peer_up(Turn& turn, const NodeId& id, bool asks) {
  peer_down_since_.erase(id);
  if (peer_s_down_.erase(id) > 0)
    if (const Peer* peer = turn.peers.find(id)) emit(turn, "-sdown", Level::Warning, prefix(*peer));
  if (!turn.peers.discovered() && is_member(turn.peers, id) && !peer_hello_at_.contains(id))
    if (const Peer* peer = turn.peers.find(id)) emit(turn, "+sentinel", Level::Notice, prefix(*peer));
  peer_hello_at_[id] = turn.now;
  send_config(turn, id, asks);
  // What we led is over: whoever voted for it needs not wait to hear more.
  if (!campaign_ && !pending_ && ballot_.voted_for() == turn.process.self)
    turn.act(SendPeer{id, LeaseRequest{name(), ballot_.voted_epoch(), 0, true}});
  // The versions of an earlier run of the peer say nothing about this one's.
  if (const auto view = views_.find(id); view != views_.end()) view->second.version = 0;
  tell_view(turn, id);
}

// Also when it is "up": the peer may remember what an earlier run of this process said.
void Group::tell_view(Turn& turn, const NodeId& to) {
  if (view_version_ == 0) view_version_ = static_cast<std::uint64_t>(turn.now.time_since_epoch().count());
  turn.act(SendPeer{to, ViewMessage{name(), view_version_, master_->at, view_sent_down_}});
}

void Group::on_peer_down(Turn& turn, const NodeId& id) {
  views_.erase(id);
  stock_.erase(id);
  if (is_member(turn.peers, id)) peer_down_since_.emplace(id, turn.now);
}

// --- The stock hello: on the master and one replica for discovery, and straight to stock sentinels (R-M8).

Hello Group::our_hello(const Turn& turn, const std::string& local_ip) const {
  const std::string& host = turn.process.announce.host.empty() ? local_ip : turn.process.announce.host;
  return {.sentinel = {host, turn.process.announce.port},
          .id = turn.process.self,
          .current_epoch = std::max(turn.process_epoch, epoch()),
          .group = name(),
          .master = master_->told(),
          .config_epoch = config_epoch_};
}

void Group::speak_hello(Turn& turn, bool at_once) {
  if (!turn.peers.discovered() && !mixed(turn.peers)) return;
  if (!at_once && turn.now < next_hello_) return;
  const Millis period = turn.process.timers.publish_period;
  next_hello_ = turn.now + period + turn.rng.jitter(period / 10);
  unsigned replicas = 0;
  for (const auto& node : nodes_) {
    const bool wanted = node->connected && !node->foreign && (node.get() == master_ || replicas++ == 0);
    if (node->connected && node->listening != wanted) {
      node->listening = wanted;
      turn.act(SetHelloListening{node->link, wanted});
    }
    if (wanted) turn.act(PublishHello{node->link, format_hello(our_hello(turn, node->local_ip))});
  }
  each_stock_up(turn, [&](const NodeId& id) { tell_stock(turn, id); });
}

}  // namespace sentinel
