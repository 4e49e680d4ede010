// What must hold at every step of every run, whatever fails. The checker sees
// everything that leaves a Coordinator and everything that becomes durable, and
// keeps its own memory of it, which no simulated crash or planted bug touches.
//
// The first violation is kept; the run ends there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/coordinator.h"
#include "tests/sim/promises.h"

namespace sentinel::sim {

struct InvariantsSetup {
  std::vector<NodeId> sentinels;
  // Where the group's servers are, the initial master first.
  std::map<std::string, std::vector<Endpoint>> servers;
  // Majority and lease hold only where every sentinel knows all members.
  bool membership_is_fixed = true;
  Millis lease{0};  // What a promise is good for. Zero: promises are not judged.
};

// When something is decided: real time, and how fast the decider's clock runs.
struct Moment {
  TimePoint now;
  std::int64_t clock_ppm = 1'000'000;
};

struct Violation {
  std::string rule;
  std::string text;
};

class Invariants {
 public:
  explicit Invariants(InvariantsSetup setup) : setup_(std::move(setup)) {}

  // How many sentinels are a majority: the least of all lists of peers that are in force.
  void majority(std::size_t members) { majority_ = members; }

  // A record became durable at this sentinel.
  void durable(SentinelIndex self, const Record& record);

  // The core handed this action out (whether or not it must wait for the disk).
  void decided(SentinelIndex self, const Action& action, const Coordinator& core, const Endpoint& node,
               const std::string& group, Moment when);
  // A word to a peer, decided, not yet sent.
  void decided(SentinelIndex self, const SendPeer& word, Moment when);

  // A node of the group is found at another address from now on.
  void moved(const std::string& group, const Endpoint& at) { setup_.servers[group].push_back(at); }
  // An operator removed the group here: its configuration may start anew, its votes may not.
  void removed(SentinelIndex self, const std::string& group);

  // The action leaves the process.
  void performed(SentinelIndex self, const Action& action);

  // A stock sentinel is told this vote.
  void told_stock(SentinelIndex self, const std::string& group, Epoch epoch, const NodeId& candidate);

  // A stock sentinel has promoted that node and written it down.
  void stock_configured(const std::string& group, const Endpoint& master);

  // What clients would be told now.
  void answers(SentinelIndex self, const std::string& group, const Endpoint& master);
  // What `status` says of the configuration, across restarts.
  void config_epoch(SentinelIndex self, const std::string& group, Epoch epoch);

  // The driver stepped at this local time. Bounds the steps per moment.
  void stepped(SentinelIndex self, TimePoint local, bool timer);

  void fail(std::string rule, std::string text);
  const std::optional<Violation>& violation() const { return violation_; }

 private:
  using GroupEpoch = std::pair<std::string, Epoch>;
  void vote_durable(SentinelIndex self, const VoteRecord& vote);
  void config_durable(SentinelIndex self, const ConfigRecord& config);
  void check_vote(SentinelIndex self, const GroupEpoch& term, const NodeId& candidate);
  void leader_acts(SentinelIndex self, const std::string& group, const FailoverTimeline& timeline,
                   const std::string& what, TimePoint now);
  std::size_t votes_for(const GroupEpoch& term, const NodeId& candidate) const;

  InvariantsSetup setup_;
  std::size_t majority_ = 0;
  std::optional<Violation> violation_;

  std::map<GroupEpoch, std::map<SentinelIndex, NodeId>> votes_;  // Durable or sent.
  std::map<GroupEpoch, std::map<SentinelIndex, NodeId>> durable_votes_;
  std::map<std::pair<SentinelIndex, std::string>, Epoch> vote_epochs_;  // Highest durable.
  std::map<std::pair<SentinelIndex, std::string>, ConfigRecord> configs_;
  std::map<GroupEpoch, ConfigRecord> config_of_epoch_;
  std::set<std::pair<std::string, Endpoint>> of_stock_sentinels_;
  std::map<std::string, std::pair<Epoch, SentinelIndex>> last_leader_;  // Who acted last.
  std::map<std::pair<SentinelIndex, std::string>, Epoch> shown_epochs_;
  std::set<GroupEpoch> promoted_;
  Promises promises_;
  struct Pace {
    TimePoint moment{};
    unsigned timers = 0;
    TimePoint second{};
    unsigned steps = 0;
  };
  std::map<SentinelIndex, Pace> pace_;
};

}  // namespace sentinel::sim
