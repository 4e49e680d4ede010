// What the sentinels have promised each other, as an onlooker who hears every
// word counts it: votes and leases (R-E2, R-E6), releases, and which
// configuration a candidate knew (R-C3 of the safety argument).
//
// Times are real ones: a promise of a voter whose clock is fast ends early.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "common/ids.h"
#include "common/time.h"

namespace sentinel::sim {

using SentinelIndex = std::size_t;

// A leader or candidate of one election.
struct Candidacy {
  std::string group;
  Epoch epoch;
  NodeId candidate;
  auto operator<=>(const Candidacy&) const = default;
};

class Promises {
 public:
  // The candidate asked for votes, knowing configurations up to `known`.
  void asked(const Candidacy& by, Epoch known) { known_[by] = known; }
  std::optional<Epoch> known(const Candidacy& by) const;

  // The voter decided to vote, or to renew; a vote binds once it was told.
  void decided(SentinelIndex voter, const Candidacy& for_whom, TimePoint until) { decided_[{voter, for_whom}] = until; }
  void told(SentinelIndex voter, const Candidacy& for_whom);
  void renewed(SentinelIndex voter, const Candidacy& for_whom, TimePoint until);

  // The leader said that it has finished.
  void released(const Candidacy& by) { released_.insert(by); }
  bool is_released(const Candidacy& by) const { return released_.contains(by); }

  // Whom else this voter is bound to now.
  std::optional<Candidacy> bound_to_other(SentinelIndex voter, const Candidacy& than, TimePoint now) const;
  // How many voters are bound to this leader now.
  std::size_t bound_to(const Candidacy& leader, TimePoint now) const;

 private:
  struct Promise {
    Candidacy to;
    TimePoint until;
  };
  std::map<Candidacy, Epoch> known_;
  std::map<std::pair<SentinelIndex, Candidacy>, TimePoint> decided_;
  std::map<std::pair<SentinelIndex, std::string>, Promise> promises_;
  std::set<Candidacy> released_;
};

}  // namespace sentinel::sim
