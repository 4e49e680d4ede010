#include "tests/bench/fleet/info_text.h"

#include <fmt/format.h>

#include <iterator>

namespace sentinel::fleet {
namespace {

// As redis-server 7.0 answers on an idle server: the length of a real answer is part of the load.
constexpr const char* kServer = R"(# Server
redis_version:7.0.15
redis_git_sha1:00000000
redis_git_dirty:0
redis_build_id:0
redis_mode:standalone
os:Linux x86_64
arch_bits:64
monotonic_clock:POSIX clock_gettime
multiplexing_api:epoll
atomicvar_api:c11-builtin
gcc_version:12.2.0
process_id:16068
process_supervised:no
run_id:{}
tcp_port:{}
server_time_usec:1795534996249532
uptime_in_seconds:1
uptime_in_days:0
hz:10
configured_hz:10
lru_clock:372884
executable:/usr/bin/redis-server
config_file:/etc/redis/redis.conf
io_threads_active:0

)";

constexpr const char* kBeforeReplication = R"(# Clients
connected_clients:1
cluster_connections:0
maxclients:10000
client_recent_max_input_buffer:0
client_recent_max_output_buffer:0
blocked_clients:0
tracking_clients:0
clients_in_timeout_table:0

# Memory
used_memory:916984
used_memory_human:895.49K
used_memory_rss:12296192
used_memory_rss_human:11.73M
used_memory_peak:916984
used_memory_peak_human:895.49K
used_memory_peak_perc:102.57%
used_memory_overhead:876416
used_memory_startup:876216
used_memory_dataset:40568
used_memory_dataset_perc:99.51%
allocator_allocated:1690848
allocator_active:1826816
allocator_resident:4497408
total_system_memory:25276514304
total_system_memory_human:23.54G
used_memory_lua:32768
used_memory_vm_eval:32768
used_memory_lua_human:32.00K
used_memory_scripts_eval:0
number_of_cached_scripts:0
number_of_functions:0
number_of_libraries:0
used_memory_vm_functions:33792
used_memory_vm_total:66560
used_memory_vm_total_human:65.00K
used_memory_functions:200
used_memory_scripts:200
used_memory_scripts_human:200B
maxmemory:0
maxmemory_human:0B
maxmemory_policy:noeviction
allocator_frag_ratio:1.08
allocator_frag_bytes:135968
allocator_rss_ratio:2.46
allocator_rss_bytes:2670592
rss_overhead_ratio:2.73
rss_overhead_bytes:7798784
mem_fragmentation_ratio:14.03
mem_fragmentation_bytes:11419832
mem_not_counted_for_evict:0
mem_replication_backlog:0
mem_total_replication_buffers:0
mem_clients_slaves:0
mem_clients_normal:0
mem_cluster_links:0
mem_aof_buffer:0
mem_allocator:jemalloc-5.3.0
active_defrag_running:0
lazyfree_pending_objects:0
lazyfreed_objects:0

# Persistence
loading:0
async_loading:0
current_cow_peak:0
current_cow_size:0
current_cow_size_age:0
current_fork_perc:0.00
current_save_keys_processed:0
current_save_keys_total:0
rdb_changes_since_last_save:0
rdb_bgsave_in_progress:0
rdb_last_save_time:1795534995
rdb_last_bgsave_status:ok
rdb_last_bgsave_time_sec:-1
rdb_current_bgsave_time_sec:-1
rdb_saves:0
rdb_last_cow_size:0
rdb_last_load_keys_expired:0
rdb_last_load_keys_loaded:0
aof_enabled:0
aof_rewrite_in_progress:0
aof_rewrite_scheduled:0
aof_last_rewrite_time_sec:-1
aof_current_rewrite_time_sec:-1
aof_last_bgrewrite_status:ok
aof_rewrites:0
aof_rewrites_consecutive_failures:0
aof_last_write_status:ok
aof_last_cow_size:0
module_fork_in_progress:0
module_fork_last_cow_size:0

# Stats
total_connections_received:1
total_commands_processed:0
instantaneous_ops_per_sec:0
total_net_input_bytes:14
total_net_output_bytes:0
total_net_repl_input_bytes:0
total_net_repl_output_bytes:0
instantaneous_input_kbps:0.00
instantaneous_output_kbps:0.00
instantaneous_input_repl_kbps:0.00
instantaneous_output_repl_kbps:0.00
rejected_connections:0
sync_full:0
sync_partial_ok:0
sync_partial_err:0
expired_keys:0
expired_stale_perc:0.00
expired_time_cap_reached_count:0
expire_cycle_cpu_milliseconds:0
evicted_keys:0
evicted_clients:0
total_eviction_exceeded_time:0
current_eviction_exceeded_time:0
keyspace_hits:0
keyspace_misses:0
pubsub_channels:0
pubsub_patterns:0
pubsubshard_channels:0
latest_fork_usec:0
total_forks:0
migrate_cached_sockets:0
slave_expires_tracked_keys:0
active_defrag_hits:0
active_defrag_misses:0
active_defrag_key_hits:0
active_defrag_key_misses:0
total_active_defrag_time:0
current_active_defrag_time:0
tracking_total_keys:0
tracking_total_items:0
tracking_total_prefixes:0
unexpected_error_replies:0
total_error_replies:0
dump_payload_sanitizations:0
total_reads_processed:1
total_writes_processed:0
io_threaded_reads_processed:0
io_threaded_writes_processed:0
reply_buffer_shrinks:0
reply_buffer_expands:0

)";

constexpr const char* kAfterReplication = R"(# CPU
used_cpu_sys:0.004254
used_cpu_user:0.004254
used_cpu_sys_children:0.000000
used_cpu_user_children:0.000000
used_cpu_sys_main_thread:0.004226
used_cpu_user_main_thread:0.004226

# Modules

# Errorstats

# Cluster
cluster_enabled:0

# Keyspace
)";

// Every line of INFO ends in CR LF.
std::string with_line_ends(const char* text) {
  std::string lines;
  for (const char* at = text; *at != '\0'; ++at) {
    if (*at == '\n') lines += '\r';
    lines += *at;
  }
  return lines;
}

std::int64_t seconds(Time since, Time now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now - since).count();
}

}  // namespace

std::string info_text(const Replication& group, std::size_t index, Time now) {
  static const std::string server = with_line_ends(kServer);
  static const std::string before = with_line_ends(kBeforeReplication);
  static const std::string after = with_line_ends(kAfterReplication);
  const Node& node = group.node(index);
  const std::uint64_t offset = group.offset(index, now);
  std::string text;
  text.reserve(6 * 1024);
  const auto out = std::back_inserter(text);
  fmt::format_to(out, fmt::runtime(server), node.run_id, node.at.port);
  text += before;
  text += "# Replication\r\n";
  if (node.master) {
    const bool up = node.link_up;
    fmt::format_to(out,
                   "role:slave\r\nmaster_host:{}\r\nmaster_port:{}\r\nmaster_link_status:{}\r\n"
                   "master_last_io_seconds_ago:{}\r\nmaster_sync_in_progress:0\r\nslave_read_repl_offset:{}\r\n"
                   "slave_repl_offset:{}\r\n",
                   node.master->host, node.master->port, up ? "up" : "down", up ? 0 : -1, offset, offset);
    if (!up) fmt::format_to(out, "master_link_down_since_seconds:{}\r\n", seconds(node.link_since, now));
    text += "slave_priority:100\r\nslave_read_only:1\r\nreplica_announced:1\r\n";
  } else {
    text += "role:master\r\n";
  }
  std::string replicas;
  unsigned count = 0;
  for (std::size_t i = 0; i < kNodesPerGroup; ++i) {
    if (!group.replicates(i, index)) continue;
    fmt::format_to(std::back_inserter(replicas), "slave{}:ip={},port={},state=online,offset={},lag=0\r\n", count++,
                   group.node(i).at.host, group.node(i).at.port, group.offset(i, now));
  }
  fmt::format_to(out, "connected_slaves:{}\r\n{}", count, replicas);
  fmt::format_to(out,
                 "master_failover_state:no-failover\r\nmaster_replid:{}\r\nmaster_replid2:{}\r\n"
                 "master_repl_offset:{}\r\nsecond_repl_offset:{}\r\nrepl_backlog_active:1\r\n"
                 "repl_backlog_size:1048576\r\nrepl_backlog_first_byte_offset:1\r\nrepl_backlog_histlen:{}\r\n\r\n",
                 node.replication_id, node.replication_id2, offset, node.second_offset, offset);
  text += after;
  return text;
}

}  // namespace sentinel::fleet
