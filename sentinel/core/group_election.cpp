// Rules R-E: who stands, who is voted for, and how long a leader leads.
#include <algorithm>

#include "common/check.h"
#include "sentinel/core/group.h"
#include "sentinel/core/limits.h"
#include "sentinel/core/quorum.h"

namespace sentinel {

namespace {
constexpr Millis kRetryBase{50};
constexpr Millis kRetryMax{1000};
constexpr Millis kAbortRetry{1000};  // After a failover that was won and could not be carried out.
}  // namespace

std::string_view describe(HoldBack reason) {
  switch (reason) {
    case HoldBack::FailoverRunning: return "a failover led by this sentinel is running";
    case HoldBack::MasterNotDown: return "the master is not down";
    case HoldBack::NoAgreement: return "fewer than quorum sentinels see the master down";
    case HoldBack::EvidenceOfLife: return "a replica still receives data from the master";
    case HoldBack::DistrustsItself: return "this process stalled and does not trust its own view yet";
    case HoldBack::StoreUnavailable: return "votes can't be written to disk";
    case HoldBack::ConfigPending: return "a newer configuration is on its way to disk";
    case HoldBack::NoCandidate: return "no replica could be promoted";
    case HoldBack::NoMajority: return "no majority of the sentinels is connected";
    case HoldBack::LeasePromised: return "the lease is promised to another leader";
    case HoldBack::StockFailover: return "a stock sentinel's failover is running";
    case HoldBack::WaitsForRetry: return "waits before trying again";
    case HoldBack::WaitsForRank: return "other sentinels stand first";
    case HoldBack::WaitsForOthers: return "waits for failovers of other groups";
  }
  UNREACHABLE();
}

// --- Membership (R-E3).

bool Group::is_member(const Peers& peers, const NodeId& id) const {
  if (peers.discovered()) return members_.contains(id);
  const Peer* peer = peers.find(id);
  return peer != nullptr && peer->configured;
}

unsigned Group::electorate(const Peers& peers) const {
  const std::size_t others = peers.discovered() ? members_.size() : peers.configured().size();
  return static_cast<unsigned>(others) + 1;
}

// How many members stand behind an act: a majority; and while members are
// still being discovered, no fewer than the quorum, since whoever has met
// nobody yet would be a majority by itself.
unsigned Group::authority_needed(const Turn& turn) const {
  const unsigned most = majority(electorate(turn.peers));
  return turn.peers.discovered() ? std::max(most, settings_.quorum) : most;
}

unsigned Group::votes_needed(const Turn& turn) const {
  const unsigned most = authority_needed(turn);
  // An operator's failover needs the majority only: the quorum is about who sees the master down.
  return campaign_ && campaign_->forced ? most : std::max(most, settings_.quorum);
}

unsigned Group::reachable_members(const Turn& turn) const {
  unsigned count = 1;
  each_vigil_up(turn, [&](const NodeId&) { ++count; });
  each_stock_up(turn, [&](const NodeId&) { ++count; });
  return count;
}

unsigned Group::my_rank(const Turn& turn, bool among_down_views) const {
  std::vector<NodeId> others;
  each_vigil_up(turn, [&](const NodeId& id) {
    const auto view = views_.find(id);
    if (!among_down_views || (view != views_.end() && view->second.down)) others.push_back(id);
  });
  return rank(name(), turn.process.self, others);
}

// --- Standing (R-E4, R-E5).

std::optional<HoldBack> Group::held_back(const Turn& turn) const {
  if (campaign_) return HoldBack::FailoverRunning;
  if (!master_->s_down) return HoldBack::MasterNotDown;
  if (turn.tilt) return HoldBack::DistrustsItself;
  if (evidence_of_life(turn)) return HoldBack::EvidenceOfLife;
  if (!o_down_) return HoldBack::NoAgreement;
  if (!turn.store_healthy) return HoldBack::StoreUnavailable;
  if (pending_ || claim_blocks(turn)) return HoldBack::ConfigPending;
  if (choose(replica_views(TimePoint{}), link_down_max(turn)) == nullptr && !may_restore_master())
    return HoldBack::NoCandidate;
  if (reachable_members(turn) < std::max(majority(electorate(turn.peers)), settings_.quorum))
    return HoldBack::NoMajority;
  if (ballot_.promised_to_other(turn.now, turn.process.self)) return HoldBack::LeasePromised;
  if (const auto theirs = stock_failover(turn); theirs && *theirs != StockFailover::Repointing)
    return HoldBack::StockFailover;
  if (turn.now < next_attempt_) return HoldBack::WaitsForRetry;
  if (turn.now < may_stand_at(turn)) return HoldBack::WaitsForRank;
  if (turn.order.ahead_of(place())) return HoldBack::WaitsForOthers;  // R-F6
  return std::nullopt;
}

// When the passing of time alone no longer holds us back. A storm makes many groups wait for one another's
// leases: looking now and then instead would be work without end.
TimePoint Group::may_stand_at(const Turn& turn) const {
  // The turn-taking begins when standing became possible, which may be the end of a dead leader's lease.
  const TimePoint possible = std::max(o_down_since_, ballot_.promised_until());
  return std::max(next_attempt_, possible + my_rank(turn, true) * turn.process.rank_stagger);
}

void Group::maybe_stand(Turn& turn) {
  waits_for_others_ = false;
  if (!o_down_ || campaign_) return;
  const auto held = held_back(turn);
  waits_for_others_ = held == HoldBack::WaitsForOthers;
  if (!held) return become_candidate(turn, false);
  // Said once for each time the master is down, with stock's name.
  if (held == HoldBack::NoCandidate && !std::exchange(no_candidate_reported_, true))
    emit(turn, "-failover-abort-no-good-slave", Level::Warning, prefix(*master_) + " #" + reasons_against(turn));
}

void Group::become_candidate(Turn& turn, bool forced) {
  CHECK(!campaign_ && std::holds_alternative<Idle>(step_));
  Epoch seen = epoch();
  for (const auto& [id, vote] : peer_votes_) seen = std::max(seen, vote.epoch);
  if (mixed(turn.peers)) seen = std::max(seen, turn.process_epoch);  // R-M3
  const Epoch mine = next(seen);
  if (ballot_.refuses(turn.now, turn.process.self, mine)) return;
  ballot_.grant(turn.now, turn.process.self, mine);

  campaign_.emplace(turn.process.lease);
  campaign_->epoch = mine;
  campaign_->forced = forced;
  campaign_->old_master = master_->at;
  campaign_->origin = forced ? turn.now : master_->liveness.last_ok() + turn.deaf;
  campaign_->timeline = {.group = name(),
                         .epoch = mine,
                         .leader = turn.process.self,
                         .from = master_->at,
                         .cause = forced                   ? "operator"
                                  : reborn_with_less()     ? "rebooted"
                                  : master_->refused_since ? "crashed"
                                                           : "down",
                         .outcome = "running"};
  if (!forced) {
    campaign_->timeline.phases.emplace_back("sdown", master_->s_down_since - campaign_->origin);
    campaign_->timeline.phases.emplace_back("odown", o_down_since_ - campaign_->origin);
  }
  mark(turn, "candidate");

  Electing electing{.epoch = mine, .round = turn.new_round(), .asked_at = turn.now};
  electing.deadline = turn.now + std::min(turn.process.vote_timeout, turn.process.timers.election_timeout);
  // The request is no vote, so it needs not wait for the disk; our own vote
  // counts only once it is there (R-E2).
  electing.self_batch = turn.persist(VoteRecord{name(), mine, turn.process.self});
  each_vigil_up(turn, [&](const NodeId& id) {
    turn.act(SendPeer{id, VoteRequest{name(), mine, config_epoch_, master_->at, forced, electing.round}});
  });
  each_stock_up(turn, [&](const NodeId& id) {  // R-M4
    turn.act(AskStockView{id, name(), electing.round, master_->told(), mine, turn.process.self});
  });
  step_ = std::move(electing);
  emit(turn, "+new-epoch", Level::Warning, std::to_string(mine.value));
  emit(turn, "+try-failover", Level::Warning, prefix(*master_));
  emit(turn, "+vote-for-leader", Level::Warning, turn.process.self.value + ' ' + std::to_string(mine.value));
}

// --- Voting (R-E1, R-E2, R-E5).

bool Group::master_healthy(const Turn& turn) const {
  // R-L20: that a process answers where our master was does not make it our master.
  if (guards_reboots() && (!master_->identified || reborn_)) return false;
  return !master_->s_down && master_->connected && master_->liveness.healthy(turn.ear());
}

std::optional<VoteRefusal> Group::refuses_vote(const Turn& turn, const NodeId& from, const VoteRequest& request) const {
  if (!turn.store_healthy) return VoteRefusal::StoreUnavailable;    // R-E7
  if (!is_member(turn.peers, from)) return VoteRefusal::NotMember;  // R-E3
  if (request.config_epoch < config_epoch_) return VoteRefusal::StaleConfig;
  if (request.epoch.value > epoch().value + kEpochStepMax) return VoteRefusal::StaleEpoch;  // R-C4
  if (const auto refusal = ballot_.refuses(turn.now, from, request.epoch)) return refusal;
  const bool given = ballot_.voted_epoch() == request.epoch;  // Then it is repeatable.
  // A name of which we know nothing may be our master's.
  const bool ours = master_->is_at(request.master) || names_.address_of(request.master.host).empty();
  if (!given && !request.forced && ours && (master_healthy(turn) || evidence_of_life(turn)))
    return VoteRefusal::MasterHealthy;
  return std::nullopt;
}

void Group::on_message(Turn& turn, const NodeId& from, const VoteRequest& request) {
  const auto refusal = refuses_vote(turn, from, request);
  VoteReply reply{name(), request.epoch, request.round, refusal.value_or(VoteRefusal::None), {}, {}};
  if (refusal) {
    reply.voted_for = ballot_.voted_for();
    reply.seen_epoch = epoch();
    turn.act(SendPeer{from, reply});
    if (*refusal == VoteRefusal::StaleConfig) send_config(turn, from);
    return;
  }
  if (ballot_.grant(turn.now, from, request.epoch)) {
    turn.persist(VoteRecord{name(), request.epoch, from});
    emit(turn, "+new-epoch", Level::Warning, std::to_string(request.epoch.value));
    emit(turn, "+vote-for-leader", Level::Warning, from.value + ' ' + std::to_string(request.epoch.value));
  }
  reply.voted_for = from;
  reply.seen_epoch = epoch();
  turn.act_after_persist(SendPeer{from, reply});  // R-E2: durable before it is told.
}

void Group::stock_vote(Turn& turn, const NodeId& candidate, Epoch wanted) {
  // R-M4: a Vigil sentinel asks on its own connection.
  if (const Peer* peer = turn.peers.find(candidate); peer == nullptr || peer->is(PeerKind::Vigil)) return;
  const VoteRequest request{name(), wanted, config_epoch_, master_->at, false, 0};
  if (refuses_vote(turn, candidate, request)) return;
  if (!ballot_.grant(turn.now, candidate, wanted)) return;
  turn.persist(VoteRecord{name(), wanted, candidate});
  emit(turn, "+new-epoch", Level::Warning, std::to_string(wanted.value));
  emit(turn, "+vote-for-leader", Level::Warning, candidate.value + ' ' + std::to_string(wanted.value));
}

// --- Counting.

void Group::on_message(Turn& turn, const NodeId& from, const VoteReply& reply) {
  if (!is_member(turn.peers, from)) return;
  if (reply.seen_epoch.value <= epoch().value + kEpochStepMax) peer_votes_[from] = {reply.voted_for, reply.seen_epoch};
  auto* electing = std::get_if<Electing>(&step_);
  if (electing == nullptr || reply.epoch != electing->epoch || reply.round != electing->round) return;
  if (reply.refusal == VoteRefusal::None) {
    electing->granted.insert(from);
    campaign_->lease.granted(from, electing->asked_at);  // R-E6: from before it was asked.
  } else {
    electing->refused.emplace(from, reply.refusal);
  }
}

void Group::count_votes(Turn& turn) {
  auto* electing = std::get_if<Electing>(&step_);
  if (electing == nullptr) return;
  const auto granted = static_cast<unsigned>(electing->granted.size()) + 1;
  if (granted >= votes_needed(turn) && electing->self_durable) return become_leader(turn);
  // R-E4: who isn't connected won't answer, so a split is noticed at once.
  unsigned pending = 0;
  const auto silent = [&](const NodeId& id) {
    if (!electing->granted.contains(id) && !electing->refused.contains(id)) ++pending;
  };
  each_vigil_up(turn, silent);
  each_stock_up(turn, silent);
  if (granted + pending < votes_needed(turn)) {
    std::string why;
    for (const auto& [id, refusal] : electing->refused) {
      if (!why.empty()) why += "; ";
      why += id.value.substr(0, 8) + ' ' + std::string(describe(refusal));
    }
    return lose_election(turn, why.empty() ? "too few members are connected" : why);
  }
  if (turn.now >= electing->deadline) lose_election(turn, "no majority answered in time");
}

void Group::lose_election(Turn& turn, const std::string& why) {
  ++attempts_;
  // R-E4: a split is retried at once, with chance between the candidates.
  const Millis pause = std::min(kRetryMax, kRetryBase * (1 << std::min(attempts_, 6U)));
  next_attempt_ = turn.now + pause / 2 + turn.rng.jitter(pause);
  // Voters who granted are free again, and so are we.
  abort(turn, "-failover-abort-not-elected", why);
}

void Group::become_leader(Turn& turn) {
  const Epoch mine = std::get<Electing>(step_).epoch;
  CHECK(ballot_.voted_epoch() == mine && ballot_.voted_for() == turn.process.self);
  CHECK(std::get<Electing>(step_).self_durable);
  campaign_->lease.granted(turn.process.self, std::get<Electing>(step_).asked_at);
  campaign_->next_renewal = std::get<Electing>(step_).asked_at + turn.process.lease_renew;
  mark(turn, "elected");
  emit(turn, "+elected-leader", Level::Warning, prefix(*master_));
  if (turn.simulated.after_election) turn.out.crash = true;
  become_refreshing(turn);
}

// --- The lease (R-E6).

bool Group::lease_valid(const Turn& turn) const {
  return campaign_ && turn.now < campaign_->lease.valid_until(authority_needed(turn));
}

void Group::renew_lease(Turn& turn) {
  if (!leading() || turn.now < campaign_->next_renewal) return;
  campaign_->next_renewal = turn.now + turn.process.lease_renew;
  const std::uint64_t round = turn.new_round();
  campaign_->renewals[round] = turn.now;
  if (campaign_->renewals.size() > 8) campaign_->renewals.erase(campaign_->renewals.begin());
  if (ballot_.renew(turn.now, turn.process.self, campaign_->epoch))
    campaign_->lease.granted(turn.process.self, turn.now);
  each_vigil_up(turn, [&](const NodeId& id) {
    turn.act(SendPeer{id, LeaseRequest{name(), campaign_->epoch, round, false}});
  });
  each_stock_up(turn, [&](const NodeId& id) {
    turn.act(AskStockView{id, name(), round, master_->told(), campaign_->epoch, turn.process.self});
  });
}

void Group::on_message(Turn& turn, const NodeId& from, const LeaseRequest& request) {
  if (request.release) return ballot_.release(from, request.epoch);
  const bool granted = ballot_.renew(turn.now, from, request.epoch);
  turn.act(SendPeer{from, LeaseReply{name(), request.epoch, request.round, granted}});
}

void Group::on_message(Turn& turn, const NodeId& from, const LeaseReply& reply) {
  if (!leading() || reply.epoch != campaign_->epoch || !reply.granted || !is_member(turn.peers, from)) return;
  const auto asked = campaign_->renewals.find(reply.round);
  if (asked != campaign_->renewals.end()) campaign_->lease.granted(from, asked->second);
}

}  // namespace sentinel
