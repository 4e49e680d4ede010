// vigil-sim: runs seeds of the simulation; see scripts/sim.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "tests/sim/campaign.h"

namespace {

using namespace sentinel::sim;

struct Options {
  std::uint64_t seeds = 100;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> only;
  bool verbose = false;
  bool keep_going = false;
  std::size_t lines = 300;
  std::string mutation = "none";
};

WorldSettings settings_of(const Options& options, std::uint64_t seed) {
  WorldSettings settings = draw_settings(seed);
  settings.mutation = parse_mutation(options.mutation).value_or(Mutation::None);
  return settings;
}

// The run again, this time with its history.
void print_failure(const Options& options, std::uint64_t seed) {
  WorldSettings settings = settings_of(options, seed);
  settings.history_lines = options.lines;
  World world(settings);
  fmt::print("{}", explain(settings, world.run()));
  std::fflush(stdout);
}

int run(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  Totals totals;
  std::uint64_t failures = 0;
  const std::uint64_t from = options.only.value_or(options.first);
  const std::uint64_t count = options.only ? 1 : options.seeds;
  std::map<std::string, std::vector<std::uint64_t>> by_rule;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    World world(settings_of(options, seed));
    const Report report = world.run();
    totals.add(report);
    if (options.verbose && !options.only) {
      fmt::print("seed {}: {} ({} faults, settled after {} ms, {} of {} writes lost)\n", seed,
                 report.failure ? report.failure->rule : "ok", report.faults.size(), report.settled_after.count(),
                 report.lost, report.acknowledged);
    }
    if (report.failure) {
      ++failures;
      by_rule[report.failure->rule].push_back(seed);
      if (!options.keep_going) {
        print_failure(options, seed);
        break;
      }
      fmt::print("seed {} VIOLATES \"{}\" at {} ms: {}\n", seed, report.failure->rule,
                 report.failed_at.time_since_epoch().count(), report.failure->text);
      std::fflush(stdout);
    } else if (options.only && options.verbose) {
      print_failure(options, seed);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  fmt::print("{}{:.1f} seeds/s\n", to_string(totals), static_cast<double>(totals.runs) / took.count());
  for (const auto& [rule, seeds] : by_rule) {
    fmt::print("FAILED {:>5} x \"{}\", first seed {}\n", seeds.size(), rule, seeds.front());
  }
  if (failures > 0) return 1;
  if (options.only) return 0;
  for (const std::string& gap : totals.gaps()) {
    fmt::print("PROVES NOTHING: {}; run more seeds\n", gap);
    failures = 1;
  }
  return failures > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Simulates whole deployments in virtual time; a seed gives the same run everywhere.");
  app.add_option("--seeds", options.seeds, "How many seeds to run")->capture_default_str();
  app.add_option("--from", options.first, "The first of them")->capture_default_str();
  app.add_option("--seed", options.only, "Run this one only; with --verbose its whole timeline");
  app.add_flag("--verbose", options.verbose, "One line a seed");
  app.add_flag("--keep-going", options.keep_going, "Count failures instead of explaining the first");
  app.add_option("--lines", options.lines, "Length of the timeline printed for a failure")->capture_default_str();
  app.add_option("--mutation", options.mutation, "Plant a bug that must be found (see mutation.h)")
      ->check(
          [](const std::string& name) { return parse_mutation(name) ? std::string{} : "no such mutation: " + name; });
  CLI11_PARSE(app, argc, argv);
  return run(options);
}
