// The addresses of one node or peer, by name or not, without blocking anybody.
//
//   auto addresses = std::make_shared<Addresses>(executor, Endpoint{"redis-1", 6379}, told);
//   auto found = co_await addresses->get();        // Before each connection: the name may have moved.
//   if (!found) report(found.error().text);
//
// When the name server is late or refuses, the addresses of before are still
// the best guess. Threading: one executor; lookups run on threads of their own (host_lookup.h).
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/result.h"
#include "sentinel/core/input.h"
#include "sentinel/net/host_lookup.h"

namespace sentinel {

inline constexpr std::chrono::milliseconds kResolveDeadline{5000};  // For the first answer.
inline constexpr std::chrono::milliseconds kResolveSoon{300};       // Then the addresses of before will do.

// Why there is no connection, or no longer.
struct Loss {
  DownCause cause = DownCause::Failed;
  std::string text;
};

using TcpEndpoints = std::vector<asio::ip::tcp::endpoint>;

class Addresses : public std::enable_shared_from_this<Addresses> {
 public:
  // `told`: of a name, what each lookup found, unless that is no news. May be null.
  Addresses(asio::any_io_executor executor, Endpoint at, std::function<void(HostResolved)> told);

  // At least one. A numeric address needs no lookup.
  asio::awaitable<Result<TcpEndpoints, Loss>> get();
  // Looks the name up in the background; then has() knows better.
  void refresh();
  // Whether this is one of the addresses, as far as is known.
  bool has(const std::string& address) const;
  bool is_name() const { return is_name_; }

 private:
  void found(const Found& result);
  TcpEndpoints endpoints() const;

  asio::any_io_executor executor_;
  Endpoint at_;
  std::function<void(HostResolved)> told_;
  bool is_name_ = false;
  bool looking_ = false;
  bool told_failure_ = false;
  std::vector<asio::ip::address> known_;
  std::string failure_;
  std::vector<std::weak_ptr<asio::steady_timer>> waiting_;
};

}  // namespace sentinel
