// What commands may ask of the running daemon. The driver implements it; tests
// of the command table implement it over a bare Coordinator.
//
// Queries are answered at once, from committed state. Changes are answered
// when they are durable: the awaitable ends with the stock error text (without
// the leading "-"; a code such as NOGOODSLAVE or ERR comes first) or nothing.
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "sentinel/core/coordinator.h"

namespace sentinel {

struct DaemonFacts {
  std::string version;  // Vigil's, "0.1.0".
  std::string config_file;
  std::string executable;
  std::string run_id;  // 40 hex, new at every start; not the sentinel id.
  std::uint16_t port = 26379;
  Millis uptime{0};
  std::size_t running_scripts = 0;
  std::size_t queued_scripts = 0;  // Waiting hook runs and webhook deliveries.
};

class Daemon {
 public:
  virtual ~Daemon() = default;

  virtual const Coordinator& core() const = 0;
  virtual TimePoint now() const = 0;
  virtual DaemonFacts facts() const = 0;
  virtual GlobalSettings global_settings() const = 0;
  virtual GroupSettings group_defaults() const = 0;  // Of groups that SENTINEL MONITOR adds.
  virtual Timers timers() const = 0;
  virtual SimulatedFailures simulated_failures() const = 0;
  // The oldest first.
  virtual std::vector<PendingScript> pending_scripts() const = 0;
  // Of the master, then of each replica. Empty for an unknown group.
  virtual std::vector<CachedInfo> info_cache(std::string_view group) const = 0;

  virtual asio::awaitable<Result<void>> failover(std::string group, FailoverRequest request) = 0;
  // Whether the host name has an address; may take a while.
  virtual asio::awaitable<bool> resolves(std::string host) = 0;
  virtual asio::awaitable<Result<void>> monitor(GroupSettings settings) = 0;
  virtual asio::awaitable<Result<void>> remove(std::string group) = 0;
  virtual asio::awaitable<Result<void>> set(GroupSettings settings, std::vector<std::string> changed) = 0;
  virtual asio::awaitable<Result<void>> reset(std::string group) = 0;
  virtual asio::awaitable<Result<void>> change_global_settings(GlobalSettings settings) = 0;
  virtual void change_timers(const Timers& timers) = 0;
  virtual void simulate(SimulatedFailures failures) = 0;
  virtual asio::awaitable<Result<void>> flush() = 0;  // Ends when everything so far is durable.
  virtual asio::awaitable<Result<Coordinator::DownAnswer>> is_master_down(Endpoint master, Epoch epoch,
                                                                          NodeId candidate) = 0;
  // What we send to peers from now on (sentinel-user, sentinel-pass; empty: unset); connections to them are made anew.
  virtual void set_peer_credentials(std::string user, std::string password) = 0;
  // By ACL commands. Peers that connected to us have to do so again, as somebody who still may; sentinel.conf follows.
  virtual void users_changed() = 0;
  virtual void hello_published(const Hello& hello) = 0;
  virtual void shutdown() = 0;
};

}  // namespace sentinel
