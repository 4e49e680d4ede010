// The clients that are connected now, in the order they came, and what they
// did so far: what CLIENT LIST, CLIENT KILL and INFO are made from.
//
// Threading: the server's executor only.
#pragma once

#include <cstdint>
#include <map>

#include "sentinel/net/client.h"

namespace sentinel {

struct ClientStatistics {
  std::uint64_t connections = 0;
  std::uint64_t rejected_connections = 0;
  std::uint64_t handshake_failures = 0;  // Of TLS.
  std::uint64_t evicted_clients = 0;     // Made room for others, or held too much memory.
  std::uint64_t slow_subscribers = 0;    // Closed: did not read their messages.
  std::uint64_t idle_clients = 0;        // Closed: said nothing for the idle timeout.
  std::uint64_t commands = 0;
  std::uint64_t error_replies = 0;
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t commands_per_second = 0;  // Over the last sweep.
  std::uint64_t input_bytes_per_second = 0;
  std::uint64_t output_bytes_per_second = 0;
};

class ClientRegistry {
 public:
  std::uint64_t next_id() { return ++last_id_; }

  void add(Client& client) { clients_.emplace(client.facts().id, &client); }
  void remove(const Client& client) { clients_.erase(client.facts().id); }

  // By id, which is the order of arrival.
  const std::map<std::uint64_t, Client*>& all() const { return clients_; }

  Client* find(std::uint64_t id) const {
    const auto found = clients_.find(id);
    return found == clients_.end() ? nullptr : found->second;
  }

  // The one that has been connected longest without a valid command. nullptr if none.
  Client* oldest_unproven() const;

  ClientStatistics statistics;
  std::size_t clients_max = 0;     // As configured and allowed by the system.
  std::size_t buffered_bytes = 0;  // Held for all clients at the last look.

 private:
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Client*> clients_;
};

}  // namespace sentinel
