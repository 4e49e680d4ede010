#include "sentinel/ctl/drill_target.h"

#include <fmt/core.h>

#include <filesystem>

#include "sentinel/ctl/fields.h"

namespace sentinel {

namespace {

// How to start again what INFO server and the operating system say is running.
std::string restart_hint(const ServerProcess& process, const Fields& info, const std::string& from_deployment) {
  if (!from_deployment.empty()) return from_deployment;
  if (const auto unit = process.unit(); !unit.empty()) return "systemctl start " + unit;
  const auto config = info.text("config_file");
  // Redis guesses "executable" from its folder when it was started by a bare name.
  std::string command = info.text("executable");
  std::error_code ignored;
  if (!std::filesystem::exists(command, ignored)) command = process.program();
  command += config.empty() ? " (with the options it was started with)" : " " + config;
  const auto folder = process.working_directory();
  return folder.empty() ? command : fmt::format("cd {} && {}", folder, command);
}

Result<Fields> server_info(Session& session, const Endpoint& master) {
  auto link = session.node(master);
  if (!link) return unexpected(link.error());
  const auto info = link->ask({"INFO", "server"});
  if (!info) return unexpected(info.error());
  return parse_info(info->text);
}

// The process number to use: given, or in the deployment file, or what a local master says. 0: none.
Result<int> choose_pid(Session& session, const Endpoint& master, const Fields& info, int given) {
  if (given != 0) return given;
  if (const DeploymentNode* node = session.options().deployment.find(master)) {
    const auto pid = process_of(*node);
    if (!pid || *pid != 0) return pid;
  }
  if (!is_local_host(master.host)) return 0;
  return static_cast<int>(info.number("process_id").value_or(0));
}

}  // namespace

Result<DrillTarget> find_target(Session& session, const Endpoint& master, const TargetOptions& options) {
  DrillTarget target{.master = master, .process = {}, .how = {}, .name = to_string(master), .restart = {}};
  if (options.fault == Fault::Planned) {
    target.how = "SENTINEL FAILOVER";
    return target;
  }
  const auto info = server_info(session, master);
  if (!info) return unexpected(info.error());
  const auto pid = choose_pid(session, master, *info, options.pid);
  if (!pid) return unexpected(pid.error());
  if (*pid != 0) {
    auto process = ServerProcess::find(*pid, master.port);
    if (!process) return unexpected(process.error());
    const DeploymentNode* node = session.options().deployment.find(master);
    target.restart = restart_hint(*process, *info, node == nullptr ? "" : node->restart);
    target.name += fmt::format(" (process {})", *pid);
    target.how = fmt::format("{} to process {} ({})", options.fault == Fault::Kill ? "SIGKILL" : "SIGSTOP", *pid,
                             process->command_line());
    target.process = std::move(*process);
    return target;
  }
  if (options.fault == Fault::Kill) {
    return unexpected(
        fmt::format("the master {} is not on this host: run the drill there, give --pid or --deployment "
                    "if it is, or use --fault pause or --fault planned",
                    to_string(master)));
  }
  target.how = "DEBUG SLEEP on the master";
  return target;
}

}  // namespace sentinel
