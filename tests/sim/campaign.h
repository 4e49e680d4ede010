// Many seeds, added up: what happened in all of them, and whether that was
// enough to prove anything.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace sentinel::sim {

struct Totals {
  std::uint64_t runs = 0;
  std::uint64_t handled = 0;
  Millis virtual_time{0};
  std::uint64_t acknowledged = 0;
  std::uint64_t alerts_delivered = 0;
  std::uint64_t alerts_repeated = 0;
  std::uint64_t alerts_dead = 0;
  std::uint64_t lost = 0;
  Millis loss_span_max{0};
  std::uint64_t mixed = 0;  // Runs with stock sentinels.
  Millis settled_max{0};
  std::map<std::string, std::uint64_t> events;
  std::map<FaultKind, std::uint64_t> requested;
  std::map<FaultKind, std::uint64_t> happened;

  void add(const Report& report);
  std::uint64_t event(const std::string& name) const;
  // Why these runs prove nothing: a kind of fault that was asked for never
  // happened, or nobody was ever elected. Empty: they do.
  std::vector<std::string> gaps() const;
};

std::string to_string(const Totals& totals);

// Runs every seed of [from, from + count), `jobs` at a time. `done` is called
// for each, one at a time, in no particular order; false stops the rest.
void run_seeds(std::uint64_t from, std::uint64_t count, unsigned jobs,
               const std::function<WorldSettings(std::uint64_t)>& settings_of,
               const std::function<bool(const WorldSettings&, const Report&)>& done);

// The seed, its parameters, its faults and the last events, for a person.
std::string explain(const WorldSettings& settings, const Report& report);

}  // namespace sentinel::sim
