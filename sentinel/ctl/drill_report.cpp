#include "sentinel/ctl/drill_report.h"

#include <fmt/core.h>

namespace sentinel {

namespace {

using Json = nlohmann::ordered_json;

Millis since(std::chrono::steady_clock::time_point at, std::chrono::steady_clock::time_point from) {
  return std::chrono::duration_cast<Millis>(at - from);
}

// Limits are given in milliseconds, so the report stays in them.
std::string exact(Millis duration) { return fmt::format("{} ms", duration.count()); }

std::string row(std::string_view what, std::string_view value, std::string_view detail, const Style& style) {
  return fmt::format("  {:<28}{:>10}  {}\n", what, value, style.faint(detail));
}

std::string step_row(std::string_view what, const std::optional<Step>& step, Fault fault, const Style& style) {
  if (step) {
    return row(what, exact(step->after), fmt::format("{} from sentinel {}", step->event, to_string(step->sentinel)),
               style);
  }
  return row(what, "-", fault == Fault::Planned ? "not part of a planned failover" : "not seen", style);
}

std::string outage_text(const DrillReport& report) {
  return (report.outage.ended ? "" : ">= ") + exact(report.outage.length);
}

std::string loss_detail(const DrillReport& report) {
  const auto& lost = report.loss->lost;
  if (lost.empty()) return "every acknowledged write is on the new master";
  return fmt::format("acknowledged by {} from {} ms to {} ms after the fault", to_string(lost.front().node),
                     since(lost.front().at, report.fault_at).count(), since(lost.back().at, report.fault_at).count());
}

Json step_json(const std::optional<Step>& step) {
  if (!step) return nullptr;
  return {{"ms", step->after.count()}, {"event", step->event}, {"sentinel", to_string(step->sentinel)}};
}

Json millis_json(const std::optional<Millis>& value) { return value ? Json(value->count()) : Json(nullptr); }

}  // namespace

std::string_view describe(Fault fault) {
  switch (fault) {
    case Fault::Kill: return "kill";
    case Fault::Pause: return "pause";
    case Fault::Planned: return "planned";
  }
  return "?";
}

std::optional<Fault> parse_fault(std::string_view text) {
  for (const Fault fault : {Fault::Kill, Fault::Pause, Fault::Planned}) {
    if (text == describe(fault)) return fault;
  }
  return std::nullopt;
}

DrillSteps find_steps(const std::vector<SeenEvent>& events, const std::string& group,
                      std::chrono::steady_clock::time_point fault_at) {
  DrillSteps steps;
  const auto first = [&](std::optional<Step>& step, const SeenEvent& event) {
    const Millis after = since(event.at, fault_at);
    if (!step || after < step->after) step = Step{.after = after, .event = event.name, .sentinel = event.sentinel};
  };
  for (const SeenEvent& event : events) {
    if (event.at < fault_at || !concerns(event, group)) continue;
    const bool master = about_master(event, group);
    if (event.name == "+sdown" && master) first(steps.detection, event);
    if (event.name == "+odown" && master) first(steps.agreement, event);
    if (event.name == "+elected-leader" && master) first(steps.election, event);
    if (event.name == "+promoted-slave" || event.name == "+switch-master") first(steps.promotion, event);
  }
  return steps;
}

std::vector<std::string> failures(const DrillReport& report, const DrillLimits& limits) {
  std::vector<std::string> reasons;
  if (!report.new_master) {
    reasons.push_back("no failover: no sentinel named another master in time");
  } else if (report.answers_changed < report.sentinels) {
    reasons.push_back(
        fmt::format("only {} of {} sentinels name the new master", report.answers_changed, report.sentinels));
  }
  if (!report.outage.ended) reasons.push_back("clients could not write again in time");
  if (report.expects_rejoin && report.new_master && !report.rejoined) {
    reasons.push_back(fmt::format("the old master {} is no replica of the new one", to_string(report.old_master)));
  }
  if (limits.outage_max && report.outage.length > *limits.outage_max) {
    reasons.push_back(
        fmt::format("client outage {} ms, limit {} ms", report.outage.length.count(), limits.outage_max->count()));
  }
  if (limits.lost_max && !report.loss) {
    reasons.push_back("lost writes are not known, and there is a limit on them");
  } else if (limits.lost_max && report.loss->lost.size() > *limits.lost_max) {
    reasons.push_back(fmt::format("{} acknowledged writes lost, limit {}", report.loss->lost.size(), *limits.lost_max));
  }
  if (limits.detection_max && !report.steps.detection) {
    reasons.push_back("no detection (+sdown) was seen, and there is a limit on it");
  } else if (limits.detection_max && report.steps.detection->after > *limits.detection_max) {
    reasons.push_back(fmt::format("detection after {} ms, limit {} ms", report.steps.detection->after.count(),
                                  limits.detection_max->count()));
  }
  return reasons;
}

std::string render(const DrillReport& report, const DrillLimits& limits, const Style& style) {
  std::string out = fmt::format("{}  {} of {}, times from the fault\n", style.bold("drill " + printable(report.group)),
                                describe(report.fault), printable(report.target));
  out += step_row("detection", report.steps.detection, report.fault, style);
  out += step_row("agreement", report.steps.agreement, report.fault, style);
  out += step_row("election", report.steps.election, report.fault, style);
  out += step_row("promotion", report.steps.promotion, Fault::Kill, style);
  out += row("last sentinel's new answer", report.last_answer ? exact(*report.last_answer) : "-",
             fmt::format("{} of {} sentinels name {}", report.answers_changed, report.sentinels,
                         report.new_master ? to_string(*report.new_master) : "another master"),
             style);
  out +=
      row("client outage", outage_text(report),
          fmt::format("longest time between two acknowledged writes, at {} a second", report.writes_per_second), style);
  if (report.expects_rejoin) {
    out += row("old master is a replica", report.rejoined ? exact(*report.rejoined) : "-",
               report.fault == Fault::Pause ? "after it was resumed" : "after the command", style);
  }
  if (report.loss) {
    out += row("acknowledged writes", format_count(static_cast<std::int64_t>(report.loss->acknowledged)), "", style);
    out += row("acknowledged writes lost", format_count(static_cast<std::int64_t>(report.loss->lost.size())),
               loss_detail(report), style);
    if (report.loss->repeated > 0) {
      out += row("writes there twice", format_count(static_cast<std::int64_t>(report.loss->repeated)),
                 "somebody replayed them", style);
    }
  } else {
    out += row("acknowledged writes lost", "unknown", "the new master's data could not be read", style);
  }
  for (const std::string& note : report.notes) out += "  " + style.yellow(printable(note)) + "\n";
  const auto reasons = failures(report, limits);
  if (report.was_interrupted) return out + style.yellow("INTERRUPTED") + "\n";
  if (reasons.empty()) return out + style.green("PASS") + "\n";
  for (const std::string& reason : reasons) out += style.red("FAIL: " + reason) + "\n";
  return out;
}

Json to_json(const DrillReport& report, const DrillLimits& limits) {
  const auto reasons = failures(report, limits);
  Json loss = nullptr;
  if (report.loss) {
    loss = {{"acknowledged", report.loss->acknowledged},
            {"lost", report.loss->lost.size()},
            {"unacknowledged_there", report.loss->unacknowledged_there},
            {"repeated", report.loss->repeated}};
    if (!report.loss->lost.empty()) {
      loss["first_lost_ms"] = since(report.loss->lost.front().at, report.fault_at).count();
      loss["last_lost_ms"] = since(report.loss->lost.back().at, report.fault_at).count();
    }
  }
  return {{"group", report.group},
          {"fault", describe(report.fault)},
          {"target", report.target},
          {"old_master", to_string(report.old_master)},
          {"new_master", report.new_master ? Json(to_string(*report.new_master)) : Json(nullptr)},
          {"passed", reasons.empty() && !report.was_interrupted},
          {"interrupted", report.was_interrupted},
          {"failures", reasons},
          {"detection", step_json(report.steps.detection)},
          {"agreement", step_json(report.steps.agreement)},
          {"election", step_json(report.steps.election)},
          {"promotion", step_json(report.steps.promotion)},
          {"sentinels",
           {{"asked", report.sentinels},
            {"changed", report.answers_changed},
            {"last_changed_ms", millis_json(report.last_answer)}}},
          {"outage", {{"ms", report.outage.length.count()}, {"ended", report.outage.ended}}},
          {"writes_per_second", report.writes_per_second},
          {"writes", loss},
          {"old_master_replica_ms", millis_json(report.rejoined)},
          {"notes", report.notes}};
}

}  // namespace sentinel
