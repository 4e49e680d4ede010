#include "tests/sim/invariants.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/overloaded.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kTimersPerMomentMax = 200;  // Then the core asks to be woken for nothing.
constexpr unsigned kStepsPerSecondMax = 20000;

std::string brief(const NodeId& id) { return id.value.empty() ? "nobody" : id.value.substr(0, 8); }

}  // namespace

void Invariants::fail(std::string rule, std::string text) {
  if (!violation_) violation_ = Violation{std::move(rule), std::move(text)};
}

void Invariants::durable(SentinelIndex self, const Record& record) {
  std::visit(overloaded{
                 [&](const VoteRecord& vote) { vote_durable(self, vote); },
                 [&](const ConfigRecord& config) { config_durable(self, config); },
                 [](const ReplicaRecord&) {},
                 [](const PeerRecord&) {},
                 [](const GroupRecord&) {},
                 [](const FailoverRecord&) {},
             },
             record);
}

// One vote a group and epoch, whatever crashes in between.
void Invariants::check_vote(SentinelIndex self, const GroupEpoch& term, const NodeId& candidate) {
  const auto [earlier, first] = votes_[term].try_emplace(self, candidate);
  if (first || earlier->second == candidate) return;
  fail("one vote per group and epoch",
       fmt::format("s{} voted for {} and for {} in {} epoch {}", self, brief(earlier->second), brief(candidate),
                   term.first, term.second.value));
}

void Invariants::vote_durable(SentinelIndex self, const VoteRecord& vote) {
  Epoch& highest = vote_epochs_[{self, vote.group}];
  if (vote.epoch < highest) {
    fail("epochs only grow",
         fmt::format("s{} wrote {} epoch {} after {}", self, vote.group, vote.epoch.value, highest.value));
  }
  const GroupEpoch term{vote.group, vote.epoch};
  // The newest record replaces the older: without its candidate the vote would be forgotten.
  if (vote.candidate.value.empty() && durable_votes_[term].contains(self)) {
    fail("one vote per group and epoch",
         fmt::format("s{} overwrote its vote in {} epoch {} with none", self, vote.group, vote.epoch.value));
  }
  highest = std::max(highest, vote.epoch);
  if (vote.candidate.value.empty()) return;
  check_vote(self, term, vote.candidate);
  durable_votes_[term][self] = vote.candidate;
}

// One configuration a group and epoch; won by an election; never going back.
void Invariants::config_durable(SentinelIndex self, const ConfigRecord& config) {
  const auto earlier = configs_.find({self, config.group});
  if (earlier != configs_.end() && config.epoch < earlier->second.epoch) {
    fail("configuration epochs only grow", fmt::format("s{} wrote {} configuration {} after {}", self, config.group,
                                                       config.epoch.value, earlier->second.epoch.value));
  }
  configs_[{self, config.group}] = config;
  const GroupEpoch term{config.group, config.epoch};
  const auto [agreed, first] = config_of_epoch_.try_emplace(term, config);
  if (!first && agreed->second.master != config.master) {
    fail("one configuration per group and epoch",
         fmt::format("s{} wrote {} epoch {} master {}, but {} was written before", self, config.group,
                     config.epoch.value, to_string(config.master), to_string(agreed->second.master)));
  }
  const auto& servers = setup_.servers.at(config.group);
  if (std::find(servers.begin(), servers.end(), config.master) == servers.end()) {
    fail("a master is a node of its group",
         fmt::format("s{} wrote {} master {}", self, config.group, to_string(config.master)));
  }
  if (config.master == servers.front() && config.leader.value.empty()) return;
  if (setup_.membership_is_fixed && !promoted_.contains(term)) {
    fail("a configuration is won by an election",
         fmt::format("s{} wrote {} epoch {} master {} (leader {}), but nobody promoted in that epoch", self,
                     config.group, config.epoch.value, to_string(config.master), brief(config.leader)));
  }
}

std::size_t Invariants::votes_for(const GroupEpoch& term, const NodeId& candidate) const {
  const auto votes = durable_votes_.find(term);
  if (votes == durable_votes_.end()) return 0;
  return static_cast<std::size_t>(std::count_if(votes->second.begin(), votes->second.end(),
                                                [&](const auto& vote) { return vote.second == candidate; }));
}

void Invariants::leader_acts(SentinelIndex self, const std::string& group, const FailoverTimeline& timeline,
                             const std::string& what, TimePoint now) {
  const std::size_t votes = votes_for({group, timeline.epoch}, setup_.sentinels[self]);
  if (!setup_.membership_is_fixed) return;
  if (votes < majority_) {
    fail("a leader has the votes of a majority",
         fmt::format("s{} does {} in {} epoch {} with {} durable votes, {} are needed", self, what, group,
                     timeline.epoch.value, votes, majority_));
  }
  const Candidacy self_leads{group, timeline.epoch, setup_.sentinels[self]};
  if (promises_.is_released(self_leads)) {
    fail("a leader that released its voters acts no more",
         fmt::format("s{} does {} in {} epoch {}", self, what, group, timeline.epoch.value));
  }
  const std::size_t bound = promises_.bound_to(self_leads, now) + 1;
  if (setup_.lease > 0ms && bound < majority_) {
    fail("a leader acts on a majority's promises",
         fmt::format("s{} does {} in {} epoch {} while {} are bound to it, {} are needed", self, what, group,
                     timeline.epoch.value, bound, majority_));
  }
  auto& [epoch, leader] = last_leader_[group];
  if (timeline.epoch < epoch) {
    fail("one leader acts at a time", fmt::format("s{} does {} in {} epoch {} after s{} acted in epoch {}", self, what,
                                                  group, timeline.epoch.value, leader, epoch.value));
  }
  if (timeline.epoch == epoch && leader != self) {
    fail("one leader an epoch", fmt::format("s{} and s{} act in {} epoch {}", self, leader, group, epoch.value));
  }
  epoch = timeline.epoch;
  leader = self;
}

void Invariants::decided(SentinelIndex self, const Action& action, const Coordinator& core, const Endpoint& node,
                         const std::string& group, Moment when) {
  const FailoverTimeline* timeline = core.timeline(group);
  const bool leads = timeline && timeline->leader == setup_.sentinels[self] &&
                     (timeline->outcome == "running" || timeline->outcome == "promoted");
  if (std::holds_alternative<Promote>(action)) {
    const std::string what = "promote " + to_string(node);
    if (!leads) return fail("only a leader promotes", fmt::format("s{} does {} in {}", self, what, group));
    promoted_.insert({group, timeline->epoch});
    leader_acts(self, group, *timeline, what, when.now);
  }
  if (const auto* repoint = std::get_if<Repoint>(&action)) {
    const auto& servers = setup_.servers.at(group);
    const std::string what = fmt::format("repoint {} to {}", to_string(node), to_string(repoint->master));
    if (std::find(servers.begin(), servers.end(), repoint->master) == servers.end() || node == repoint->master) {
      fail("a node follows a node of its group", fmt::format("s{} does {} in {}", self, what, group));
    }
    if (leads) leader_acts(self, group, *timeline, what, when.now);
  }
}

// Votes and leases: who is bound to whom, and until when.
void Invariants::decided(SentinelIndex self, const SendPeer& word, Moment when) {
  const NodeId& id = setup_.sentinels[self];
  const TimePoint until = when.now + Millis(setup_.lease.count() * 1'000'000 / when.clock_ppm);
  if (const auto* request = std::get_if<VoteRequest>(&word.message)) {
    promises_.asked({request->group, request->epoch, id}, request->config_epoch);
  }
  if (const auto* request = std::get_if<LeaseRequest>(&word.message); request && request->release) {
    promises_.released({request->group, request->epoch, id});
  }
  if (const auto* reply = std::get_if<LeaseReply>(&word.message); reply && reply->granted) {
    promises_.renewed(self, {reply->group, reply->epoch, word.to}, until);
  }
  const auto* vote = std::get_if<VoteReply>(&word.message);
  if (!vote || vote->refusal != VoteRefusal::None) return;
  const Candidacy candidacy{vote->group, vote->epoch, word.to};
  promises_.decided(self, candidacy, until);
  if (!setup_.membership_is_fixed) return;
  if (const auto other = promises_.bound_to_other(self, candidacy, when.now); other && other->candidate != id) {
    fail("a promise is kept",
         fmt::format("s{} votes for {} in {} epoch {} while bound to {} of epoch {}", self, brief(word.to), vote->group,
                     vote->epoch.value, brief(other->candidate), other->epoch.value));
  }
  const auto config = configs_.find({self, vote->group});
  const auto known = promises_.known(candidacy);
  if (config != configs_.end() && known && config->second.epoch > *known) {
    fail("a candidate knows the voter's configuration",
         fmt::format("s{} has {} configuration {} and votes for {}, which knows {}", self, vote->group,
                     config->second.epoch.value, brief(word.to), known->value));
  }
}

void Invariants::removed(SentinelIndex self, const std::string& group) {
  configs_.erase({self, group});
  shown_epochs_.erase({self, group});
}

void Invariants::performed(SentinelIndex self, const Action& action) {
  const auto* sent = std::get_if<SendPeer>(&action);
  const auto* reply = sent ? std::get_if<VoteReply>(&sent->message) : nullptr;
  if (!reply || reply->refusal != VoteRefusal::None) return;
  const GroupEpoch term{reply->group, reply->epoch};
  check_vote(self, term, sent->to);
  promises_.told(self, {reply->group, reply->epoch, sent->to});
  const auto& durable = durable_votes_[term];
  const auto vote = durable.find(self);
  if (vote == durable.end() || vote->second != sent->to) {
    fail("a vote is durable before it is granted", fmt::format("s{} grants {} epoch {} to {}, not on disk", self,
                                                               reply->group, reply->epoch.value, brief(sent->to)));
  }
}

void Invariants::told_stock(SentinelIndex self, const std::string& group, Epoch epoch, const NodeId& candidate) {
  const GroupEpoch term{group, epoch};
  check_vote(self, term, candidate);
  const auto& durable = durable_votes_[term];
  const auto vote = durable.find(self);
  if (vote == durable.end() || vote->second != candidate) {
    fail("a vote is durable before it is granted",
         fmt::format("s{} tells a stock sentinel its vote in {} epoch {} for {}, not on disk", self, group, epoch.value,
                     brief(candidate)));
  }
}

void Invariants::stock_configured(const std::string& group, const Endpoint& master) {
  of_stock_sentinels_.emplace(group, master);
}

// A sentinel whose disk refuses follows what others committed: R-E7. Somebody must have it on disk.
void Invariants::answers(SentinelIndex self, const std::string& group, const Endpoint& master) {
  if (master == setup_.servers.at(group).front()) return;
  const bool committed = std::any_of(config_of_epoch_.begin(), config_of_epoch_.end(), [&](const auto& each) {
    return each.first.first == group && each.second.master == master;
  });
  if (committed || of_stock_sentinels_.contains({group, master})) return;
  fail("clients are told what was committed",
       fmt::format("s{} answers {} for {}, which nobody has on disk", self, to_string(master), group));
}

void Invariants::config_epoch(SentinelIndex self, const std::string& group, Epoch epoch) {
  Epoch& shown = shown_epochs_[{self, group}];
  if (epoch < shown) {
    fail("a durable configuration shown never goes back",
         fmt::format("s{} shows {} epoch {} after {}", self, group, epoch.value, shown.value));
  }
  const auto config = configs_.find({self, group});
  if (config != configs_.end() && config->second.epoch >= epoch) shown = epoch;
}

void Invariants::stepped(SentinelIndex self, TimePoint local, bool timer) {
  Pace& pace = pace_[self];
  if (pace.moment != local) {
    pace.moment = local;
    pace.timers = 0;
  }
  if (local - pace.second >= 1s || local < pace.second) {  // A restart may set the clock back.
    pace.second = local;
    pace.steps = 0;
  }
  if (timer && ++pace.timers > kTimersPerMomentMax) {
    fail("a deadline that passed makes progress",
         fmt::format("s{} wakes over and over at {} ms", self, local.time_since_epoch().count()));
  }
  if (++pace.steps > kStepsPerSecondMax) {
    fail("work a second is bounded", fmt::format("s{} stepped {} times within a second", self, pace.steps));
  }
}

}  // namespace sentinel::sim
