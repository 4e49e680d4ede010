// Rules R-L4 and R-L8: failovers that an operator asks for, and how writes wait meanwhile.
#include <algorithm>

#include "sentinel/core/group.h"
#include "sentinel/core/quorum.h"

namespace sentinel {

namespace {
constexpr Millis kDrainLook{2};  // Between looks at the replica's offset.
// A pause ends by itself soon after the leader does, however long the drain may last.
constexpr Millis kPause{2000};
constexpr Millis kPauseRenewal{500};
constexpr Millis kServerFailoverStagger{1000};
}  // namespace

// --- What is asked for.

// The guards in the order in which an operator can do something about them.
std::optional<std::string> Group::refuses(const Turn& turn, const FailoverRequest& request) const {
  const auto theirs = stock_failover(turn);
  const bool stock_leads = theirs && *theirs != StockFailover::Repointing;
  if (campaign_ || stock_leads || ballot_.promised_to_other(turn.now, turn.process.self))
    return "INPROG Failover already in progress";
  if (!turn.store_healthy) return "ERR Votes can't be written to disk. Check server logs.";
  if (request.lossless && (!master_->answering() || !master_->identified || master_->role_reported != NodeRole::Master))
    return "ERR The master can't hand over: it is not reached as a master. See SENTINEL EXPLAIN, or use SENTINEL "
           "FAILOVER.";
  const auto views = replica_views(TimePoint{});
  if (request.to) {
    const Node* named = find(*request.to);
    if (named == master_) return "ERR " + to_string(*request.to) + " is the master already.";
    if (named == nullptr) return "ERR " + to_string(*request.to) + " is no replica of this master.";
    const auto reason = ineligible(view_of(*named, TimePoint{}), link_down_max(turn));
    if (reason) return "NOGOODSLAVE " + to_string(named->at) + ' ' + std::string(describe(*reason));
  } else if (choose(views, link_down_max(turn)) == nullptr) {
    return "NOGOODSLAVE No suitable replica to promote";
  }
  const unsigned connected = reachable_members(turn);
  if (request.lossless && connected < authority_needed(turn))
    return "NOQUORUM " + std::to_string(connected) + " of " + std::to_string(electorate(turn.peers)) +
           " sentinels are connected, " + std::to_string(authority_needed(turn)) + " are needed";
  return std::nullopt;
}

Result<void> Group::force_failover(Turn& turn, const FailoverRequest& request) {
  if (auto refusal = refuses(turn, request)) return unexpected(std::move(*refusal));
  become_candidate(turn, true);
  if (campaign_) campaign_->request = request;
  return {};
}

SwitchoverPlan Group::plan(const Turn& turn, const FailoverRequest& request) const {
  SwitchoverPlan plan{.from = master_->told(), .to = {}, .refusal = refuses(turn, request).value_or("")};
  plan.drain_max = request.drain_max;
  plan.connected = reachable_members(turn);
  plan.needed = authority_needed(turn);
  const auto views = replica_views(TimePoint{});
  const Node* to = request.to ? find(*request.to) : nullptr;
  if (const ReplicaView* best = choose(views, link_down_max(turn)); best != nullptr && !request.to) to = find(best->at);
  for (const ReplicaView& view : views) {
    const auto reason = ineligible(view, link_down_max(turn));
    plan.replicas.emplace_back(view.at, reason ? std::string(describe(*reason)) : "may be promoted");
  }
  if (to == nullptr || to == master_) return plan;
  plan.to = to->told();
  const std::uint64_t held = to->info.replica_offset;
  plan.behind = master_->info.master_offset > held ? master_->info.master_offset - held : 0;
  plan.offsets_age = turn.now - std::min(to->info_at, master_->info_at);
  return plan;
}

// --- Draining (R-L4): writes stop, the chosen replica gets the rest of the stream, then the roles change.

void Group::pause_writes(Turn& turn, Token token) {
  campaign_->paused = true;
  campaign_->next_pause = turn.now + kPauseRenewal;
  turn.act(PauseWrites{master_->link, token, kPause, kPause});
}

void Group::become_draining(Turn& turn, Node& chosen) {
  Draining step{.chosen = chosen.link, .token = turn.new_token()};
  step.deadline = turn.now + campaign_->request.drain_max;
  pause_writes(turn, *step.token);
  step_ = step;
}

void Group::on_paused(Turn& turn, const CommandReply& input) {
  auto& step = std::get<Draining>(step_);
  step.token.reset();
  const FailoverRequest& request = campaign_->request;
  if (!input.ok && request.lossless && input.refused)
    return abort(turn, "-failover-abort-drain-timeout", "the master refuses to pause its writes: " + input.error);
  // Too old to pause, or not allowed to: go on as stock does. Out of reach: leave everything as it was.
  if (!input.ok && !input.refused && !request.past_drain)
    return abort(turn, "-failover-abort-drain-timeout", "the master was not reached to pause its writes");
  if (input.ok && !input.info && request.lossless)
    return abort(turn, "-failover-abort-drain-timeout", "the master does not tell its offset");
  if (!input.ok || !input.info) {
    Node* chosen = find(step.chosen);
    return chosen != nullptr ? become_promoting(turn, *chosen) : reject(turn, step.chosen, "it is no longer watched");
  }
  // R-L8: its end would take our pause away, and its success our choice.
  if (input.info->server_failover) {
    turn.act(AbortServerFailover{master_->link});
    emit(turn, "+server-failover-aborted", Level::Warning, prefix(*master_));
    step.token = turn.new_token();
    return pause_writes(turn, *step.token);
  }
  // Where everybody is paused, the renewal would wait behind the pause: this one has to do.
  if (!input.warnings.empty()) {
    campaign_->next_pause = kNever;
    step.deadline = std::min(step.deadline, turn.now + kPause / 2);
  }
  step.target = input.info->master_offset;
}

void Group::run(Turn& turn, Draining& step) {
  Node* chosen = find(step.chosen);
  if (chosen == nullptr || !chosen->identified) {
    unpause(turn);
    return reject(turn, step.chosen, "its connection was lost");
  }
  if (step.target && chosen->has_info && chosen->info.replica_offset >= *step.target) {
    mark(turn, "drained");
    return become_promoting(turn, *chosen);
  }
  if (turn.now >= step.deadline && campaign_->request.past_drain) return become_promoting(turn, *chosen);
  if (turn.now >= step.deadline)
    return abort(turn, "-failover-abort-drain-timeout",
                 to_string(chosen->at) + " did not catch up with the paused master in time");
  if (step.target && turn.now >= step.next_look && !chosen->info_asked) {
    step.next_look = turn.now + kDrainLook;
    ask_info(turn, *chosen);
  }
}

// Until the old master follows: a slow promotion or disk must not outlast the pause.
void Group::renew_pause(Turn& turn) {
  if (!leading() || !campaign_->paused || turn.now < campaign_->next_pause) return;
  campaign_->next_pause = turn.now + kPauseRenewal;
  const Node* node = find(campaign_->old_master);
  if (node != nullptr && node->connected) turn.act(PauseWrites{node->link, turn.new_token(), kPause, kPause});
}

void Group::unpause(Turn& turn) {
  if (!campaign_ || !campaign_->paused) return;
  campaign_->paused = false;
  if (Node* node = find(campaign_->old_master); node != nullptr && node->connected)
    turn.act(PauseWrites{node->link, turn.new_token(), turn.process.promote_timeout, Millis{0}});
}

// --- A FAILOVER command that somebody else gave the master (R-L8): without a time limit of its own it holds writes
// back for as long as its target does not catch up.

TimePoint Group::abort_server_failover_at(const Turn& turn) const {
  return *server_failover_since_ + settings_.failover_timeout + my_rank(turn, false) * kServerFailoverStagger;
}

void Group::watch_server_failover(Turn& turn) {
  const bool under_way = master_->identified && master_->has_info && master_->role_reported == NodeRole::Master &&
                         master_->info.server_failover;
  if (!under_way) {
    server_failover_since_.reset();
    return;
  }
  if (!server_failover_since_) {
    server_failover_since_ = turn.now;
    emit(turn, "+server-failover", Level::Warning, prefix(*master_));
  }
  if (campaign_ || turn.now < abort_server_failover_at(turn)) return;
  server_failover_since_ = turn.now;
  turn.act(AbortServerFailover{master_->link});
  ask_info(turn, *master_);
  emit(turn, "+server-failover-aborted", Level::Warning, prefix(*master_));
}

}  // namespace sentinel
