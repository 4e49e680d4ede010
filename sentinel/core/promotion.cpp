#include "sentinel/core/promotion.h"

#include <tuple>

#include "common/check.h"

namespace sentinel {

std::string_view describe(Ineligible reason) {
  switch (reason) {
    case Ineligible::Foreign: return "belongs to another deployment";
    case Ineligible::Unreachable: return "is not reachable";
    case Ineligible::Stale: return "did not answer INFO in time";
    case Ineligible::PriorityZero: return "has priority 0";
    case Ineligible::Loading: return "is loading its data";
    case Ineligible::Syncing: return "is in the middle of a full sync";
    case Ineligible::OtherMaster: return "is a master with another history";
    case Ineligible::LinkDownTooLong: return "lost its master too long ago";
    case Ineligible::Refused: return "refused to be promoted";
  }
  UNREACHABLE();
}

std::optional<Ineligible> ineligible(const ReplicaView& replica, Millis link_down_max) {
  if (replica.foreign) return Ineligible::Foreign;
  if (!replica.refused.empty()) return Ineligible::Refused;
  if (!replica.reachable) return Ineligible::Unreachable;
  if (!replica.fresh) return Ineligible::Stale;
  if (replica.priority == 0) return Ineligible::PriorityZero;
  if (replica.loading) return Ineligible::Loading;
  if (replica.syncing) return Ineligible::Syncing;
  if (replica.is_master && !replica.same_history) return Ineligible::OtherMaster;
  if (!replica.is_master && replica.master_link_down > link_down_max) return Ineligible::LinkDownTooLong;
  return std::nullopt;
}

const ReplicaView* choose(const std::vector<ReplicaView>& replicas, Millis link_down_max) {
  const auto order = [](const ReplicaView& r) {
    return std::tuple(!r.same_history, r.priority, UINT64_MAX - r.offset, std::string_view(r.run_id), r.at);
  };
  const ReplicaView* best = nullptr;
  for (const ReplicaView& replica : replicas) {
    if (ineligible(replica, link_down_max)) continue;
    if (best == nullptr || order(replica) < order(*best)) best = &replica;
  }
  return best;
}

}  // namespace sentinel
