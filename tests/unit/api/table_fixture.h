// A command table over a real Coordinator that watches two groups and has no
// store: what a change needs durable is durable at once.
#pragma once

#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sentinel/api/command_table.h"

namespace sentinel {

class CoordinatorDaemon final : public Daemon {
 public:
  CoordinatorDaemon() : core_(process(), groups(), {}, 1, now_) {}

  Coordinator& mutable_core() { return core_; }
  const Coordinator& core() const override { return core_; }
  TimePoint now() const override { return now_; }
  DaemonFacts facts() const override {
    DaemonFacts facts;
    facts.version = "0.1.0";
    return facts;
  }
  GlobalSettings global_settings() const override { return global_; }
  GroupSettings group_defaults() const override {
    GroupSettings defaults;
    defaults.down_after = timers_.default_down_after;
    return defaults;
  }
  Timers timers() const override { return timers_; }
  SimulatedFailures simulated_failures() const override { return simulated_; }
  std::vector<PendingScript> pending_scripts() const override { return scripts; }
  std::vector<CachedInfo> info_cache(std::string_view) const override { return infos; }
  asio::awaitable<Result<void>> change_global_settings(GlobalSettings settings) override {
    global_ = std::move(settings);
    co_return Result<void>();
  }
  void change_timers(const Timers& timers) override {
    timers_ = timers;
    core_.change_timers(now_, timers);
  }
  void simulate(SimulatedFailures failures) override { simulated_ = failures; }
  asio::awaitable<Result<void>> failover(std::string group, FailoverRequest request) override {
    co_return core_.failover(now_, group, request);
  }
  asio::awaitable<bool> resolves(std::string host) override { co_return host != "nowhere.invalid"; }
  asio::awaitable<Result<void>> monitor(GroupSettings settings) override {
    co_return core_.monitor(now_, std::move(settings));
  }
  asio::awaitable<Result<void>> remove(std::string group) override { co_return core_.remove(now_, group); }
  asio::awaitable<Result<void>> set(GroupSettings settings, std::vector<std::string> changed) override {
    last_changed = changed;
    co_return core_.set(now_, std::move(settings), changed);
  }
  asio::awaitable<Result<void>> reset(std::string group) override {
    core_.reset(now_, group);
    co_return Result<void>();
  }
  asio::awaitable<Result<void>> flush() override { co_return Result<void>(); }
  asio::awaitable<Result<Coordinator::DownAnswer>> is_master_down(Endpoint master, Epoch epoch,
                                                                  NodeId candidate) override {
    co_return core_.is_master_down(now_, master, epoch, candidate);
  }
  void set_peer_credentials(std::string user, std::string password) override {
    peer_credentials = {std::move(user), std::move(password)};
  }
  void users_changed() override { ++user_changes; }
  void hello_published(const Hello&) override {}
  void shutdown() override {}

  std::vector<std::string> last_changed;
  std::pair<std::string, std::string> peer_credentials;
  int user_changes = 0;
  std::vector<PendingScript> scripts;
  std::vector<CachedInfo> infos;

 private:
  static ProcessSettings process() {
    ProcessSettings settings;
    settings.self = NodeId{std::string(40, 'b')};
    settings.announce = {"127.0.0.1", 26379};
    return settings;
  }
  static std::vector<GroupSettings> groups() {
    GroupSettings m;
    m.name = "m";
    m.master = {"127.0.0.1", 6379};
    GroupSettings alone = m;
    alone.name = "alone";
    alone.master.port = 6380;
    alone.quorum = 1;
    return {m, alone};
  }

  TimePoint now_{Millis{1000000}};
  GlobalSettings global_;
  Timers timers_;
  SimulatedFailures simulated_;
  Coordinator core_;
};

class TableFixture : public testing::Test {
 protected:
  TableFixture() { start({}); }

  void start(CommandOptions options) { table_.emplace(daemon_, clients_, pubsub_, std::move(options)); }

  CommandTable& table() { return *table_; }
  PubSub& pubsub() { return pubsub_; }
  ClientRegistry& clients() { return clients_; }
  const Coordinator& core() const { return daemon_.core(); }
  CoordinatorDaemon& daemon() { return daemon_; }
  const std::vector<std::string>& last_changed() const { return daemon_.last_changed; }
  int user_changes() const { return daemon_.user_changes; }

  // The reply to one request of words separated by blanks.
  std::string ask(Client& client, std::string_view line) {
    const std::vector<std::string> words = split(line);
    const std::vector<std::string_view> views(words.begin(), words.end());
    if (table_->handle(client, views) == Outcome::Pending) {
      asio::io_context io;
      asio::co_spawn(io, table_->finish(client, words), [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
      });
      io.run();
    }
    return std::exchange(client.output, {});
  }
  std::string ask(std::string_view line) {
    Client client({});
    table_->connected(client);
    std::string reply = ask(client, line);
    table_->disconnected(client);
    return reply;
  }
  Outcome outcome_of(Client& client, std::string_view line) {
    const std::vector<std::string> words = split(line);
    const std::vector<std::string_view> views(words.begin(), words.end());
    return table_->handle(client, views);
  }

  // The first word of each pair in a flat array of bulk strings, joined by blanks.
  static std::string field_names(const std::string& reply) {
    std::string names;
    std::size_t at = reply.find("\r\n") + 2;
    for (bool name = true; at < reply.size(); name = !name) {
      const std::size_t start = reply.find("\r\n", at) + 2;
      const std::size_t size = std::stoul(reply.substr(at + 1));
      if (name) names += (names.empty() ? "" : " ") + reply.substr(start, size);
      at = start + size + 2;
    }
    return names;
  }

 private:
  static std::vector<std::string> split(std::string_view line) {
    std::istringstream words{std::string(line)};
    return {std::istream_iterator<std::string>(words), {}};
  }

  CoordinatorDaemon daemon_;
  ClientRegistry clients_;
  PubSub pubsub_;
  std::optional<CommandTable> table_;
};

}  // namespace sentinel
