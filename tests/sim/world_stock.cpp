// When the stock sentinels of a mixed quorum have settled.
#include <fmt/core.h>

#include "tests/sim/world.h"

namespace sentinel::sim {

std::optional<std::string> World::stock_unconverged(std::size_t group, const Endpoint& master, Epoch epoch) const {
  for (const auto& sentinel : stock_) {
    const auto answer = sentinel->master_address(group_name(group));
    if (!answer) return "a stock sentinel is down";
    // Beyond Vigil's reach until the next failover; it warns (+config-conflict).
    if (sentinel->confused(group_name(group)) && sentinel->config_epoch(group_name(group)) == epoch) continue;
    if (*answer != master || sentinel->config_epoch(group_name(group)) != epoch)
      return fmt::format("a stock sentinel answers {} epoch {}, Vigil {} epoch {}", to_string(*answer),
                         sentinel->config_epoch(group_name(group)).value, to_string(master), epoch.value);
    if (sentinel->failover_runs(group_name(group))) return "a stock sentinel still runs a failover";
  }
  return std::nullopt;
}

}  // namespace sentinel::sim
