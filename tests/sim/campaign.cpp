#include "tests/sim/campaign.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <thread>

namespace sentinel::sim {

void Totals::add(const Report& report) {
  ++runs;
  if (report.mixed) ++mixed;
  handled += report.handled;
  virtual_time += report.virtual_time;
  acknowledged += report.acknowledged;
  lost += report.lost;
  alerts_delivered += report.alerts_delivered;
  alerts_repeated += report.alerts_repeated;
  alerts_dead += report.alerts_dead;
  settled_max = std::max(settled_max, report.settled_after);
  loss_span_max = std::max(loss_span_max, report.loss_span);
  for (const auto& [name, count] : report.events) events[name] += count;
  for (const auto& [kind, count] : report.requested) requested[kind] += count;
  for (const auto& [kind, count] : report.happened) happened[kind] += count;
}

std::uint64_t Totals::event(const std::string& name) const {
  const auto found = events.find(name);
  return found == events.end() ? 0 : found->second;
}

std::vector<std::string> Totals::gaps() const {
  std::vector<std::string> missing;
  for (const auto& [kind, count] : requested) {
    const auto found = happened.find(kind);
    if (count > 0 && (found == happened.end() || found->second == 0)) {
      missing.push_back(fmt::format("no {} happened though {} were asked for", name_of(kind), count));
    }
  }
  if (event("+elected-leader") == 0) missing.push_back("nobody was elected");
  if (event("+switch-master") == 0) missing.push_back("no master changed");
  if (mixed > 0 && event("stock +promoted-slave") == 0) missing.push_back("no stock sentinel promoted anybody");
  return missing;
}

std::string to_string(const Totals& totals) {
  std::string text =
      fmt::format("{} runs ({} with stock sentinels), {:.1f} virtual hours, {} simulated events\n", totals.runs,
                  totals.mixed, static_cast<double>(totals.virtual_time.count()) / 3.6e6, totals.handled);
  text += fmt::format("elections won {}, promotions {}, switches seen {}, slowest to converge {} ms\n",
                      totals.event("+elected-leader"), totals.event("+promoted-slave"), totals.event("+switch-master"),
                      totals.settled_max.count());
  text += fmt::format(
      "acknowledged writes {}, lost {}; guarded by min-replicas with one replica, a master lost at most {} ms of "
      "them\n",
      totals.acknowledged, totals.lost, totals.loss_span_max.count());
  text += fmt::format("alerts delivered {}, repeated {}, dead {}\n", totals.alerts_delivered, totals.alerts_repeated,
                      totals.alerts_dead);
  text += "faults (asked for, happened):\n";
  for (const auto& [kind, count] : totals.requested) {
    const auto found = totals.happened.find(kind);
    text +=
        fmt::format("  {:<30} {:>7} {:>7}\n", name_of(kind), count, found == totals.happened.end() ? 0 : found->second);
  }
  text += "events:\n";
  for (const auto& [name, count] : totals.events) text += fmt::format("  {:<36} {:>8}\n", name, count);
  return text;
}

void run_seeds(std::uint64_t from, std::uint64_t count, unsigned jobs,
               const std::function<WorldSettings(std::uint64_t)>& settings_of,
               const std::function<bool(const WorldSettings&, const Report&)>& done) {
  std::mutex mutex;
  std::uint64_t next = from;
  bool stop = false;
  const auto work = [&] {
    for (;;) {
      std::unique_lock lock(mutex);
      if (stop || next == from + count) return;
      const std::uint64_t seed = next++;
      lock.unlock();
      const WorldSettings settings = settings_of(seed);
      World world(settings);
      const Report report = world.run();
      lock.lock();
      if (!stop && !done(settings, report)) stop = true;
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned job = 1; job < jobs; ++job) threads.emplace_back(work);
  work();
}

std::string explain(const WorldSettings& settings, const Report& report) {
  std::string text = fmt::format("seed {}: {}\n", settings.seed, to_string(settings));
  text += "faults:\n";
  for (const Fault& fault : report.faults) text += "  " + to_string(fault) + "\n";
  text += "timeline:\n";
  for (const std::string& line : report.history) text += "  " + line + "\n";
  if (report.failure) {
    text += fmt::format("seed {} VIOLATES \"{}\" at {} ms: {}\n", settings.seed, report.failure->rule,
                        report.failed_at.time_since_epoch().count(), report.failure->text);
  }
  return text;
}

}  // namespace sentinel::sim
