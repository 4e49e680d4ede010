// Simulated Redis: replication, roles, restarts and the commands a sentinel
// sends, as faithful as a coordinator's mistakes need.
//
//   - A replica follows asynchronously; what the master had not sent when it
//     died is gone. It continues (PSYNC) within a shared history, else it is
//     overwritten by a full copy.
//   - SLAVEOF NO ONE starts a new history and remembers the old one.
//   - A killed server answers nothing and comes back with a new run id; a paused
//     one reads its socket when it resumes and executes what waited there.
//   - CONFIG REWRITE came with SLAVEOF, so a restart keeps the role.
//   - It may be busy with a script, unable to save, forbidden to change its
//     role, moved to another address, or another deployment's at our address.
//
// Offsets count commands, not bytes. All functions that name a server
// REQUIRE: server < servers().size().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/rng.h"
#include "sentinel/core/node_info.h"
#include "tests/sim/network.h"

namespace sentinel::sim {

using ServerIndex = std::size_t;
using WriteId = std::uint64_t;  // 0 is a replication ping.

struct RedisTuning {
  bool persists = true;        // false: a restart comes back empty.
  Millis ping_replicas{1000};  // repl-ping-replica-period.
  Millis repl_timeout{6000};
  Millis full_sync_max{1500};
  Millis loading_max{300};
};

enum class Link { None, Connecting, Syncing, Up };

struct RedisServer {
  std::size_t group = 0;
  HostId host;
  Endpoint at;
  unsigned priority = 100;

  bool alive = true;
  bool paused = false;
  bool busy = false;          // -BUSY to everything but SCRIPT KILL.
  bool misconf = false;       // -MISCONF to PING and to writes.
  bool refuses_role = false;  // -NOPERM to REPLICAOF.
  bool foreign = false;       // Another deployment's: nobody here may command it.
  bool mixed = false;         // Ours, but it once copied from another deployment's.
  TimePoint loading_until{};
  std::string run_id;

  // The data set is the log; offset = base + log.size().
  std::vector<WriteId> log;
  std::int64_t base = 0;
  std::string replid;
  std::string replid2;
  std::int64_t second_offset = -1;

  std::optional<Endpoint> master;  // Unset: it is a master.
  Link link = Link::None;
  std::uint64_t link_generation = 0;
  TimePoint link_down_since{};
  TimePoint last_io{};

  struct Attached {
    TimePoint last_ack{};
    bool pump_scheduled = false;
  };
  std::map<ServerIndex, Attached> replicas;

  unsigned min_replicas_to_write = 0;
  unsigned min_replicas_max_lag = 10;  // Seconds.
  TimePoint writes_paused_until{};
  std::vector<std::function<void()>> paused_writes;

  TimePoint last_promoted{};  // REPLICAOF NO ONE was executed.

  std::uint64_t client_generation = 0;                         // Changes when clients are disconnected.
  std::vector<std::function<void()>> inbox;                    // Waits in the socket while paused.
  std::map<std::uint64_t, std::function<void()>> connections;  // Called when the server closes it.

  std::int64_t offset() const { return base + static_cast<std::int64_t>(log.size()); }
  bool is_master() const { return !master; }
};

enum class WriteOutcome { Ok, ReadOnly, NoReplicas, Loading, Refused };

class RedisServers {
 public:
  RedisServers(Network& net, std::uint64_t seed, RedisTuning tuning);

  // `master` unset: a master.
  ServerIndex add(std::size_t group, Endpoint at, std::optional<Endpoint> master, unsigned priority);
  const std::vector<std::unique_ptr<RedisServer>>& servers() const { return servers_; }
  RedisServer& server(ServerIndex index) { return *servers_[index]; }
  std::optional<ServerIndex> find(const Endpoint& at) const;

  // --- What happens to the process.
  void kill(ServerIndex index);
  void start(ServerIndex index);
  void pause(ServerIndex index);
  void resume(ServerIndex index);
  void close_connections(ServerIndex index, std::uint64_t except);
  // A dead server will be found at `at` from now on.
  void move(ServerIndex index, Endpoint at);

  // Bytes arrive: runs `command` now, on resume, or never if the process is dead.
  void receive(ServerIndex index, std::function<void()> command);
  std::uint64_t accept(ServerIndex index, std::function<void()> closed);
  void forget(ServerIndex index, std::uint64_t connection) { server(index).connections.erase(connection); }

  // --- Commands. REQUIRES: the server is alive and not paused.
  NodeInfo info(ServerIndex index) const;
  void replica_of(ServerIndex index, const std::optional<Endpoint>& master);
  void pause_writes(ServerIndex index, Millis pause);
  void write(ServerIndex index, WriteId id, std::function<void(WriteOutcome)> reply);
  // What a write would be answered now.
  WriteOutcome would_write(ServerIndex index) const;

 private:
  void set_link(RedisServer& server, Link link);
  void connect_to_master(ServerIndex index);
  void handshake(ServerIndex index);
  void become_synced(ServerIndex index, ServerIndex master, bool full);
  void detach_from_master(ServerIndex index);
  void disconnect_replicas(ServerIndex index);
  void append(ServerIndex index, WriteId id);
  void schedule_pump(ServerIndex master, ServerIndex replica);
  void pump(ServerIndex master, ServerIndex replica);
  void cron(ServerIndex index);
  void run_paused_writes(ServerIndex index);
  unsigned good_replicas(const RedisServer& server) const;
  bool streaming(ServerIndex replica, ServerIndex master) const;
  std::string fresh_id();

  Network& net_;
  EventQueue& queue_;
  Rng rng_;
  RedisTuning tuning_;
  std::uint64_t next_connection_ = 1;
  std::vector<std::unique_ptr<RedisServer>> servers_;
};

}  // namespace sentinel::sim
