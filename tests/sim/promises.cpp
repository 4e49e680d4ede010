#include "tests/sim/promises.h"

#include <algorithm>

namespace sentinel::sim {

std::optional<Epoch> Promises::known(const Candidacy& by) const {
  const auto found = known_.find(by);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void Promises::told(SentinelIndex voter, const Candidacy& for_whom) {
  const auto found = decided_.find({voter, for_whom});
  if (found != decided_.end()) renewed(voter, for_whom, found->second);
}

void Promises::renewed(SentinelIndex voter, const Candidacy& for_whom, TimePoint until) {
  const auto [entry, first] = promises_.try_emplace({voter, for_whom.group}, Promise{for_whom, until});
  Promise& promise = entry->second;
  if (first) return;
  if (promise.to == for_whom) {
    promise.until = std::max(promise.until, until);
  } else if (promise.to.epoch < for_whom.epoch) {  // A vote that waited for the disk may be told late.
    promise = {for_whom, until};
  }
}

std::optional<Candidacy> Promises::bound_to_other(SentinelIndex voter, const Candidacy& than, TimePoint now) const {
  const auto found = promises_.find({voter, than.group});
  if (found == promises_.end()) return std::nullopt;
  const Promise& promise = found->second;
  if (promise.to.candidate == than.candidate || now >= promise.until || is_released(promise.to)) return std::nullopt;
  return promise.to;
}

std::size_t Promises::bound_to(const Candidacy& leader, TimePoint now) const {
  return static_cast<std::size_t>(std::count_if(promises_.begin(), promises_.end(), [&](const auto& each) {
    return each.second.to == leader && now < each.second.until;
  }));
}

}  // namespace sentinel::sim
