// A failover as a simulated stock sentinel leads it: votes, choice, promotion, re-pointing, one step a tick.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "tests/sim/stock_sentinel.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kElectionMax = 10s;
constexpr Millis kCommandTimeout = 60s;  // It never looks at the answer.

}  // namespace

void StockSentinel::change(Group& group, Step step) {
  group.step = step;
  group.changed = now();
}

void StockSentinel::abort(Group& group, const std::string& event) {
  say(event, group.settings.name);
  group.step = Step::None;
  group.promoted = Endpoint{};
}

void StockSentinel::run_failover(Group& group) {
  switch (group.step) {
    case Step::None: return;
    case Step::WaitStart: return count_votes(group);
    case Step::SelectReplica: return select_replica(group);
    case Step::WaitPromotion:
      if (now() - group.changed > group.settings.failover_timeout) abort(group, "-failover-abort-slave-timeout");
      return;
    case Step::Reconfigure: return reconfigure(group);
  }
}

void StockSentinel::count_votes(Group& group) {
  std::map<NodeId, unsigned> tally;
  for (const auto& [id, sentinel] : group.sentinels)
    if (!sentinel.leader.value.empty() && sentinel.leader_epoch == current_epoch_) ++tally[sentinel.leader];
  const auto front =
      std::max_element(tally.begin(), tally.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const NodeId mine = vote(group, group.failover_epoch, front == tally.end() ? port_->id : front->first);
  if (!mine.value.empty() && group.leader_epoch == group.failover_epoch) ++tally[mine];
  const std::size_t members = group.sentinels.size() + 1;
  const unsigned needed = std::max<unsigned>(static_cast<unsigned>(members / 2 + 1), group.settings.quorum);
  if (tally[port_->id] >= needed) {
    say("+elected-leader", fmt::format("{} epoch {}", group.settings.name, group.failover_epoch.value));
    return change(group, Step::SelectReplica);
  }
  if (now() - group.started > std::min(kElectionMax, group.settings.failover_timeout))
    abort(group, "-failover-abort-not-elected");
}

void StockSentinel::select_replica(Group& group) {
  Node* best = nullptr;
  Endpoint best_at;
  for (auto& [at, node] : group.nodes) {
    if (at == group.master || !node.up || node.down || now() - node.last_ok > 5s || node.info.priority == 0) continue;
    if (now() - node.info_at > 5s || node.info.role != NodeRole::Replica) continue;
    if (node.info.master_link_down > now() - group.nodes.at(group.master).down_since + group.settings.down_after * 10)
      continue;
    const auto key = [](const Node& each) {
      return std::pair(each.info.priority, UINT64_MAX - each.info.replica_offset);
    };
    if (best == nullptr || key(node) < key(*best)) {
      best = &node;
      best_at = at;
    }
  }
  if (best == nullptr) return abort(group, "-failover-abort-no-good-slave");
  group.promoted = best_at;
  say("+selected-slave", to_string(best_at));
  best->link->promote(Promote{LinkId{0}, Token{++last_token_}, kCommandTimeout, std::nullopt});
  change(group, Step::WaitPromotion);
}

void StockSentinel::reconfigure(Group& group) {
  bool all_done = true;
  unsigned busy = 0;
  const auto follows = [&](const Node& node) {
    return node.info.role == NodeRole::Replica && node.info.master == group.promoted && node.info.master_link_up;
  };
  for (const auto& [at, node] : group.nodes)
    if (node.told_to_follow && !follows(node)) ++busy;
  for (auto& [at, node] : group.nodes) {
    if (at == group.promoted || at == group.master || follows(node) || node.down) continue;
    all_done = false;
    if (node.told_to_follow || !node.up || busy >= group.settings.parallel_syncs) continue;
    node.told_to_follow = true;
    ++busy;
    repoint(node, group.promoted);
  }
  if (!all_done && now() - group.changed <= group.settings.failover_timeout) return;
  say("+switch-master", fmt::format("{} to {}", group.settings.name, to_string(group.promoted)));
  if (group.config_epoch != group.failover_epoch) say("confused", group.settings.name);
  group.confused = group.config_epoch != group.failover_epoch;
  switch_to(group, group.promoted);
}

void StockSentinel::switch_to(Group& group, const Endpoint& master) {
  std::set<Endpoint> known;
  for (auto& [at, node] : group.nodes) {
    known.insert(at);
    if (node.link) node.link->close();
  }
  known.insert(master);
  group.nodes.clear();
  group.master = master;
  group.leader = NodeId{};
  group.step = Step::None;
  group.promoted = Endpoint{};
  group.started = TimePoint{};
  group.o_down = false;
  for (const Endpoint& at : known) watch(group, at);
}

}  // namespace sentinel::sim
