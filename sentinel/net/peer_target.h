// An address of a peer that PeerHub dials until it is told to stop.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/endpoint.h"
#include "sentinel/net/peer_connection.h"
#include "sentinel/net/resolve.h"

namespace sentinel {

struct PeerTarget {
  PeerTarget(const asio::any_io_executor& executor, Endpoint endpoint, std::function<void(HostResolved)> told)
      : at(endpoint),
        addresses(std::make_shared<Addresses>(executor, std::move(endpoint), std::move(told))),
        wake(executor) {}

  void stop() {
    stopped = true;
    wake.cancel();
    if (connection) connection->close("no longer wanted");
  }

  Endpoint at;
  std::shared_ptr<Addresses> addresses;
  asio::steady_timer wake;
  std::shared_ptr<PeerConnection> connection;
  bool stopped = false;
  bool stranger = false;     // The last attempt met somebody who is no peer.
  std::string last_refusal;  // Logged already.
};

}  // namespace sentinel
