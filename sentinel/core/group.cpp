#include "sentinel/core/group.h"

#include <algorithm>

#include "common/check.h"
#include "common/overloaded.h"
#include "sentinel/core/limits.h"

namespace sentinel {

namespace {
constexpr int kConsequencesMax = 16;  // Rounds of advance() before the rest waits for the next millisecond.
}

Group::Group(GroupSettings settings, std::uint64_t serial, const Turn& turn)
    : settings_(std::move(settings)),
      serial_(serial),
      names_(turn.names),
      told_master_(settings_.master),
      config_master_(settings_.master),
      ballot_(turn.process.lease) {}

void Group::restore_config(const ConfigRecord& config) {
  config_epoch_ = config.epoch;
  config_master_ = config.master;
  config_leader_ = config.leader;
  ballot_.saw(config.epoch);
}

void Group::restore_timeline(FailoverTimeline timeline) {
  if (timeline.outcome == "running" || timeline.outcome == "promoted")
    timeline.outcome = "interrupted: the leader restarted";
  last_timeline_ = std::move(timeline);
}

void Group::start(Turn& turn) {
  master_ = &watch(turn, config_master_);
  for (const Endpoint& at : restored_replicas_) add_replica(turn, at);
  restored_replicas_.clear();
  // A restart may have changed the file's address of the same group: what was
  // elected since wins, and the file's node is watched as a replica.
  if (config_epoch_.value > 0) add_replica(turn, settings_.master);
  next_hello_ = turn.now;
  emit(turn, "+monitor", Level::Warning, prefix(*master_) + " quorum " + std::to_string(settings_.quorum));
}

void Group::stop(Turn& turn) {
  emit(turn, "-monitor", Level::Warning, prefix(*master_));
  if (campaign_) end_campaign(turn, "cancelled: the group was removed");
  for (const auto& node : nodes_) turn.act(CloseLink{node->link});
}

void Group::change_settings(Turn& turn, GroupSettings settings) {
  const NodeAccess before{settings_.auth_user, settings_.auth_pass, settings_.rename_commands};
  settings_ = std::move(settings);
  const NodeAccess access{settings_.auth_user, settings_.auth_pass, settings_.rename_commands};
  for (const auto& node : nodes_) {
    node->liveness.set_down_after(settings_.down_after);
    if (access == before) continue;
    turn.act(CloseLink{node->link});
    node->link = open_link(turn);
    node->connected = node->identified = node->info_asked = node->urgent = false;
    node->listening = false;
    node->liveness.link_lost();
    node->safety_token.reset();
    node->repoint_token.reset();
    turn.act(OpenLink{node->link, node->at, access});
  }
}

void Group::change_timers(const Turn& turn) {
  for (const auto& node : nodes_) node->liveness.set_ping_period_max(turn.process.timers.ping_period);
  next_hello_ = std::min(next_hello_, turn.now + turn.process.timers.publish_period);
}

void Group::reset(Turn& turn) {
  if (campaign_) end_campaign(turn, "cancelled: SENTINEL RESET");
  std::vector<Node*> replicas;
  for (const auto& node : nodes_)
    if (node.get() != master_) replicas.push_back(node.get());
  for (Node* node : replicas) unwatch(turn, *node);
  // Sentinels that are connected are no ghosts: forgetting them for a moment
  // would make us a majority by ourselves.
  for (auto it = members_.begin(); it != members_.end();) {
    const Peer* peer = turn.peers.find(*it);
    const auto stock = stock_.find(*it);
    if (peer != nullptr && peer->up && (stock == stock_.end() || stock->second.watches)) {
      ++it;
      continue;
    }
    turn.persist(PeerRecord{name(), *it, peer != nullptr ? peer->at : Endpoint{}, false});
    peer_votes_.erase(*it);
    peer_hello_at_.erase(*it);
    peer_configs_.erase(*it);
    views_.erase(*it);
    peer_s_down_.erase(*it);
    peer_down_since_.erase(*it);
    it = members_.erase(it);
  }
  master_->s_down = o_down_ = false;
  master_->liveness.reset(turn.ear());
  master_->refused_since.reset();
  master_->run_id.clear();
  reborn_.reset();
  master_->rebooted_at.reset();
  next_attempt_ = TimePoint{};
  attempts_ = in_vain_ = 0;
  next_hello_ = turn.now;
  master_->next_info = turn.now;
  emit(turn, "+reset-master", Level::Warning, prefix(*master_));
}

// --- Nodes.

bool Group::watches(LinkId link) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) { return node->link == link; });
}

Node* Group::find(LinkId link) {
  for (const auto& node : nodes_)
    if (node->link == link) return node.get();
  return nullptr;
}

// The record of that very name or address before one that is known to be the same.
Node* Group::find(const Endpoint& at) {
  for (const auto& node : nodes_)
    if (node->at == at) return node.get();
  for (const auto& node : nodes_)
    if (node->is_at(at)) return node.get();
  return nullptr;
}

const Node* Group::find(const Endpoint& at) const {
  const auto it = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& node) { return node->is_at(at); });
  return it == nodes_.end() ? nullptr : it->get();
}

LinkId Group::open_link(Turn& turn) { return new_links_.emplace_back(turn.new_link()); }

Node& Group::watch(Turn& turn, const Endpoint& at) {
  Node& node = *nodes_.emplace_back(std::make_unique<Node>(open_link(turn), at, names_, turn.ear(),
                                                           settings_.down_after, turn.process.timers.ping_period));
  look_up(turn, at.host);
  merge_due_ = true;
  node.next_info = turn.now;
  // Checks of the many nodes spread over the period instead of bursting.
  node.next_safety_check = turn.now + turn.rng.jitter(Millis{500});
  turn.act(OpenLink{node.link, at, {settings_.auth_user, settings_.auth_pass, settings_.rename_commands}});
  return node;
}

void Group::unwatch(Turn& turn, Node& node) {
  CHECK(&node != master_);
  turn.act(CloseLink{node.link});
  turn.persist(ReplicaRecord{name(), node.at, false});
  std::erase_if(nodes_, [&](const auto& other) { return other.get() == &node; });
}

Node* Group::add_replica(Turn& turn, const Endpoint& at) {
  if (Node* known = find(at)) return known;
  if (nodes_.size() >= kNodesPerGroupMax) return nullptr;
  Node& node = watch(turn, at);
  turn.persist(ReplicaRecord{name(), at, true});
  // One more replica changes what write safety can ask for (R-L2).
  for (const auto& other : nodes_) other->next_safety_check = std::min(other->next_safety_check, turn.now);
  emit(turn, "+slave", Level::Notice, prefix(node));
  return &node;
}

void Group::set_urgent(Turn& turn, Node& node, bool urgent) {
  if (node.urgent == urgent) return;
  node.urgent = urgent;
  turn.act(SetUrgent{node.link, urgent});
}

// Reconnecting fast matters for a master that seems to fail, and for every
// node while a failover runs; and for the node that was master before, since
// it must not take writes when it returns.
void Group::update_urgency(Turn& turn) {
  failing_ = campaign_.has_value() || o_down_ || master_->s_down || !master_->connected ||
             master_->liveness.suspected(turn.ear());
  for (const auto& node : nodes_)
    set_urgent(turn, *node, failing_ || (node->at == previous_master_ && !node->connected));
}

// --- Links.

void Group::on_link_up(Turn& turn, const LinkUp& input) {
  Node& node = *find(input.link);
  node.connected = true;
  node.moved = node.moved || (!node.ip.empty() && node.ip != input.ip);
  node.ip = input.ip;
  node.local_ip = input.local_ip;
  node.refused_since.reset();
  node.last_error.clear();
  node.listening = false;
  node.info_asked = false;
  node.identified = false;
  node.liveness.link_up(turn.ear());
  node.next_info = turn.now;
  node.next_safety_check = turn.now;
  turn.names.reached(turn.now, node.at.host, node.ip);
  merge_due_ = true;
}

void Group::on_link_down(Turn& turn, const LinkDown& input) {
  Node& node = *find(input.link);
  if (node.connected) node.lost_at = turn.now;
  node.loading_since.reset();
  if (node.connected && &node == master_) master_lost(turn);
  node.connected = false;
  node.listening = false;
  node.info_asked = false;
  node.identified = false;
  // A refused password looks like silence from far away: say it where it is seen.
  if (input.cause == DownCause::Failed && node.last_error != input.text)
    emit(turn, "-link-refused", Level::Warning, prefix(node) + " #" + input.text);
  node.last_cause = input.cause;
  node.last_error = input.text;
  node.liveness.link_lost();
  // R-D4: only an unbroken run of refusals counts.
  if (input.cause != DownCause::Refused)
    node.refused_since.reset();
  else if (!node.refused_since)
    node.refused_since = turn.ear();
}

// --- The order of work.

bool Group::waits_for_disk() const {
  if (pending_ || std::holds_alternative<Committing>(step_)) return true;
  const auto* electing = std::get_if<Electing>(&step_);
  return electing != nullptr && !electing->self_durable;
}

void Group::on_persisted(Turn& turn, std::uint64_t batch) {
  if (auto* electing = std::get_if<Electing>(&step_); electing != nullptr && electing->self_batch <= batch)
    electing->self_durable = true;
  if (pending_ && pending_->batch <= batch) {
    const PendingConfig config = *std::exchange(pending_, std::nullopt);
    const auto* committing = std::get_if<Committing>(&step_);
    const bool ours = committing != nullptr && config.leader == turn.process.self && campaign_->epoch == config.epoch;
    apply_config(turn, config);
    if (ours) become_repointing(turn);
  }
}

// R-E7: a disk that refuses must not keep us on a dead master's address.
void Group::on_store_failed(Turn& turn) {
  if (pending_ && pending_->leader != turn.process.self) apply_config(turn, *std::exchange(pending_, std::nullopt));
}

void Group::advance(Turn& turn) {
  for (int round = 0; round < kConsequencesMax; ++round) {
    const auto before = std::pair(turn.out.now.size() + turn.out.after_persist.size() + turn.out.persist.size(),
                                  turn.out.events.size());
    if (merge_due_) merge_records(turn);
    judge_reborn(turn);
    for (const auto& node : nodes_) judge(turn, *node);
    judge_objective(turn);
    push_view(turn);
    ask_stock(turn);
    weigh_claim(turn);
    judge_peers(turn);
    count_votes(turn);
    run_step(turn);
    renew_pause(turn);
    watch_server_failover(turn);
    maybe_stand(turn);
    renew_lease(turn);
    for (const auto& node : nodes_) correct(turn, *node);
    for (const auto& node : nodes_) check_safety(turn, *node);
    update_urgency(turn);
    send_due(turn);
    speak_hello(turn, false);
    const auto after = std::pair(turn.out.now.size() + turn.out.after_persist.size() + turn.out.persist.size(),
                                 turn.out.events.size());
    if (after == before) break;
  }
  told_master_ = master_->told();
  compute_deadline(turn);
}

void Group::compute_deadline(const Turn& turn) {
  TimePoint next = kNever;
  const auto by = [&](TimePoint at) { next = std::min(next, at); };
  const auto by_ear = [&](TimePoint at) {
    if (at != kNever) by(at + turn.deaf);
  };
  for (const auto& node : nodes_) {
    if (node->connected) {
      by_ear(node->liveness.ping_due_at());
      if (!node->info_asked) by(node->next_info);
      if (node->identified && !node->safety_token && settings_.write_safety != WriteSafety::Off &&
          wrong(*node) != Wrong::IsMaster)
        by(node->next_safety_check);
    }
    if (!node->s_down) by_ear(node->liveness.down_at());
    if (!node->s_down && node->rebooted_at) by(*node->rebooted_at + settings_.master_reboot_down_after);
    if (!node->s_down && node->loading_since && settings_.loading_timeout > Millis{0})
      by(*node->loading_since + settings_.loading_timeout + Millis{1});
    if (node->correction && !node->correction->sent) by(std::max(node->correction->not_before, turn.now + Millis{10}));
  }
  if (!master_->liveness.suspected(turn.ear())) by_ear(master_->liveness.suspect_at());
  if (turn.peers.discovered() || mixed(turn.peers)) by(next_hello_);
  stock_deadlines(turn, by);
  for (const auto& [id, since] : peer_down_since_)
    if (!peer_s_down_.contains(id)) by(since + settings_.down_after);
  if (o_down_ && !campaign_ && !waits_for_others_) {
    const TimePoint standing = may_stand_at(turn);
    by(standing > turn.now ? standing : turn.now + turn.process.rank_stagger);
  }
  if (leading()) by(campaign_->next_renewal);
  if (campaign_ && campaign_->paused) by(campaign_->next_pause);
  by(reborn_deadline());
  if (server_failover_since_ && !campaign_) by(abort_server_failover_at(turn));
  std::visit(
      overloaded{
          [](const Idle&) {},
          [&](const Electing& step) { by(step.deadline); },
          [&](const Refreshing& step) { by(step.deadline); },
          [&](const Draining& step) { by(std::min(step.deadline, std::max(step.next_look, turn.now + Millis{1}))); },
          [&](const Promoting& step) { by(step.deadline); },
          [](const Committing&) {},
          [&](const RepointingAll& step) {
            by(step.deadline);
            for (const auto& node : nodes_) {
              if (node->connected && node->repointing == Repointing::None && node->next_correction > turn.now)
                by(node->next_correction);
              if (node->repointing == Repointing::Sent && !node->repoint_token)
                by(node->repoint_sent_at + turn.process.timers.reconf_timeout);
            }
          },
      },
      step_);
  deadline_ = next <= turn.now ? turn.now + Millis{1} : next;
}

}  // namespace sentinel
