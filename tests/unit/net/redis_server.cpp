#include "redis_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace sentinel {
namespace {

bool accepts(std::uint16_t port) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  asio::error_code error;
  socket.connect({asio::ip::address_v4::loopback(), port}, error);
  return !error;
}

}  // namespace

std::uint16_t free_port() {
  asio::io_context io;
  const asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

RedisServer::RedisServer(std::vector<std::string> arguments, std::vector<std::string> config_lines)
    : port_(free_port()), arguments_(std::move(arguments)) {
  std::string pattern = std::filesystem::temp_directory_path() / "vigil-net-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
  std::ofstream config(folder_ / "redis.conf");
  config << "port " << port_ << "\nbind 127.0.0.1\nsave \"\"\ndir " << folder_.string() << "\nlogfile redis.log\n";
  for (const std::string& line : config_lines) config << line << "\n";
  config.close();
  start();
}

RedisServer::~RedisServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RedisServer::start() {
  pid_ = ::fork();
  if (pid_ == 0) {
    const std::string config = folder_ / "redis.conf";
    std::vector<const char*> words = {"redis-server", config.c_str()};
    for (const std::string& argument : arguments_) words.push_back(argument.c_str());
    words.push_back(nullptr);
    ::execvp(words[0], const_cast<char**>(words.data()));
    ::_exit(127);
  }
  for (int i = 0; i < 2000 && !accepts(port_); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (!accepts(port_)) ADD_FAILURE() << "redis-server does not start";
}

void RedisServer::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::signal(int number) const { ::kill(pid_, number); }

std::string RedisServer::command(const std::vector<std::string>& words) const {
  std::string line = "redis-cli -p " + std::to_string(port_);
  if (!password.empty()) line += " --no-auth-warning -a '" + password + "'";
  for (const std::string& word : words) line += " '" + word + "'";
  std::FILE* pipe = ::popen((line + " 2>&1").c_str(), "r");
  std::string output;
  char buffer[4096];
  while (const std::size_t bytes = std::fread(buffer, 1, sizeof(buffer), pipe)) output.append(buffer, bytes);
  ::pclose(pipe);
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output;
}

std::string RedisServer::config_file() const {
  std::ostringstream text;
  text << std::ifstream(folder_ / "redis.conf").rdbuf();
  return text.str();
}

}  // namespace sentinel
