// The facts of a Redis INFO reply that decisions rest on. A pure parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/endpoint.h"
#include "common/time.h"

namespace sentinel {

enum class NodeRole { Unknown, Master, Replica };

struct NodeInfo {
  std::string run_id;
  NodeRole role = NodeRole::Unknown;
  bool loading = false;
  std::optional<Millis> uptime;                // uptime_in_seconds: since the process began to run.
  std::string replication_id;                  // master_replid.
  std::string replication_id2;                 // master_replid2: the history it continued from, empty if none.
  std::optional<std::uint64_t> second_offset;  // second_repl_offset: the first one that id2 does not cover.
  std::uint64_t master_offset = 0;             // master_repl_offset.
  bool server_failover = false;                // master_failover_state: a FAILOVER command is under way (Redis 6.2).
  std::uint64_t keys = 0;                      // In all databases.
  std::optional<std::uint64_t> loaded_keys;    // rdb_last_load_keys_loaded (Redis 7.0): of the snapshot it began with.
  bool append_only = false;                    // aof_enabled.
  unsigned online_replicas = 0;                // Of `replicas`: those that have all data and stream.
  std::vector<Endpoint> replicas;              // slaveN lines; masters only.

  // Replicas only.
  std::optional<Endpoint> master;
  bool master_link_up = false;
  bool sync_in_progress = false;
  Millis master_link_down{0};        // master_link_down_since_seconds.
  Millis master_last_io{0};          // master_last_io_seconds_ago; -1 s when none.
  std::uint64_t replica_offset = 0;  // slave_repl_offset.
  unsigned priority = 100;
  bool announced = true;
};

// Reads what is there and ignores the rest: any text gives a NodeInfo, at worst
// with role Unknown. At most kNodesPerGroupMax replicas are taken.
NodeInfo parse_node_info(std::string_view info);

}  // namespace sentinel
