// One simulated group: a master and its replicas with roles, histories and
// offsets as Redis shows them, and nothing else of Redis.
//
//   Replication group(number, addresses, now);
//   group.promote(1, now);                       // REPLICAOF NO ONE at its second node
//   group.follow(2, addresses[1], now);
//   group.offset(2, now);                        // Grows with the master's while the link is up.
//
// Everything is computed when it is asked for: an idle group costs nothing.
// No I/O, not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/endpoint.h"

namespace sentinel::fleet {

using Time = std::chrono::steady_clock::time_point;

inline constexpr std::size_t kNodesPerGroup = 3;                    // One master, two replicas.
inline constexpr std::uint64_t kStreamBytesPerSecond = 100;         // Of a living master.
inline constexpr std::chrono::milliseconds kPartialResyncTime{50};  // From REPLICAOF to the link's "up".

enum class Health { Running, Stopped, Dead };

struct Node {
  Endpoint at;
  Health health = Health::Running;
  std::string run_id;
  std::string replication_id;
  std::string replication_id2;
  std::int64_t second_offset = -1;
  std::optional<Endpoint> master;  // Of a replica.
  bool link_up = false;
  Time link_since{};              // Up, down or being made since then.
  std::uint64_t offset_base = 0;  // At offset_since.
  Time offset_since{};
  std::string min_replicas_to_write = "0";
  std::string min_replicas_max_lag = "10";
};

class Replication {
 public:
  // The first address is the master's.
  Replication(std::size_t number, const std::array<Endpoint, kNodesPerGroup>& addresses, Time now);

  // Brings what happened meanwhile up to date: links that came up. Call it before reading nodes.
  void settle(Time now);

  void promote(std::size_t node, Time now);
  void follow(std::size_t node, const Endpoint& master, Time now);
  // Dead: replicas lose their links. Stopped: they keep them, and get nothing. Running again after Dead is a new
  // process.
  void set_health(std::size_t node, Health health, Time now);

  const Node& node(std::size_t index) const { return nodes_[index]; }
  Node& node(std::size_t index) { return nodes_[index]; }
  std::uint64_t offset(std::size_t node, Time now) const { return offset(node, now, kNodesPerGroup); }
  // Whether the node replicates from that other one right now.
  bool replicates(std::size_t node, std::size_t from) const;
  // The living node with the role of a master and the longest service; the first node if there is none.
  std::size_t current_master() const;

 private:
  std::uint64_t offset(std::size_t node, Time now, std::size_t depth) const;
  std::optional<std::size_t> master_of(std::size_t node) const;
  void freeze(std::size_t node, Time now);
  void freeze_replicas(std::size_t master, Time now);
  std::string new_id();

  std::array<Node, kNodesPerGroup> nodes_;
  std::uint64_t number_;
  std::uint64_t last_id_ = 0;
};

}  // namespace sentinel::fleet
