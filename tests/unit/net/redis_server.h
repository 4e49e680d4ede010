// A real redis-server on a free loopback port, in a folder of its own, ended
// by its process id.
//
//   RedisServer server({"--requirepass", "secret"});
//   server.command({"SET", "k", "v"});   // redis-cli's plain output
//   server.signal(SIGSTOP);
//   server.kill(); server.start();       // The same port and data.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/endpoint.h"

namespace sentinel {

std::uint16_t free_port();

class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> arguments = {}, std::vector<std::string> config_lines = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  void start();  // Returns when it accepts connections.
  void kill();   // SIGKILL, and waits for its end.
  void signal(int number) const;

  // What redis-cli prints for the command.
  std::string command(const std::vector<std::string>& words) const;
  // The text of the server's own configuration file.
  std::string config_file() const;

  Endpoint at() const { return {"127.0.0.1", port_}; }
  std::uint16_t port() const { return port_; }

  std::string password;  // For command().

 private:
  std::filesystem::path folder_;
  std::uint16_t port_;
  std::vector<std::string> arguments_;
  pid_t pid_ = -1;
};

}  // namespace sentinel
