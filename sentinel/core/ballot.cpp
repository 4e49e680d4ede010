#include "sentinel/core/ballot.h"

#include <algorithm>

#include "common/check.h"

namespace sentinel {

void Ballot::restore(TimePoint now, Epoch epoch, NodeId voted_for) {
  epoch_ = std::max(epoch_, epoch);
  voted_epoch_ = epoch;
  voted_for_ = std::move(voted_for);
  if (!voted_for_.value.empty()) promised_until_ = now + lease_;
  last_word_ = now;
}

std::optional<VoteRefusal> Ballot::refuses(TimePoint now, const NodeId& candidate, Epoch epoch) const {
  if (epoch < epoch_) return VoteRefusal::StaleEpoch;
  if (epoch == voted_epoch_ && voted_for_ != candidate) return VoteRefusal::AlreadyVoted;  // R-E2
  if (promised_to_other(now, candidate)) return VoteRefusal::LeaseHeld;                    // R-E6
  return std::nullopt;
}

bool Ballot::grant(TimePoint now, const NodeId& candidate, Epoch epoch) {
  CHECK(!refuses(now, candidate, epoch));
  const bool is_new = voted_epoch_ != epoch;
  epoch_ = voted_epoch_ = epoch;
  voted_for_ = candidate;
  promised_until_ = now + lease_;
  last_word_ = now;
  released_ = false;
  return is_new;
}

bool Ballot::renew(TimePoint now, const NodeId& leader, Epoch epoch) {
  if (voted_epoch_ != epoch || voted_for_ != leader) return false;
  promised_until_ = now + lease_;
  last_word_ = now;
  return true;
}

void Ballot::release(const NodeId& leader, Epoch epoch) {
  if (voted_epoch_ != epoch || voted_for_ != leader) return;
  promised_until_ = TimePoint{};
  released_ = true;
}

bool Ballot::saw(Epoch epoch) {
  if (epoch <= epoch_) return false;
  epoch_ = epoch;
  return true;
}

}  // namespace sentinel
