#include "tests/sim/shrink.h"

#include <algorithm>

namespace sentinel::sim {
namespace {

bool fails(const WorldSettings& settings, const std::string& rule, Report& report) {
  World world(settings);
  Report again = world.run();
  if (!again.failure || again.failure->rule != rule) return false;
  report = std::move(again);
  return true;
}

}  // namespace

Shrunk shrink(WorldSettings settings, const std::string& rule, std::vector<Fault> faults, std::size_t runs_max) {
  Shrunk shrunk;
  settings.faults = std::move(faults);
  shrunk.settings = settings;
  fails(settings, rule, shrunk.report);
  // Zeller's delta debugging, without its search of subsets: complements are enough here.
  for (std::size_t piece = std::max<std::size_t>(1, settings.faults->size() / 2); piece > 0;) {
    bool smaller = false;
    for (std::size_t at = 0; at < shrunk.settings.faults->size() && shrunk.runs < runs_max;) {
      WorldSettings without = shrunk.settings;
      const auto from = without.faults->begin() + static_cast<std::ptrdiff_t>(at);
      const auto until = from + static_cast<std::ptrdiff_t>(std::min(piece, without.faults->size() - at));
      without.faults->erase(from, until);
      ++shrunk.runs;
      if (fails(without, rule, shrunk.report)) {
        shrunk.settings = std::move(without);
        smaller = true;
      } else {
        at += piece;
      }
    }
    if (shrunk.runs >= runs_max) break;
    if (piece == 1 && !smaller) break;
    piece = piece > 1 ? piece / 2 : 1;
  }
  return shrunk;
}

}  // namespace sentinel::sim
