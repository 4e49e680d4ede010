// Ballot is the voter's side of one group's elections: what it has promised.
//
// Two promises: one vote per epoch (R-E2), kept for ever, hence durable before
// it is told; and the lease (R-E6): no vote for anyone else while the leader
// voted for may still act. The lease lives in memory, so a restart assumes the
// worst: whatever vote it finds may have been promised a moment ago.
//
//   if (auto refusal = ballot.refuses(now, candidate, epoch)) return *refusal;
//   ballot.grant(now, candidate, epoch);   // Then persist record(), then answer.
#pragma once

#include <optional>

#include "common/ids.h"
#include "common/time.h"
#include "sentinel/core/peer_message.h"

namespace sentinel {

class Ballot {
 public:
  explicit Ballot(Millis lease) : lease_(lease) {}

  // After a restart: the vote found on disk holds its lease from now on.
  void restore(TimePoint now, Epoch epoch, NodeId voted_for);

  // Why no vote may be given, of the reasons that the ballot knows.
  std::optional<VoteRefusal> refuses(TimePoint now, const NodeId& candidate, Epoch epoch) const;

  // REQUIRES: refuses(now, candidate, epoch) is nullopt. Returns true if the
  // vote is new and must be made durable before the answer.
  bool grant(TimePoint now, const NodeId& candidate, Epoch epoch);

  // A renewal by the leader of `epoch`. False if the vote was not given to it.
  bool renew(TimePoint now, const NodeId& leader, Epoch epoch);
  void release(const NodeId& leader, Epoch epoch);

  // Raises the highest epoch seen. Returns true if it was lower.
  bool saw(Epoch epoch);

  Epoch epoch() const { return epoch_; }  // Highest seen.
  Epoch voted_epoch() const { return voted_epoch_; }
  const NodeId& voted_for() const { return voted_for_; }
  // Whether somebody other than `self` holds the promise.
  bool promised_to_other(TimePoint now, const NodeId& self) const {
    return now < promised_until_ && !voted_for_.value.empty() && voted_for_ != self;
  }
  TimePoint promised_until() const { return promised_until_; }
  TimePoint last_word() const { return last_word_; }  // Of the vote or its last renewal.
  // Whether the leader voted for may have committed something that we have not
  // heard of: it has neither told a configuration of its epoch nor released us.
  // After `patience` since its last word we go on without it.
  bool unresolved(TimePoint now, Epoch config_epoch, Millis patience) const {
    return voted_epoch_ > config_epoch && !released_ && now < last_word_ + patience;
  }

 private:
  Millis lease_;
  Epoch epoch_;
  Epoch voted_epoch_;
  NodeId voted_for_;
  TimePoint promised_until_{};
  TimePoint last_word_{};  // Vote, renewal, or our restart.
  bool released_ = false;
};

}  // namespace sentinel
