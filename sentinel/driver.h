// Driver runs the core in the world: input -> step -> persist -> act -> publish
// -> re-arm one timer. It moves data between the parts and decides nothing.
//
//   Driver driver(io, config, *store);
//   if (auto started = driver.start(); !started) die(started.error());
//   io.run();
//
// Order (rule R-C3): what an output asks for before the disk is done at once;
// its votes, announcements and events leave only when its records are durable.
//
// Threading: the io_context's one thread, but for the store's report, which is posted.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sentinel/api/command_table.h"
#include "sentinel/api/daemon.h"
#include "sentinel/conf_writer.h"
#include "sentinel/config/daemon_config.h"
#include "sentinel/core/coordinator.h"
#include "sentinel/net/host_lookup.h"
#include "sentinel/net/node_links.h"
#include "sentinel/net/peer_hub.h"
#include "sentinel/net/pubsub.h"
#include "sentinel/net/resp_server.h"
#include "sentinel/net/tls.h"
#include "sentinel/notify/dispatcher.h"
#include "sentinel/store/store.h"

namespace sentinel {

// An operator's change that is not durable after this long answers an error;
// it stays in force and becomes durable when the disk recovers.
inline constexpr Millis kDurableWaitMax{5000};

class Driver final : public Daemon {
 public:
  // `store` outlives the driver. on_shutdown is called for the SHUTDOWN command.
  // tls: as config.tls says, or null.
  Driver(asio::io_context& io, DaemonConfig config, Store& store, std::shared_ptr<Tls> tls,
         std::function<void()> on_shutdown);
  ~Driver() override;

  // Listens and begins to watch. The error names the address.
  Result<void> start();
  // Stops listening, watching and delivering. What is queued for the disk is written by the store's end.
  void stop();
  // The plain-text port; without one, that of TLS.
  std::uint16_t port() const { return server_.port() != 0 ? server_.port() : server_.tls_port(); }
  // Reads certificates and keys again; on error the old ones stay. Logs what came of it.
  void reload_tls();

  // Daemon, for the commands.
  const Coordinator& core() const override { return *core_; }
  TimePoint now() const override;
  DaemonFacts facts() const override;
  GlobalSettings global_settings() const override;
  GroupSettings group_defaults() const override;
  Timers timers() const override { return config_.process.timers; }
  SimulatedFailures simulated_failures() const override { return simulated_; }
  std::vector<PendingScript> pending_scripts() const override;
  std::vector<CachedInfo> info_cache(std::string_view group) const override;
  asio::awaitable<Result<void>> change_global_settings(GlobalSettings settings) override;
  void change_timers(const Timers& timers) override;
  void simulate(SimulatedFailures failures) override;
  asio::awaitable<Result<void>> failover(std::string group, FailoverRequest request) override;
  asio::awaitable<bool> resolves(std::string host) override;
  asio::awaitable<Result<void>> monitor(GroupSettings settings) override;
  asio::awaitable<Result<void>> remove(std::string group) override;
  asio::awaitable<Result<void>> set(GroupSettings settings, std::vector<std::string> changed) override;
  asio::awaitable<Result<void>> reset(std::string group) override;
  asio::awaitable<Result<void>> flush() override;
  asio::awaitable<Result<Coordinator::DownAnswer>> is_master_down(Endpoint master, Epoch epoch,
                                                                  NodeId candidate) override;
  void set_peer_credentials(std::string user, std::string password) override;
  void users_changed() override;
  void hello_published(const Hello& hello) override;
  void shutdown() override { on_shutdown_(); }

 private:
  // What waits for a batch, or for the ones ahead of it.
  struct Held {
    std::uint64_t ticket = 0;      // Of the store's batch it waits for.
    std::uint64_t core_batch = 0;  // 0: the core does not wait for this one.
    std::vector<Action> actions;
    std::vector<Event> events;
    bool crash = false;  // SIMULATE-FAILURE.
  };

  RestoredState restore();
  void feed(const Input& input);
  void pump();
  void perform(const Action& action);
  void release(std::uint64_t ticket);
  void publish(const std::vector<Event>& events);
  void on_report(StoreReport report);
  void on_found(const std::string& host, const Found& found);
  void arm();
  void wake_durable_waits();
  void on_conf_written(ConfWritten done);
  // What an operator's answer waits for; in sentinel.conf mode the file is his.
  enum class DurableIn { State, StateAndFile };
  asio::awaitable<Result<void>> durable(DurableIn where);
  asio::awaitable<Result<void>> answer(Result<void> result);
  // The lines that sentinel.conf is to have instead. On error all stays as it was.
  Result<std::vector<ConfOverride>> change_tls(const TlsSettings& wanted);

  asio::io_context& io_;
  std::vector<Record> imported_;          // From a sentinel.conf; the state file does not know it yet.
  std::optional<conf::ConfFacts> facts_;  // Until start(), in sentinel.conf mode.
  DaemonConfig config_;
  Store& store_;
  std::shared_ptr<Tls> tls_;  // Null: nothing speaks TLS.
  std::function<void()> on_shutdown_;
  const TimePoint started_;
  std::string run_id_;

  std::unique_ptr<Coordinator> core_;
  NodeLinks links_;
  PeerHub peers_;
  ClientRegistry clients_;
  PubSub pubsub_;
  CommandTable commands_;
  RespServer server_;
  std::unique_ptr<Dispatcher> dispatcher_;

  asio::steady_timer timer_;
  TimePoint armed_ = kNever;
  std::deque<Held> held_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t durable_ticket_ = 0;
  std::unique_ptr<ConfWriter> conf_writer_;  // In sentinel.conf mode.
  std::uint64_t conf_ticket_ = 0;
  std::uint64_t conf_written_ticket_ = 0;
  std::uint64_t conf_failed_ticket_ = 0;
  SimulatedFailures simulated_;
  bool store_healthy_ = true;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For lookups that outlive us.
  std::vector<std::weak_ptr<asio::steady_timer>> durable_waits_;
};

}  // namespace sentinel
