// The operating system's process behind a data node: found, checked, stopped.
//
// Signals are dangerous, so a process is refused unless it looks like a Redis
// or Valkey server and itself listens on the node's port; the number, the
// start time and the port are checked again before every signal, since numbers
// are used again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/endpoint.h"
#include "common/result.h"

namespace sentinel {

// True if an address of this name belongs to this host.
bool is_local_host(const std::string& host);

// True if a command line, its words separated by NUL or blanks, is a server's:
// redis-server, valkey-server, keydb-server, under any path; never a sentinel's.
bool looks_like_server(std::string_view command_line);

// The inodes of sockets that listen on this port, from the text of /proc/PID/net/tcp or tcp6.
std::vector<std::uint64_t> listening_inodes(std::string_view proc_net_tcp, std::uint16_t port);

class ServerProcess {
 public:
  // Checks that `pid` is a server that listens on `port`; says what is wrong if not.
  static Result<ServerProcess> find(int pid, std::uint16_t port);

  Result<void> kill() const;    // SIGKILL: as a crash.
  Result<void> pause() const;   // SIGSTOP: as a hang. Undo it with resume().
  Result<void> resume() const;  // SIGCONT.

  int pid() const { return pid_; }
  const std::string& command_line() const { return command_line_; }

  // The systemd unit it runs in, "redis-server.service"; empty if in none.
  std::string unit() const;

  // What it was started as, "redis-server". Not /proc/PID/exe: one file may serve
  // several names, and Debian's redis-server is a link to redis-check-rdb.
  std::string program() const;

  // Its working directory; empty if it can't be read.
  std::string working_directory() const;

 private:
  ServerProcess(int pid, std::uint64_t start_time, std::string command_line)
      : pid_(pid), start_time_(start_time), command_line_(std::move(command_line)) {}
  Result<void> send(int signal) const;

  int pid_;
  std::uint64_t start_time_;  // Clock ticks since boot.
  std::string command_line_;  // Printable.
};

}  // namespace sentinel
