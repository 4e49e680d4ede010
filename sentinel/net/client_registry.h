// The clients that are connected now, in the order they came, and what they
// did so far: what CLIENT LIST, CLIENT KILL and INFO are made from.
//
// Threading: the server's executor only.
#pragma once

#include <algorithm>
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

// Which requests a pause holds; in this order, each with those before it.
enum class PauseOf { Publishing, Everything };

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

  // CLIENT PAUSE: requests wait until the pause is over; all, or only those that publish.
  // Only longer and stricter than a pause that is in force, as in stock.
  void pause(ShellClock::time_point until, PauseOf what, ShellClock::time_point now) {
    if (!paused(PauseOf::Publishing, now)) pause_ = {};
    pause_ = {std::max(pause_.until, until), std::max(pause_.of, what)};
  }
  void end_pause() {
    pause_ = {};
    for (const auto& [id, client] : clients_) client->wake();
  }
  // Whether such requests wait. A pause of everything is one of publishing, too.
  bool paused(PauseOf what, ShellClock::time_point now) const { return now < pause_.until && what <= pause_.of; }
  // Whether there has been a pause that was not ended: no reading of a clock where there is none.
  bool pausing() const { return pause_.until != ShellClock::time_point{}; }
  ShellClock::time_point pause_end() const { return pause_.until; }

  // The one that has been connected longest without a valid command. nullptr if none.
  Client* oldest_unproven() const;

  ClientStatistics statistics;
  std::size_t clients_max = 0;     // As configured and allowed by the system.
  std::size_t buffered_bytes = 0;  // Held for all clients at the last look.

 private:
  struct Pause {
    ShellClock::time_point until{};
    PauseOf of = PauseOf::Publishing;
  };

  std::uint64_t last_id_ = 0;
  Pause pause_;
  std::map<std::uint64_t, Client*> clients_;
};

}  // namespace sentinel
