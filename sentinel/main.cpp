// vigil-sentinel: reads the configuration, opens the state, runs the driver.
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <asio/signal_set.hpp>
#include <filesystem>
#include <iostream>

#include "sentinel/config/check_report.h"
#include "sentinel/config/read_config.h"
#include "sentinel/driver.h"
#include "sentinel/logging.h"

namespace sentinel {
namespace {

int fail(const std::string& why) {
  spdlog::error("{}", why);
  return 1;
}

void reopen_log_on(asio::signal_set& signals, const LogSettings& log) {
  signals.async_wait([&signals, &log](const std::error_code& error, int) {
    if (error) return;
    if (auto reopened = set_up_logging(log); !reopened) spdlog::error("{}", reopened.error());
    reopen_log_on(signals, log);
  });
}

int run(const std::string& path) {
  auto config = read_config(path);
  if (!config) return write_check_report(std::cerr, path, config, paint_for(STDERR_FILENO));
  if (auto logging = set_up_logging(config->log); !logging) return fail(logging.error());
  for (const ConfigError& warning : config->warnings) spdlog::warn("{}", format_error(path, warning));

  std::error_code error;
  std::filesystem::create_directories(config->state_dir, error);
  if (error) return fail("can't create the state folder " + config->state_dir + ": " + error.message());
  auto store = Store::open(std::filesystem::path(config->state_dir) / "state.db");
  if (!store) return fail(store.error());

  asio::io_context io(1);
  const LogSettings log = config->log;
  const std::size_t groups = config->groups.size();
  Driver driver(io, std::move(*config), **store, [&io] { io.stop(); });
  if (auto started = driver.start(); !started) return fail(started.error());
  spdlog::info("vigil-sentinel {} listens on port {}, id {}, {} group{}", VIGIL_VERSION, driver.port(),
               (*store)->sentinel_id().value, groups, groups == 1 ? "" : "s");

  asio::signal_set stop_signals(io, SIGINT, SIGTERM);
  stop_signals.async_wait([&](const std::error_code& failed, int signal) {
    if (failed) return;
    spdlog::info("stops on {}", signal == SIGINT ? "SIGINT" : "SIGTERM");
    io.stop();
  });
  asio::signal_set reopen_signals(io, SIGHUP);
  reopen_log_on(reopen_signals, log);

  sd_notify(0, "READY=1");
  io.run();
  sd_notify(0, "STOPPING=1");
  driver.stop();
  io.restart();
  io.poll();  // Sessions and links end.
  return 0;
}

}  // namespace
}  // namespace sentinel

int main(int argc, char** argv) {
  CLI::App app{
      "vigil-sentinel watches Redis and Valkey masters with their replicas and fails over.\n"
      "Documentation of every configuration key: configs/sentinel.yaml\n"};
  app.set_version_flag("--version", "vigil-sentinel " VIGIL_VERSION);
  std::string path;
  bool check = false;
  app.add_option("config", path, "The configuration file (YAML)")->required();
  app.add_flag("--check", check, "Print every error of the file with line and column, and exit");
  app.footer(
      "\nExamples:\n"
      "  vigil-sentinel --check /etc/vigil/sentinel.yaml\n"
      "  vigil-sentinel /etc/vigil/sentinel.yaml\n"
      "Signals: SIGTERM and SIGINT stop, SIGHUP reopens the log file.");
  CLI11_PARSE(app, argc, argv);
  if (check)
    return sentinel::write_check_report(std::cout, path, sentinel::read_config(path),
                                        sentinel::paint_for(STDOUT_FILENO));
  return sentinel::run(path);
}
