#include "sentinel/ctl/process.h"

#include <fmt/core.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sentinel/ctl/terminal.h"

namespace sentinel {

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string proc(int pid, const char* name) { return fmt::format("/proc/{}/{}", pid, name); }

// The 22nd field of /proc/PID/stat; the second one is in parentheses and may hold blanks. 0 if there is none.
std::uint64_t start_time_of(int pid) {
  const std::string stat = read_file(proc(pid, "stat"));
  const auto after_name = stat.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(stat.substr(after_name + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return parse_unsigned(field, UINT64_MAX).value_or(0);
}

Result<bool> owns_one_of(int pid, const std::vector<std::uint64_t>& inodes) {
  std::error_code error;
  std::filesystem::directory_iterator files(proc(pid, "fd"), error);
  if (error) {
    return unexpected(
        fmt::format("can't look into process {} ({}): run vigilctl as its user or as root", pid, error.message()));
  }
  for (const auto& entry : files) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    for (const std::uint64_t inode : inodes) {
      if (target == fmt::format("socket:[{}]", inode)) return true;
    }
  }
  return false;
}

bool binds(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_DGRAM, 0);
  if (fd < 0) return false;
  const bool bound = bind(fd, address.ai_addr, address.ai_addrlen) == 0;
  close(fd);
  return bound;
}

}  // namespace

bool is_local_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), "0", &hints, &list) != 0) return false;
  bool local = false;
  for (const addrinfo* address = list; address != nullptr; address = address->ai_next) local = local || binds(*address);
  freeaddrinfo(list);
  return local;
}

bool looks_like_server(std::string_view command_line) {
  if (command_line.find("sentinel") != std::string_view::npos) return false;
  std::string_view program = command_line.substr(0, command_line.find_first_of(std::string_view("\0 ", 2)));
  program = program.substr(program.rfind('/') + 1);
  for (const std::string_view name : {"redis-server", "valkey-server", "keydb-server"}) {
    if (program.rfind(name, 0) == 0) return true;  // Versions and suffixes follow: redis-server-7, redis-server: ...
  }
  return false;
}

std::vector<std::uint64_t> listening_inodes(std::string_view proc_net_tcp, std::uint16_t port) {
  std::vector<std::uint64_t> inodes;
  std::istringstream lines{std::string(proc_net_tcp)};
  const std::string suffix = fmt::format(":{:04X}", port);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, skipped, inode;
    fields >> slot >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) fields >> skipped;  // Queues, timers, retransmits, user, timeout.
    fields >> inode;
    const bool on_port = local.size() > suffix.size() && local.ends_with(suffix);
    if (!on_port || state != "0A") continue;  // 0A: LISTEN.
    if (const auto number = parse_unsigned(inode, UINT64_MAX)) inodes.push_back(*number);
  }
  return inodes;
}

Result<ServerProcess> ServerProcess::find(int pid, std::uint16_t port) {
  std::string command_line = read_file(proc(pid, "cmdline"));
  const std::uint64_t start_time = start_time_of(pid);
  if (start_time == 0) return unexpected(fmt::format("there is no process {} on this host", pid));
  if (!looks_like_server(command_line)) {
    std::replace(command_line.begin(), command_line.end(), '\0', ' ');
    return unexpected(
        fmt::format("process {} is '{}', not a Redis or Valkey server: refused", pid, printable(command_line)));
  }
  std::replace(command_line.begin(), command_line.end(), '\0', ' ');
  // The process's own network namespace: a container's port is looked up in the container.
  auto inodes = listening_inodes(read_file(proc(pid, "net/tcp")), port);
  for (const std::uint64_t inode : listening_inodes(read_file(proc(pid, "net/tcp6")), port)) inodes.push_back(inode);
  const auto owns = owns_one_of(pid, inodes);
  if (!owns) return unexpected(owns.error());
  if (!*owns) {
    return unexpected(
        fmt::format("process {} ('{}') does not listen on port {}: refused", pid, printable(command_line), port));
  }
  return ServerProcess(pid, start_time, printable(command_line.substr(0, command_line.find_last_not_of(' ') + 1)));
}

Result<void> ServerProcess::send(int signal) const {
  if (start_time_of(pid_) != start_time_) return unexpected(fmt::format("process {} is gone", pid_));
  if (::kill(pid_, signal) != 0) {
    return unexpected(fmt::format("can't signal process {}: {}", pid_, std::strerror(errno)));
  }
  return {};
}

Result<void> ServerProcess::kill() const { return send(SIGKILL); }
Result<void> ServerProcess::pause() const { return send(SIGSTOP); }
Result<void> ServerProcess::resume() const { return send(SIGCONT); }

std::string ServerProcess::unit() const {
  std::istringstream lines(read_file(proc(pid_, "cgroup")));
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.substr(line.rfind('/') + 1);
    if (name.ends_with(".service") && !name.starts_with("user@")) return printable(name);
  }
  return {};
}

std::string ServerProcess::program() const { return command_line_.substr(0, command_line_.find(' ')); }

std::string ServerProcess::working_directory() const {
  std::error_code error;
  return printable(std::filesystem::read_symlink(proc(pid_, "cwd"), error).string());
}

}  // namespace sentinel
