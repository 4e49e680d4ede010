// Rules R-F: the leader's steps, each with a deadline and an abort that says why.
#include <algorithm>

#include "common/check.h"
#include "common/overloaded.h"
#include "sentinel/core/group.h"
#include "sentinel/core/quorum.h"

namespace sentinel {

namespace {
constexpr Millis kRefusedRetry{10000};  // A node that said no to REPLICAOF is asked again.
constexpr Millis kLostRetry{1000};      // One that did not answer.
constexpr Millis kAbortRetryBase{500};
constexpr Millis kAbortRetryMax{10000};
}  // namespace

// --- Choosing (R-F2).

ReplicaView Group::view_of(const Node& node, TimePoint fresh_since) const {
  const bool is_master = node.info.role == NodeRole::Master;
  ReplicaView view{.at = node.at, .run_id = node.run_id};
  view.reachable = node.answering();
  view.fresh = node.identified && node.has_info && node.info_at >= fresh_since;
  view.foreign = node.foreign;
  view.is_master = is_master;
  // A master that was promoted from our stream by a leader that then died
  // carries our history as its second one.
  // And whom the configured master itself follows by now has all that it has.
  const bool followed = master_->info.role == NodeRole::Replica && master_->info.master &&
                        master_->info.master_link_up && node.is_at(*master_->info.master) &&
                        node.info.replication_id == master_->info.replication_id;
  view.same_history = followed    ? true
                      : is_master ? !history_.empty() && node.info.replication_id2 == history_
                                  : history_.empty() || node.info.replication_id == history_;
  view.loading = node.info.loading;
  view.syncing = node.info.sync_in_progress;
  view.priority = node.info.priority;
  view.offset = is_master ? node.info.master_offset : node.info.replica_offset;
  view.master_link_down = node.info.master_link_down;
  // R-L20: it waits for a copy of the emptiness, and has all that it had until that arrives.
  if (reborn_with_less() && node.held && node.held->history == history_) {
    view.syncing = false;
    view.offset = std::max(view.offset, node.held->offset);
  }
  if (campaign_)
    if (const auto it = campaign_->rejected.find(node.link); it != campaign_->rejected.end()) view.refused = it->second;
  return view;
}

std::vector<ReplicaView> Group::replica_views(TimePoint fresh_since) const {
  std::vector<ReplicaView> views;
  for (const auto& node : nodes_)
    if (node.get() != master_) views.push_back(view_of(*node, fresh_since));
  return views;
}

// Stock's rule: a replica that lost its master long before it went down has old data.
Millis Group::link_down_max(const Turn& turn) const {
  // How long a master is down that this process never reached, it can't know: the limit would forbid every failover for
  // good after sentinels restarted behind a dead master. Who has most data is still asked first.
  if (master_->info_at == TimePoint{}) return Millis::max();
  const Millis down_for = master_->s_down ? turn.now - master_->s_down_since : Millis{0};
  return down_for + settings_.down_after * 10;
}

std::string Group::reasons_against(const Turn& turn) const {
  std::string why;
  for (const ReplicaView& view : replica_views(TimePoint{}))
    if (const auto reason = ineligible(view, link_down_max(turn)))
      why += (why.empty() ? "" : "; ") + to_string(view.at) + ' ' + std::string(describe(*reason));
  return why.empty() ? "there is no replica" : why;
}

// R-F2: a master that reports the role of a replica was made one behind our
// back. When nobody else can be promoted, it gets its role back.
bool Group::may_restore_master() const {
  return master_->connected && master_->identified && !master_->foreign && !master_->info.loading &&
         !master_->info.sync_in_progress && master_->role_reported == NodeRole::Replica &&
         master_->ping_error.empty() && (!campaign_ || !campaign_->rejected.contains(master_->link));
}

// The node to promote, nullptr if there is none.
Node* Group::pick(const Turn& turn, TimePoint fresh_since) {
  auto views = replica_views(fresh_since);
  if (campaign_ && campaign_->request.to) {  // R-L4: the named one or nobody.
    const Node* named = find(*campaign_->request.to);
    std::erase_if(views, [&](const ReplicaView& view) { return named == nullptr || view.at != named->at; });
    const ReplicaView* best = choose(views, link_down_max(turn));
    return best != nullptr ? find(best->at) : nullptr;
  }
  if (const ReplicaView* best = choose(views, link_down_max(turn))) return find(best->at);
  return may_restore_master() ? master_ : nullptr;
}

// --- Steps.

void Group::run_step(Turn& turn) {
  if (!leading()) return;
  if (!lease_valid(turn))  // R-E6
    return abort(turn, "-failover-abort-lease-lost", "no majority renewed the lease");
  std::visit(overloaded{
                 [](Idle&) {},
                 [](Electing&) {},
                 [&](Refreshing& step) { run(turn, step); },
                 [&](Draining& step) { run(turn, step); },
                 [&](Promoting& step) { run(turn, step); },
                 [](Committing&) {},
                 [&](RepointingAll& step) { run(turn, step); },
             },
             step_);
}

// R-F1: the choice rests on offsets of now, not of the last poll.
void Group::become_refreshing(Turn& turn) {
  step_ = Refreshing{turn.now, turn.now + turn.process.refresh_timeout};
  emit(turn, "+failover-state-select-slave", Level::Warning, prefix(*master_));
  for (const auto& node : nodes_) {
    if (node.get() == master_ || !node->connected) continue;
    node->has_info = false;  // An answer to an older question doesn't count.
    ask_info(turn, *node);
  }
}

void Group::run(Turn& turn, Refreshing& step) {
  const bool asked_all = std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    return node.get() == master_ || !node->answering() || (node->has_info && node->info_at >= step.started);
  });
  if (asked_all || turn.now >= step.deadline) choose_replica(turn);
}

void Group::choose_replica(Turn& turn) {
  const TimePoint fresh_since = std::get<Refreshing>(step_).started;
  // The master answered again before anything irreversible was done.
  if (!campaign_->forced && !master_->s_down)
    return abort(turn, "-failover-abort-master-back", "the master answers again");
  const auto views = replica_views(fresh_since);
  Node* const best = pick(turn, fresh_since);
  campaign_->timeline.rejected.clear();
  std::string why;
  for (const ReplicaView& view : views) {
    const auto reason = ineligible(view, link_down_max(turn));
    if (!reason) continue;
    std::string words(describe(*reason));
    if (*reason == Ineligible::Refused) words += ": " + view.refused;
    why += (why.empty() ? "" : "; ") + to_string(view.at) + ' ' + words;
    campaign_->timeline.rejected.emplace_back(to_string(view.at), std::move(words));
  }
  if (best == nullptr) return abort(turn, "-failover-abort-no-good-slave", why.empty() ? "there is no replica" : why);
  Node& chosen = *best;
  campaign_->timeline.to = chosen.at;
  mark(turn, "selected");
  emit(turn, "+selected-slave", Level::Warning, prefix(chosen));
  if (campaign_->forced && !campaign_->paused && master_->answering() && master_->role_reported == NodeRole::Master)
    return become_draining(turn, chosen);
  become_promoting(turn, chosen);
}

// R-F3.
void Group::become_promoting(Turn& turn, Node& chosen) {
  // R-E6: a reply that comes late leads here, too, ahead of run_step().
  if (!lease_valid(turn)) return abort(turn, "-failover-abort-lease-lost", "no majority renewed the lease");
  Promoting step{chosen.link, turn.new_token(), turn.now + turn.process.promote_timeout};
  emit(turn, "+failover-state-send-slaveof-noone", Level::Notice, prefix(chosen));
  Promote promote{chosen.link, step.token, turn.process.promote_timeout, std::nullopt};
  // R-L3: a fresh master has no replica yet; it gets max-lag of grace.
  if (settings_.write_safety == WriteSafety::Enforce) promote.min_replicas_to_write = 0;
  turn.act(promote);
  emit(turn, "+failover-state-wait-promotion", Level::Notice, prefix(chosen));
  step_ = step;
}

void Group::run(Turn& turn, Promoting& step) {
  if (find(step.chosen) == nullptr) return reject(turn, step.chosen, "it is no longer watched");
  // The link's own deadline answers first; this one is for a shell that doesn't.
  if (turn.now >= step.deadline + Millis{500}) reject(turn, step.chosen, "no answer in time");
}

// This replica is out for the rest of the failover; the next best is tried.
void Group::reject(Turn& turn, LinkId chosen, const std::string& why) {
  campaign_->rejected[chosen] = why;
  if (const Node* node = find(chosen))
    emit(turn, "-slave-promotion-refused", Level::Warning, prefix(*node) + " #" + why);
  campaign_->timeline.to = Endpoint{};
  become_refreshing(turn);
}

void Group::become_committing(Turn& turn, Node& chosen, const NodeInfo& info) {
  CHECK(leading() && campaign_->epoch > config_epoch_);
  mark(turn, "promoted");
  emit(turn, "+promoted-slave", Level::Warning, prefix(chosen));
  campaign_->timeline.outcome = "promoted";
  PendingConfig config{campaign_->epoch, chosen.at, info.run_id, turn.process.self, turn.process.self, 0};
  offer_config(turn, config);
  turn.persist(FailoverRecord{campaign_->timeline});
  step_ = Committing{chosen.link, pending_->batch};
  if (turn.simulated.after_promotion) turn.out.crash = true;
}

// The new master is announced (apply_config); now the others follow it (R-F5).
void Group::become_repointing(Turn& turn) {
  mark(turn, "committed");
  emit(turn, "+failover-state-reconf-slaves", Level::Warning, prefix(*master_));
  for (const auto& node : nodes_) {
    node->repointing = Repointing::None;
    node->repoint_refused = false;
    node->next_correction = TimePoint{};
    node->correction.reset();
  }
  step_ = RepointingAll{turn.now + settings_.failover_timeout};
}

// Whether it can go on from its offset after the promotion, without a full sync.
bool Group::continues(const Node& replica) const {
  const std::string& before = master_->info.replication_id2;
  return replica.has_info && replica.info.role == NodeRole::Replica && !before.empty() &&
         (replica.info.replication_id == before || replica.info.replication_id == master_->info.replication_id) &&
         replica.info.replica_offset <= master_->info.master_offset;
}

void Group::repoint_due(Turn& turn) {
  unsigned full_syncs = 0;
  for (const auto& node : nodes_)
    if ((node->repointing == Repointing::Sent || node->repointing == Repointing::InProgress) && !continues(*node) &&
        node->at != campaign_->old_master)
      ++full_syncs;
  for (const auto& node : nodes_) {
    if (node.get() == master_ || node->foreign || node->repointing != Repointing::None || !node->identified) continue;
    if (node->repoint_token || turn.now < node->next_correction) continue;
    // R-L5: what was the master is told at once, hung or not: it reads its socket when it resumes.
    const bool was_master = node->at == campaign_->old_master;
    if (!was_master && node->s_down) continue;
    if (!was_master && !continues(*node) && full_syncs++ >= std::max(1U, settings_.parallel_syncs)) continue;
    // A stray has writes of its own, too.
    send_repoint(turn, *node, was_master || node->info.role == NodeRole::Master);
    emit(turn, "+slave-reconf-sent", Level::Notice, prefix(*node));
  }
}

void Group::send_repoint(Turn& turn, Node& node, bool fence) {
  node.repointing = Repointing::Sent;
  node.repoint_sent_at = turn.now;
  node.repoint_token = turn.new_token();
  turn.act(Repoint{node.link, *node.repoint_token, turn.process.promote_timeout, master_->told(), fence,
                   fence ? rescue_order(node) : std::nullopt});
}

void Group::run(Turn& turn, RepointingAll& step) {
  bool all_done = true;
  for (const auto& node : nodes_) {
    if (node.get() == master_ || node->foreign) continue;
    const bool follows = node->has_info && node->info.role == NodeRole::Replica && node->info.master &&
                         master_->is_at(*node->info.master);
    // Also without our word: a hung node may have done it before it could answer.
    if (node->repointing < Repointing::InProgress && follows && !node->repoint_token) {
      node->repointing = Repointing::InProgress;
      if (node->at == campaign_->old_master) mark(turn, "fenced");
      emit(turn, "+slave-reconf-inprog", Level::Notice, prefix(*node));
    }
    if (node->repointing == Repointing::InProgress && follows && node->info.master_link_up) {
      node->repointing = Repointing::Done;
      emit(turn, "+slave-reconf-done", Level::Notice, prefix(*node));
    }
    if (node->repointing == Repointing::Sent && !node->repoint_token &&
        turn.now - node->repoint_sent_at >= turn.process.timers.reconf_timeout) {
      node->repointing = Repointing::Done;
      emit(turn, "-slave-reconf-sent-timeout", Level::Notice, prefix(*node));
    }
    // Who refuses is left to correction: it must not hold the end back.
    if (node->repointing != Repointing::Done && node->answering() && !node->repoint_refused) all_done = false;
  }
  if (all_done || turn.now >= step.deadline) return finish(turn, !all_done);
  repoint_due(turn);
}

// --- Ends.

void Group::finish(Turn& turn, bool timed_out) {
  mark(turn, "repointed");
  if (timed_out) emit(turn, "+failover-end-for-timeout", Level::Warning, prefix(*master_));
  emit(turn, "+failover-end", Level::Warning, prefix(*master_));
  attempts_ = in_vain_ = 0;
  end_campaign(turn, timed_out ? "done, but some replicas did not follow in time" : "done");
}

void Group::abort(Turn& turn, const std::string& event, const std::string& why) {
  unpause(turn);
  emit(turn, event, Level::Warning, prefix(*master_) + (why.empty() ? "" : " #" + why));
  if (leading()) {
    ++attempts_;
    ++in_vain_;
    next_attempt_ = turn.now + std::min(kAbortRetryMax, kAbortRetryBase * (1 << std::min(attempts_, 6U)));
  }
  end_campaign(turn, event + (why.empty() ? "" : ": " + why));
}

void Group::end_campaign(Turn& turn, const std::string& outcome) {
  if (!campaign_) return;
  const bool elected = leading();
  const Epoch mine = campaign_->epoch;
  campaign_->timeline.outcome = outcome;
  // A lost election is worth remembering only until somebody's failover is known.
  if (elected || !last_timeline_ || last_timeline_->epoch < mine) last_timeline_ = std::move(campaign_->timeline);
  if (elected) turn.persist(FailoverRecord{*last_timeline_});
  campaign_.reset();
  step_ = Idle{};
  for (const auto& node : nodes_) node->repointing = Repointing::None;
  // R-E6: from here on we act for this epoch no more, so all are free again.
  ballot_.release(turn.process.self, mine);
  each_vigil_up(turn, [&](const NodeId& id) { turn.act(SendPeer{id, LeaseRequest{name(), mine, 0, true}}); });
}

void Group::mark(const Turn& turn, const std::string& phase) {
  auto& phases = campaign_->timeline.phases;
  const bool known = std::any_of(phases.begin(), phases.end(), [&](const auto& entry) { return entry.first == phase; });
  if (!known) phases.emplace_back(phase, turn.now - campaign_->origin);
}

// --- Replies to commands.

void Group::on_command_reply(Turn& turn, const CommandReply& input) {
  Node& node = *find(input.link);
  if (input.info) on_info(turn, input.link, *input.info);
  if (node.safety_token == input.token) return on_safety_reply(turn, node, input);
  if (node.repoint_token == input.token) {
    node.repoint_token.reset();
    if (input.rescue) report_rescue(turn, node, *input.rescue);
    if (!input.ok && node.repointing == Repointing::Sent) node.repointing = Repointing::None;
    if (!input.ok) node.next_correction = turn.now + (input.refused ? kRefusedRetry : kLostRetry);
    node.repoint_refused = input.refused;
    if (!input.ok && input.refused)
      emit(turn, "-slave-reconf-refused", Level::Warning, prefix(node) + " #" + input.error);
    if (node.correction) {
      node.correction.reset();
      node.next_correction = turn.now + (input.refused ? kRefusedRetry : kLostRetry);
    }
    if (input.ok && leading() && node.at == campaign_->old_master) {
      mark(turn, "fenced");
      unpause(turn);
    }
    return;
  }
  if (auto* step = std::get_if<Draining>(&step_); step != nullptr && step->token == input.token)
    return on_paused(turn, input);
  if (auto* step = std::get_if<Promoting>(&step_); step != nullptr && step->token == input.token) {
    if (input.ok && input.info && input.info->role == NodeRole::Master)
      return become_committing(turn, node, *input.info);
    reject(turn, step->chosen, input.error.empty() ? "it is still a replica" : input.error);
  }
}

}  // namespace sentinel
