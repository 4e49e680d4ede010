#include "sentinel/ctl/ledger.h"

#include <unordered_map>
#include <unordered_set>

namespace sentinel {

LossReport compare(const Ledger& ledger, const std::vector<std::uint64_t>& present) {
  LossReport report;
  report.acknowledged = ledger.size();
  std::unordered_map<std::uint64_t, std::uint64_t> copies;
  for (const std::uint64_t id : present) ++copies[id];
  std::unordered_set<std::uint64_t> acknowledged;
  for (const Acknowledged& entry : ledger) {
    acknowledged.insert(entry.id);
    if (!copies.contains(entry.id)) report.lost.push_back(entry);
  }
  for (const auto& [id, count] : copies) {
    if (!acknowledged.contains(id)) ++report.unacknowledged_there;
    report.repeated += count - 1;
  }
  return report;
}

Outage longest_outage(const Ledger& ledger, std::chrono::steady_clock::time_point from,
                      std::chrono::steady_clock::time_point until) {
  Outage longest;
  const auto consider = [&](auto begin, auto end, bool ended) {
    const auto length = std::chrono::duration_cast<Millis>(end - begin);
    if (end > from && length > longest.length) longest = {.begin = begin, .length = length, .ended = ended};
  };
  for (std::size_t i = 1; i < ledger.size(); ++i) consider(ledger[i - 1].at, ledger[i].at, true);
  if (!ledger.empty() && until > ledger.back().at) consider(ledger.back().at, until, false);
  return longest;
}

}  // namespace sentinel
