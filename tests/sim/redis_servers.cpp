#include "tests/sim/redis_servers.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kCronPeriod = 1s;  // replicationCron.

}  // namespace

RedisServers::RedisServers(Network& net, std::uint64_t seed, RedisTuning tuning)
    : net_(net), queue_(net.queue()), rng_(seed), tuning_(tuning) {}

std::string RedisServers::fresh_id() {
  return fmt::format("{:016x}{:016x}{:08x}", rng_.next(), rng_.next(), rng_.next() & 0xffffffffU);
}

ServerIndex RedisServers::add(std::size_t group, Endpoint at, std::optional<Endpoint> master, unsigned priority) {
  const ServerIndex index = servers_.size();
  auto added = std::make_unique<RedisServer>();
  added->group = group;
  added->host = net_.add_host(fmt::format("g{}n{}", group, at.host.substr(at.host.rfind('.') + 1)));
  added->at = std::move(at);
  added->priority = priority;
  added->run_id = fresh_id();
  added->replid = fresh_id();
  added->master = std::move(master);
  servers_.push_back(std::move(added));
  if (servers_.back()->master) connect_to_master(index);
  queue_.after(rng_.jitter(kCronPeriod), [this, index] { cron(index); });
  return index;
}

std::optional<ServerIndex> RedisServers::find(const Endpoint& at) const {
  for (ServerIndex index = 0; index < servers_.size(); ++index) {
    if (servers_[index]->at == at) return index;
  }
  return std::nullopt;
}

void RedisServers::kill(ServerIndex index) {
  RedisServer& killed = server(index);
  if (!killed.alive) return;
  killed.alive = false;
  killed.paused = killed.busy = killed.misconf = false;
  killed.inbox.clear();
  killed.paused_writes.clear();
  ++killed.client_generation;
  disconnect_replicas(index);
  detach_from_master(index);
  set_link(killed, Link::None);
  close_connections(index, 0);
}

void RedisServers::start(ServerIndex index) {
  RedisServer& started = server(index);
  if (started.alive) return;
  started.alive = true;
  started.run_id = fresh_id();
  started.replid = fresh_id();
  started.replid2.clear();
  started.second_offset = -1;
  if (!tuning_.persists) started.log.clear();
  started.base = -static_cast<std::int64_t>(started.log.size());
  started.writes_paused_until = TimePoint{};
  started.loading_until = queue_.now() + rng_.jitter(tuning_.loading_max);
  if (started.master) connect_to_master(index);
}

void RedisServers::move(ServerIndex index, Endpoint at) {
  CHECK(!server(index).alive && !find(at));
  server(index).at = std::move(at);
}

void RedisServers::pause(ServerIndex index) { server(index).paused = server(index).alive; }

void RedisServers::resume(ServerIndex index) {
  RedisServer& resumed = server(index);
  if (!resumed.paused) return;
  resumed.paused = false;
  std::vector<std::function<void()>> waiting = std::exchange(resumed.inbox, {});
  for (auto& command : waiting) command();
}

void RedisServers::close_connections(ServerIndex index, std::uint64_t except) {
  RedisServer& closing = server(index);
  std::vector<std::function<void()>> closed;
  std::erase_if(closing.connections, [&](auto& connection) {
    if (connection.first == except) return false;
    closed.push_back(std::move(connection.second));
    return true;
  });
  for (auto& tell : closed) tell();
}

void RedisServers::receive(ServerIndex index, std::function<void()> command) {
  RedisServer& receiver = server(index);
  if (!receiver.alive) return;
  if (receiver.paused) {
    receiver.inbox.push_back(std::move(command));
  } else {
    command();
  }
}

std::uint64_t RedisServers::accept(ServerIndex index, std::function<void()> closed) {
  const std::uint64_t connection = next_connection_++;
  server(index).connections[connection] = std::move(closed);
  return connection;
}

NodeInfo RedisServers::info(ServerIndex index) const {
  const RedisServer& asked = *servers_[index];
  const TimePoint now = queue_.now();
  const auto seconds = [&](TimePoint since) { return Millis(std::chrono::floor<std::chrono::seconds>(now - since)); };
  NodeInfo info;
  info.run_id = asked.run_id;
  info.role = asked.is_master() ? NodeRole::Master : NodeRole::Replica;
  info.loading = now < asked.loading_until;
  // The data set is its log, pings and all; a file of it is an append-only one.
  info.keys = asked.log.size();
  info.loaded_keys = 0;
  info.append_only = tuning_.persists;
  info.replication_id = asked.replid;
  info.replication_id2 = asked.replid2;
  if (asked.second_offset >= 0) info.second_offset = static_cast<std::uint64_t>(asked.second_offset) + 1;
  info.master_offset = static_cast<std::uint64_t>(std::max<std::int64_t>(0, asked.offset()));
  for (const auto& [replica, attached] : asked.replicas) {
    info.replicas.push_back(servers_[replica]->at);
    if (servers_[replica]->link == Link::Up) ++info.online_replicas;
  }
  info.priority = asked.priority;
  if (asked.is_master()) return info;
  info.master = asked.master;
  info.master_link_up = asked.link == Link::Up;
  info.sync_in_progress = asked.link == Link::Syncing;
  info.master_link_down = info.master_link_up ? 0ms : seconds(asked.link_down_since);
  info.master_last_io = info.master_link_up ? seconds(asked.last_io) : -1000ms;
  info.replica_offset = info.master_offset;
  return info;
}

void RedisServers::replica_of(ServerIndex index, const std::optional<Endpoint>& master) {
  RedisServer& changed = server(index);
  if (!master) changed.last_promoted = queue_.now();
  if (changed.master == master) return;  // "Already connected to specified master", or a master already.
  detach_from_master(index);
  // Both ways its own replicas must learn of the changed history.
  disconnect_replicas(index);
  if (!master) {
    changed.replid2 = std::exchange(changed.replid, fresh_id());
    changed.second_offset = changed.offset();
    changed.master.reset();
    set_link(changed, Link::None);
    return;
  }
  changed.master = master;
  run_paused_writes(index);  // They find a replica now.
  connect_to_master(index);
}

void RedisServers::pause_writes(ServerIndex index, Millis pause) {
  server(index).writes_paused_until = pause > 0ms ? queue_.now() + pause : TimePoint{};
  if (pause > 0ms) {
    queue_.after(pause, [this, index] { run_paused_writes(index); });
  } else {
    run_paused_writes(index);
  }
}

void RedisServers::run_paused_writes(ServerIndex index) {
  RedisServer& resumed = server(index);
  if (!resumed.alive) return;
  if (resumed.is_master() && queue_.now() < resumed.writes_paused_until) return;
  std::vector<std::function<void()>> waiting = std::exchange(resumed.paused_writes, {});
  for (auto& again : waiting) again();
}

void RedisServers::write(ServerIndex index, WriteId id, std::function<void(WriteOutcome)> reply) {
  RedisServer& master = server(index);
  if (master.is_master() && queue_.now() < master.writes_paused_until && queue_.now() >= master.loading_until) {
    master.paused_writes.push_back([this, index, id, reply = std::move(reply)] {
      receive(index, [this, index, id, reply] { write(index, id, reply); });
    });
    return;
  }
  const WriteOutcome outcome = would_write(index);
  if (outcome == WriteOutcome::Ok) append(index, id);
  reply(outcome);
}

WriteOutcome RedisServers::would_write(ServerIndex index) const {
  const RedisServer& asked = *servers_[index];
  if (queue_.now() < asked.loading_until) return WriteOutcome::Loading;
  if (!asked.is_master()) return WriteOutcome::ReadOnly;
  if (asked.busy || asked.misconf || queue_.now() < asked.writes_paused_until) return WriteOutcome::Refused;
  return good_replicas(asked) < asked.min_replicas_to_write ? WriteOutcome::NoReplicas : WriteOutcome::Ok;
}

unsigned RedisServers::good_replicas(const RedisServer& master) const {
  const Millis lag_max = std::chrono::seconds(master.min_replicas_max_lag);
  return static_cast<unsigned>(std::count_if(master.replicas.begin(), master.replicas.end(), [&](const auto& entry) {
    return servers_[entry.first]->link == Link::Up && queue_.now() - entry.second.last_ack <= lag_max;
  }));
}

// --- Replication.

void RedisServers::set_link(RedisServer& replica, Link link) {
  if (replica.link == Link::Up && link != Link::Up) replica.link_down_since = queue_.now();
  replica.link = link;
  ++replica.link_generation;
}

void RedisServers::connect_to_master(ServerIndex index) {
  RedisServer& replica = server(index);
  if (replica.link == Link::None) replica.link_down_since = queue_.now();
  set_link(replica, Link::Connecting);
  const auto generation = replica.link_generation;
  queue_.after(net_.delay(replica.host, replica.host) * 3, [this, index, generation] {
    const RedisServer& still = server(index);
    if (still.alive && !still.paused && still.link_generation == generation) handshake(index);
  });
}

// PSYNC: what the master answers decides between continuing and a full copy.
void RedisServers::handshake(ServerIndex index) {
  RedisServer& replica = server(index);
  const std::optional<ServerIndex> found = find(*replica.master);
  if (!found || *found == index) return;
  const RedisServer& master = server(*found);
  const TimePoint now = queue_.now();
  if (!master.alive || master.paused || now < master.loading_until || now < replica.loading_until) return;
  if (!net_.connected(replica.host, master.host)) return;
  if (!master.is_master() && master.link != Link::Up) return;  // -NOMASTERLINK
  const std::int64_t offset = replica.offset();
  const bool same = replica.replid == master.replid && offset <= master.offset();
  const bool from_before = replica.replid == master.replid2 && offset <= master.second_offset;
  const bool held = offset >= master.base;
  if ((same || from_before) && held) return become_synced(index, *found, false);
  set_link(replica, Link::Syncing);
  server(*found).replicas[index] = {now, false};
  const auto generation = replica.link_generation;
  queue_.after(50ms + rng_.jitter(tuning_.full_sync_max), [this, index, generation, master_index = *found] {
    RedisServer& synced = server(index);
    if (!synced.alive || synced.link_generation != generation) return;
    const RedisServer& source = server(master_index);
    if (synced.paused || !source.alive || source.paused || !net_.connected(synced.host, source.host)) {
      detach_from_master(index);
      return set_link(synced, Link::Connecting);
    }
    become_synced(index, master_index, true);
  });
}

void RedisServers::become_synced(ServerIndex index, ServerIndex master_index, bool full) {
  RedisServer& replica = server(index);
  RedisServer& master = server(master_index);
  if (master.foreign && !replica.foreign) replica.mixed = true;
  if (full) {
    disconnect_replicas(index);
    replica.log = master.log;
    replica.base = master.base;
    replica.replid = master.replid;
    replica.replid2.clear();
    replica.second_offset = -1;
  } else if (replica.replid != master.replid) {
    disconnect_replicas(index);
    replica.replid2 = std::exchange(replica.replid, master.replid);
    replica.second_offset = replica.offset();
  }
  set_link(replica, Link::Up);
  replica.last_io = queue_.now();
  master.replicas[index] = {queue_.now(), false};
  schedule_pump(master_index, index);
}

void RedisServers::detach_from_master(ServerIndex index) {
  for (auto& each : servers_) each->replicas.erase(index);
}

void RedisServers::disconnect_replicas(ServerIndex index) {
  for (const auto& [replica, attached] : std::exchange(server(index).replicas, {})) {
    RedisServer& left = server(replica);
    // Out of reach it doesn't notice before repl_timeout.
    if (net_.connected(left.host, server(index).host)) set_link(left, Link::Connecting);
  }
}

void RedisServers::append(ServerIndex index, WriteId id) {
  server(index).log.push_back(id);
  for (const auto& [replica, attached] : server(index).replicas) schedule_pump(index, replica);
}

void RedisServers::schedule_pump(ServerIndex master, ServerIndex replica) {
  const auto attached = server(master).replicas.find(replica);
  if (attached == server(master).replicas.end() || attached->second.pump_scheduled) return;
  attached->second.pump_scheduled = true;
  queue_.after(net_.delay(server(master).host, server(replica).host), [this, master, replica] {
    const auto still = server(master).replicas.find(replica);
    if (still == server(master).replicas.end()) return;
    still->second.pump_scheduled = false;
    pump(master, replica);
  });
}

bool RedisServers::streaming(ServerIndex replica, ServerIndex master) const {
  const RedisServer& from = *servers_[master];
  const RedisServer& to = *servers_[replica];
  return from.alive && !from.paused && to.alive && !to.paused && to.link == Link::Up && to.master == from.at &&
         from.replicas.contains(replica) && net_.reaches(from.host, to.host);
}

void RedisServers::pump(ServerIndex master, ServerIndex replica) {
  if (!streaming(replica, master)) return;
  const RedisServer& from = server(master);
  RedisServer& to = server(replica);
  const auto have = to.offset() - from.base;
  CHECK(have >= 0 && static_cast<std::size_t>(have) <= from.log.size());
  if (static_cast<std::size_t>(have) == from.log.size()) return;
  to.last_io = queue_.now();
  for (auto at = static_cast<std::size_t>(have); at < from.log.size(); ++at) append(replica, from.log[at]);
}

void RedisServers::cron(ServerIndex index) {
  queue_.after(kCronPeriod, [this, index] { cron(index); });
  RedisServer& self = server(index);
  const TimePoint now = queue_.now();
  if (!self.alive || self.paused) return;
  if (self.is_master()) {
    const auto ticks = tuning_.ping_replicas / kCronPeriod;
    if (!self.replicas.empty() && (now.time_since_epoch() / kCronPeriod) % ticks == 0) append(index, 0);
    // Replicas that stopped acknowledging are dropped.
    std::erase_if(self.replicas, [&](const auto& entry) { return now - entry.second.last_ack > tuning_.repl_timeout; });
    return;
  }
  if (self.link == Link::Connecting) return connect_to_master(index);
  const std::optional<ServerIndex> master = find(*self.master);
  if (self.link != Link::Up || !master) return;
  const bool attached = server(*master).replicas.contains(index);
  const bool connected = net_.connected(self.host, server(*master).host);
  if ((!attached && connected) || now - self.last_io > tuning_.repl_timeout) {
    detach_from_master(index);
    disconnect_replicas(index);
    return set_link(self, Link::Connecting);
  }
  if (!streaming(index, *master) || !connected) return;
  server(*master).replicas[index].last_ack = now;
  schedule_pump(*master, index);  // What was lost on the way is sent again.
}

}  // namespace sentinel::sim
