#include "tests/sim/order_watch.h"

#include <fmt/format.h>

#include <algorithm>

namespace sentinel::sim {
namespace {

bool waits_for_others(const Coordinator& core, TimePoint now, const std::string& group) {
  const auto explanation = core.explain(now, group);
  return explanation && std::any_of(explanation->findings.begin(), explanation->findings.end(),
                                    [](const auto& finding) { return finding.first == "order"; });
}

}  // namespace

std::optional<std::string> OrderWatch::look(const Coordinator& core, TimePoint now, unsigned parallel_max,
                                            const std::vector<Event>& events) {
  if (parallel_max == 0) return std::nullopt;
  std::set<std::string> waiting;
  std::vector<std::string> running;
  for (const std::string& group : core.group_names()) {
    const auto status = core.status(now, group);
    // Who re-points replicas has promoted; an operator's does not ask.
    if (status->failover_in_progress && status->failover_state != "reconf_slaves" && !status->force_failover)
      running.push_back(group);
    if (status->o_down && waits_for_others(core, now, group)) waiting.insert(group);
  }
  const std::set<std::string> waited = std::exchange(waiting_, waiting);
  if (running.size() > parallel_max)
    return fmt::format("{} failovers run, {} may: {}", running.size(), parallel_max, fmt::join(running, ", "));
  for (const Event& event : events) {
    if (event.name == "+switch-master") in_vain_.erase(event.group);
    if (event.name.starts_with("-failover-abort")) in_vain_.insert(event.group);
  }
  for (const Event& event : events) {
    if (event.name != "+try-failover") continue;
    const auto stands = core.status(now, event.group);
    if (!stands || stands->force_failover) continue;
    for (const std::string& other : waiting) {
      const GroupSettings* settings = core.settings(other);
      if (!waited.contains(other) || in_vain_.contains(other) || settings->priority >= stands->settings.priority)
        continue;
      return fmt::format("{} of priority {} stands, {} of priority {} waited and still does", event.group,
                         stands->settings.priority, other, settings->priority);
    }
  }
  return std::nullopt;
}

}  // namespace sentinel::sim
