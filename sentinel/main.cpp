// vigil-sentinel: reads the configuration, opens the state, runs the driver.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <asio/signal_set.hpp>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "common/overloaded.h"
#include "sentinel/api/command.h"
#include "sentinel/command_line.h"
#include "sentinel/config/check_report.h"
#include "sentinel/config/read_any.h"
#include "sentinel/driver.h"
#include "sentinel/logging.h"
#include "sentinel/process.h"
#include "sentinel/systemd_notifier.h"

namespace sentinel {
namespace {

int fail(const std::string& why) {
  spdlog::error("{}", why);
  return 1;
}

// What SIGHUP is for: rotated logs and renewed certificates.
void reload_on(asio::signal_set& signals, const LogSettings& log, Driver& driver) {
  signals.async_wait([&signals, &log, &driver](const std::error_code& error, int) {
    if (error) return;
    if (auto reopened = set_up_logging(log); !reopened) spdlog::error("{}", reopened.error());
    driver.reload_tls();
    reload_on(signals, log, driver);
  });
}

// In sentinel.conf mode the file is ours to write, and `dir` is where we work.
Result<void> enter_conf_mode(const DaemonConfig& config) {
  if (::access(config.file.c_str(), W_OK) != 0)
    return unexpected(
        fmt::format("Sentinel config file {} is not writable: {}. Exiting...", config.file, std::strerror(errno)));
  if (!config.conf.folder.empty() && ::chdir(config.conf.folder.c_str()) != 0)
    return unexpected(fmt::format("Can't chdir to '{}': {}", config.conf.folder, std::strerror(errno)));
  return {};
}

int run(DaemonConfig config) {
  if (config.format == ConfigFormat::SentinelConf)
    if (auto entered = enter_conf_mode(config); !entered) return fail(entered.error());
  if (auto background = go_into_background(config.conf); !background) return fail(background.error());
  if (auto logging = set_up_logging(config.log); !logging) return fail(logging.error());
  const PidFile pid_file(config.conf);
  if (!pid_file.problem().empty()) spdlog::warn("{}", pid_file.problem());
  for (const ConfigError& warning : config.warnings) spdlog::warn("{}", format_error(config.file, warning));

  std::error_code error;
  std::filesystem::create_directories(config.state_dir, error);
  if (error) return fail("can't create the state folder " + config.state_dir + ": " + error.message());
  if (config.format == ConfigFormat::SentinelConf)
    config.conf_state.untouched = left_by_conf_writer(config.file, config.state_dir);
  StoreOptions options;
  if (!config.conf_state.self.value.empty()) options.sentinel_id = config.conf_state.self;
  auto store = Store::open(std::filesystem::path(config.state_dir) / "state.db", options);
  if (!store) return fail(store.error());

  auto tls = Tls::load_if_used(config.tls);
  if (!tls) return fail("Failed to configure TLS: " + tls.error());

  asio::io_context io(1);
  const LogSettings log = config.log;
  const std::size_t groups = config.groups.size();
  Driver driver(io, std::move(config), **store, std::move(*tls), [&io] { io.stop(); });
  if (auto started = driver.start(); !started) return fail(started.error());
  spdlog::info("vigil-sentinel {} listens on port {}, id {}, {} group{}", VIGIL_VERSION, driver.port(),
               (*store)->sentinel_id().value, groups, groups == 1 ? "" : "s");

  asio::signal_set stop_signals(io, SIGINT, SIGTERM);
  stop_signals.async_wait([&](const std::error_code& failed, int signal) {
    if (failed) return;
    spdlog::info("stops on {}", signal == SIGINT ? "SIGINT" : "SIGTERM");
    io.stop();
  });
  asio::signal_set reload_signals(io, SIGHUP);
  reload_on(reload_signals, log, driver);

  SystemdNotifier systemd(io);
  systemd.ready(groups);
  io.run();
  systemd.stopping();
  driver.stop();
  io.restart();
  io.poll();  // Sessions and links end.
  return 0;
}

int refuse(const ConfigProblem& problem) {
  return std::visit(overloaded{
                        [&](const std::vector<ConfigError>& errors) {
                          return write_check_report(std::cerr, problem.file, unexpected(errors),
                                                    paint_for(STDERR_FILENO));
                        },
                        [](const conf::ConfError& error) {
                          if (error.line == 0) return fail("Fatal error, " + error.message);
                          std::cerr << conf::print_banner(error, kCompatibleRedisVersion);
                          return 1;
                        },
                    },
                    problem.what);
}

int start(const CommandLine& line) {
  auto config = read_any_config(line.file, line.options);
  if (line.wish == CommandLine::Wish::Check)
    return write_check_report(std::cout, line.file, as_check_result(std::move(config)), paint_for(STDOUT_FILENO));
  return config ? run(std::move(*config)) : refuse(config.error());
}

}  // namespace
}  // namespace sentinel

int main(int argc, char** argv) {
  using sentinel::CommandLine;
  sentinel::set_up_logging({});  // Until the configuration says how.
  const CommandLine line = sentinel::parse_command_line(argv[0], {argv + 1, argv + argc});
  switch (line.wish) {
    case CommandLine::Wish::Run: sentinel::leave_process_one(); return sentinel::start(line);
    case CommandLine::Wish::Check: return sentinel::start(line);
    case CommandLine::Wish::Say: std::cout << line.text; return 0;
    case CommandLine::Wish::Refuse: std::cerr << line.text; return 1;
    case CommandLine::Wish::NoFile:
      return sentinel::fail("Sentinel needs config file on disk to save state. Exiting...");
  }
}
