// vigil-fleet: simulated Redis nodes for scripts/bench fleet.
//
//   vigil-fleet --groups 500 --port 7000 --control 7001
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/bench/fleet/control.h"
#include "tests/bench/fleet/fleet.h"

namespace {

using namespace sentinel::fleet;

void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulated Redis nodes on 127/8, three a group.");
  FleetOptions options;
  std::uint16_t control_port = 0;
  app.add_option("--groups", options.groups, "how many")->required()->check(CLI::Range(std::size_t{1}, kGroupsMax));
  app.add_option("--first", options.first_group, "the first group's number")
      ->check(CLI::Range(std::size_t{0}, kGroupsMax));
  app.add_option("--port", options.port, "of every node")->required();
  app.add_option("--control", control_port, "see control.h")->required();
  CLI11_PARSE(app, argc, argv);

  raise_file_limit();
  asio::io_context io(ASIO_CONCURRENCY_HINT_UNSAFE);
  Fleet fleet(io, options);
  Control control(io, fleet);
  // The control port opens last: who can connect to it finds a fleet that is up.
  for (const auto& started : {fleet.start(), control.start(control_port)}) {
    if (started) continue;
    fmt::print(stderr, "vigil-fleet: {}\n", started.error());
    return 1;
  }
  io.run();
}
