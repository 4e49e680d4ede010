// SENTINEL EXPLAIN and SENTINEL TIMELINE: why a sentinel does what it does, and
// how a failover went. Vigil answers them; a stock sentinel does not know them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/resp_reply.h"
#include "common/result.h"
#include "sentinel/ctl/terminal.h"

namespace sentinel {

struct ExplanationView {
  std::string verdict;
  std::vector<std::pair<std::string, std::string>> findings;  // Topic, sentence; the decisive one first.
};

struct TimelineView {
  std::string group;
  std::uint64_t epoch = 0;
  std::string leader;
  std::string from;
  std::string to;
  std::string cause;
  std::string outcome;
  std::vector<std::pair<std::string, std::int64_t>>
      phases;  // ms since the old master's last sign of life; negative: never.
  std::vector<std::pair<std::string, std::string>> rejected;  // Replica, why it was not chosen.
};

// True if this error says that the command is not known, as from a stock sentinel.
bool is_unknown_command(const std::string& error);

Result<ExplanationView> decode_explanation(const Reply& reply);
Result<TimelineView> decode_timeline(const Reply& reply);

std::string render(const ExplanationView& explanation, const Style& style);

// A bar a phase, from the end of the phase before it to its own end. `width`
// is that of the longest bar, in characters.
std::string render(const TimelineView& timeline, const Style& style, std::size_t width);

nlohmann::ordered_json to_json(const ExplanationView& explanation);
nlohmann::ordered_json to_json(const TimelineView& timeline);

}  // namespace sentinel
