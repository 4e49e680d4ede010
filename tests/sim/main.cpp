// vigil-sim: runs seeds of the simulation; see scripts/sim.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/sim/campaign.h"
#include "tests/sim/shrink.h"
#ifdef VIGIL_MUTANTS
#include "tests/sim/mutants/mutant.h"
#endif

namespace {

using namespace sentinel::sim;

constexpr std::size_t kShrinkRunsMax = 300;

struct Options {
  std::uint64_t seeds = 100;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> only;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  bool verbose = false;
  bool keep_going = false;
  bool no_shrink = false;
  bool stock = false;
  std::size_t lines = 300;
  std::string mutation = "none";
  std::vector<std::string> faults;
  std::vector<std::string> mutants;
};

WorldSettings settings_of(const Options& options, std::uint64_t seed) {
  WorldSettings settings = draw_settings(seed);
  settings.mutation = parse_mutation(options.mutation).value_or(Mutation::None);
  if (!options.faults.empty()) settings.fault_kinds.clear();
  for (const std::string& name : options.faults) settings.fault_kinds.push_back(parse_fault_kind(name).value());
  if (options.stock) mix_in_stock(settings);
  return settings;
}

// The run again, with as few faults as still fail, and this time with its history.
void print_failure(const Options& options, WorldSettings settings, const Report& report) {
  if (report.failure && !options.no_shrink) {
    const Shrunk shrunk = shrink(settings, report.failure->rule, report.faults, kShrinkRunsMax);
    fmt::print("{} of {} faults are enough ({} runs to find out)\n", shrunk.settings.faults->size(),
               report.faults.size(), shrunk.runs);
    settings = shrunk.settings;
  }
  settings.history_lines = options.lines;
  World world(settings);
  fmt::print("{}", explain(settings, world.run()));
  std::fflush(stdout);
}

int run(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  Totals totals;
  std::optional<std::pair<WorldSettings, Report>> failed;
  const std::uint64_t from = options.only.value_or(options.first);
  const std::uint64_t count = options.only ? 1 : options.seeds;
  std::map<std::string, std::vector<std::uint64_t>> by_rule;
  run_seeds(
      from, count, options.jobs, [&](std::uint64_t seed) { return settings_of(options, seed); },
      [&](const WorldSettings& settings, const Report& report) {
        totals.add(report);
        if (options.verbose && !options.only) {
          fmt::print("seed {}: {} ({} faults, settled after {} ms, {} of {} writes lost)\n", settings.seed,
                     report.failure ? report.failure->rule : "ok", report.faults.size(), report.settled_after.count(),
                     report.lost, report.acknowledged);
        }
        if (options.only && options.verbose && !report.failure) print_failure(options, settings, report);
        if (!report.failure) return true;
        by_rule[report.failure->rule].push_back(settings.seed);
        if (!failed || settings.seed < failed->first.seed) failed.emplace(settings, report);
        fmt::print("seed {} VIOLATES \"{}\" at {} ms: {}\n", settings.seed, report.failure->rule,
                   report.failed_at.time_since_epoch().count(), report.failure->text);
        std::fflush(stdout);
        return options.keep_going;
      });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  if (failed && !options.keep_going) print_failure(options, failed->first, failed->second);
  fmt::print("{}{:.1f} seeds/s\n", to_string(totals), static_cast<double>(totals.runs) / took.count());
  for (auto& [rule, seeds] : by_rule) {
    std::sort(seeds.begin(), seeds.end());
    fmt::print("FAILED {:>5} x \"{}\", first seed {}\n", seeds.size(), rule, seeds.front());
  }
  if (failed) return 1;
  if (options.only) return 0;
  int status = 0;
  for (const std::string& gap : totals.gaps()) {
    fmt::print("PROVES NOTHING: {}; run more seeds\n", gap);
    status = 1;
  }
  return status;
}

#ifdef VIGIL_MUTANTS
// Every mutant of the core must be killed: some seed must violate some rule.
int run_mutants(Options options) {
  std::size_t survivors = 0;
  std::size_t tried = 0;
  fmt::print("{:<34} {:>6} {:>6}  {}\n", "mutant", "seeds", "killer", "violated");
  for (int index = 0; index < sentinel::kMutantCount; ++index) {
    const std::string name = sentinel::kMutantNames[index];
    if (!options.mutants.empty() &&
        std::find(options.mutants.begin(), options.mutants.end(), name) == options.mutants.end())
      continue;
    ++tried;
    sentinel::active_mutant = index;
    options.faults = CLI::detail::split(sentinel::kMutantFaults[index], ',');
    std::erase(options.faults, "");
    options.stock = sentinel::kMutantStock[index];
    if (options.only) return run(options);  // One run of one mutant, explained.
    std::uint64_t runs = 0;
    std::optional<std::pair<std::uint64_t, std::string>> killed;
    run_seeds(
        options.first, options.seeds, options.jobs, [&](std::uint64_t seed) { return settings_of(options, seed); },
        [&](const WorldSettings& settings, const Report& report) {
          ++runs;
          if (report.failure) killed.emplace(settings.seed, report.failure->rule);
          return !report.failure;
        });
    if (!killed) ++survivors;
    fmt::print("{:<34} {:>6} {:>6}  {}\n", name, runs, killed ? std::to_string(killed->first) : "-",
               killed ? killed->second : "SURVIVED");
    std::fflush(stdout);
  }
  fmt::print("{} mutants, {} killed, {} survived\n", tried, tried - survivors, survivors);
  return survivors == 0 && tried > 0 ? 0 : 1;
}
#endif

std::string check_fault(const std::string& name) {
  return parse_fault_kind(name) ? std::string{} : "no such fault: " + name;
}
std::string check_mutation(const std::string& name) {
  return parse_mutation(name) ? std::string{} : "no such mutation: " + name;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Simulates whole deployments in virtual time; a seed gives the same run everywhere.");
  app.add_option("--seeds", options.seeds, "How many seeds to run")->capture_default_str()->take_last();
  app.add_option("--from", options.first, "The first of them")->capture_default_str();
  app.add_option("--seed", options.only, "Run this one only; with --verbose its whole timeline");
  app.add_option("--jobs", options.jobs, "How many runs at a time")->capture_default_str();
  app.add_option("--faults", options.faults, "Only these kinds, by comma (see fault.h)")
      ->delimiter(',')
      ->check(check_fault);
  app.add_flag("--verbose", options.verbose, "One line a seed");
  app.add_flag("--keep-going", options.keep_going, "Count failures instead of explaining the first");
  app.add_flag("--stock", options.stock, "In every run, not only in some, some of the sentinels are stock ones (R-M)");
  app.add_flag("--no-shrink", options.no_shrink, "Explain a failure with all of its faults");
  app.add_option("--lines", options.lines, "Length of the timeline printed for a failure")->capture_default_str();
  app.add_option("--mutation", options.mutation, "Plant a bug of the world that must be found (see mutation.h)")
      ->check(check_mutation);
#ifdef VIGIL_MUTANTS
  app.add_option("--only", options.mutants, "Only these mutants, by comma")->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  return run_mutants(options);
#else
  CLI11_PARSE(app, argc, argv);
  return run(options);
#endif
}
