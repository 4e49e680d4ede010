// What a drill measured, and whether it kept within its limits. Pure: events
// and times go in, numbers and sentences come out.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sentinel/ctl/event_feed.h"
#include "sentinel/ctl/exit_code.h"
#include "sentinel/ctl/ledger.h"
#include "sentinel/ctl/terminal.h"

namespace sentinel {

enum class Fault { Kill, Pause, Planned };
std::string_view describe(Fault fault);
std::optional<Fault> parse_fault(std::string_view text);  // What describe() writes.

struct DrillLimits {
  std::optional<Millis> outage_max;
  std::optional<std::uint64_t> lost_max;
  std::optional<Millis> detection_max;
};

// The first event of a step, counted from the fault.
struct Step {
  Millis after{0};
  std::string event;
  Endpoint sentinel;
};

struct DrillSteps {
  std::optional<Step> detection;  // +sdown of the master.
  std::optional<Step> agreement;  // +odown.
  std::optional<Step> election;   // +elected-leader.
  std::optional<Step> promotion;  // +promoted-slave or +switch-master.
};

struct DrillReport {
  std::string group;
  Fault fault = Fault::Kill;
  std::string target;  // "127.0.0.1:7001 (process 4711)".
  Endpoint old_master;
  std::optional<Endpoint> new_master;
  DrillSteps steps;
  std::size_t sentinels = 0;          // That were asked for the address all the time.
  std::size_t answers_changed = 0;    // And named the new master in the end.
  std::optional<Millis> last_answer;  // When the last of them did.
  std::optional<Millis>
      rejoined;  // The old master was a replica again, after it was resumed or, if planned, the command.
  bool expects_rejoin = false;
  Outage outage;
  unsigned writes_per_second = 0;
  std::optional<LossReport> loss;  // nullopt: the new master's data could not be read.
  std::chrono::steady_clock::time_point fault_at;
  bool was_interrupted = false;
  std::vector<std::string> notes;  // What the operator should know or do now.
};

// Finds the steps among the events of all sentinels that came after the fault.
DrillSteps find_steps(const std::vector<SeenEvent>& events, const std::string& group,
                      std::chrono::steady_clock::time_point fault_at);

// Every reason why the drill failed. Empty: it passed.
std::vector<std::string> failures(const DrillReport& report, const DrillLimits& limits);

std::string render(const DrillReport& report, const DrillLimits& limits, const Style& style);
nlohmann::ordered_json to_json(const DrillReport& report, const DrillLimits& limits);

}  // namespace sentinel
