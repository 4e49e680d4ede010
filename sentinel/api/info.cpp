#include "sentinel/api/info.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <iterator>

#include "common/resp/text.h"
#include "sentinel/net/spawn.h"

namespace sentinel {
namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kLruClockMax = 1 << 24;  // Stock's clock has 24 bits.

class Lines {
 public:
  template <typename Value>
  void add(std::string_view name, const Value& value) {
    fmt::format_to(std::back_inserter(text_), "{}:{}\r\n", name, value);
  }
  void title(std::string_view name) { fmt::format_to(std::back_inserter(text_), "# {}\r\n", name); }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

void server_section(CommandContext& context, Lines& lines) {
  const DaemonFacts facts = context.daemon.facts();
  utsname system{};
  uname(&system);
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(facts.uptime).count();
  lines.title("Server");
  lines.add("redis_version", kCompatibleRedisVersion);
  lines.add("redis_git_sha1", "00000000");
  lines.add("redis_git_dirty", 0);
  lines.add("redis_build_id", "0");
  lines.add("redis_mode", "sentinel");
  lines.add("os", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  lines.add("arch_bits", 8 * sizeof(void*));
  lines.add("monotonic_clock", "POSIX clock_gettime");
  lines.add("multiplexing_api", "epoll");
  lines.add("atomicvar_api", "c11-builtin");
  lines.add("gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
  lines.add("process_id", getpid());
  lines.add("process_supervised", "no");
  lines.add("run_id", facts.run_id);
  lines.add("tcp_port", facts.port);
  lines.add("server_time_usec", std::chrono::duration_cast<std::chrono::microseconds>(wall).count());
  lines.add("uptime_in_seconds", uptime);
  lines.add("uptime_in_days", uptime / kSecondsPerDay);
  lines.add("hz", 10);
  lines.add("configured_hz", 10);
  lines.add("lru_clock", std::chrono::duration_cast<std::chrono::seconds>(wall).count() % kLruClockMax);
  lines.add("executable", facts.executable);
  lines.add("config_file", facts.config_file);
  lines.add("io_threads_active", 0);
  lines.add("server_name", "vigil");
  lines.add("vigil_version", facts.version);
}

void clients_section(CommandContext& context, Lines& lines) {
  const ClientRegistry& clients = context.clients;
  const auto tracking = std::count_if(clients.all().begin(), clients.all().end(),
                                      [](const auto& entry) { return entry.second->tracking.on; });
  lines.title("Clients");
  lines.add("connected_clients", clients.all().size());
  lines.add("cluster_connections", 0);
  lines.add("maxclients", clients.clients_max);
  lines.add("client_recent_max_input_buffer", 0);
  lines.add("client_recent_max_output_buffer", 0);
  lines.add("blocked_clients", 0);
  lines.add("tracking_clients", tracking);
  lines.add("clients_in_timeout_table", 0);
  lines.add("client_buffered_bytes", clients.buffered_bytes);
}

// What a server with data would count: dashboards expect the fields, and here they are zero for ever.
void add_zeros(Lines& lines, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) lines.add(name, 0);
}

void stats_section(CommandContext& context, Lines& lines) {
  constexpr double kKilo = 1024.0;
  const ClientStatistics& total = context.clients.statistics;
  lines.title("Stats");
  lines.add("total_connections_received", total.connections);
  lines.add("total_commands_processed", total.commands);
  lines.add("instantaneous_ops_per_sec", total.commands_per_second);
  lines.add("total_net_input_bytes", total.input_bytes);
  lines.add("total_net_output_bytes", total.output_bytes);
  add_zeros(lines, {"total_net_repl_input_bytes", "total_net_repl_output_bytes"});
  lines.add("instantaneous_input_kbps",
            fmt::format("{:.2f}", static_cast<double>(total.input_bytes_per_second) / kKilo));
  lines.add("instantaneous_output_kbps",
            fmt::format("{:.2f}", static_cast<double>(total.output_bytes_per_second) / kKilo));
  lines.add("instantaneous_input_repl_kbps", "0.00");
  lines.add("instantaneous_output_repl_kbps", "0.00");
  lines.add("rejected_connections", total.rejected_connections);
  add_zeros(lines, {"sync_full", "sync_partial_ok", "sync_partial_err", "expired_keys"});
  lines.add("expired_stale_perc", "0.00");
  add_zeros(lines, {"expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds", "evicted_keys"});
  lines.add("evicted_clients", total.evicted_clients);
  add_zeros(lines,
            {"total_eviction_exceeded_time", "current_eviction_exceeded_time", "keyspace_hits", "keyspace_misses"});
  lines.add("pubsub_channels", context.pubsub.channels());
  lines.add("pubsub_patterns", context.pubsub.patterns());
  add_zeros(lines,
            {"pubsubshard_channels", "latest_fork_usec", "total_forks", "migrate_cached_sockets",
             "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits",
             "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time",
             "tracking_total_keys", "tracking_total_items", "tracking_total_prefixes", "unexpected_error_replies"});
  lines.add("total_error_replies", total.error_replies);
  lines.add("dump_payload_sanitizations", 0);
  lines.add("total_reads_processed", total.reads);
  lines.add("total_writes_processed", total.writes);
  add_zeros(lines, {"io_threaded_reads_processed", "io_threaded_writes_processed", "reply_buffer_shrinks",
                    "reply_buffer_expands"});
  lines.add("idle_clients_closed", total.idle_clients);
  lines.add("slow_subscribers_closed", total.slow_subscribers);
}

void cpu_section(CommandContext&, Lines& lines) {
  const auto seconds = [](const timeval& time) { return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec); };
  rusage own{};
  rusage children{};
  rusage thread{};
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  getrusage(RUSAGE_THREAD, &thread);
  lines.title("CPU");
  lines.add("used_cpu_sys", seconds(own.ru_stime));
  lines.add("used_cpu_user", seconds(own.ru_utime));
  lines.add("used_cpu_sys_children", seconds(children.ru_stime));
  lines.add("used_cpu_user_children", seconds(children.ru_utime));
  lines.add("used_cpu_sys_main_thread", seconds(thread.ru_stime));
  lines.add("used_cpu_user_main_thread", seconds(thread.ru_utime));
}

void sentinel_section(CommandContext& context, Lines& lines) {
  const Coordinator& core = context.daemon.core();
  const CoreStatus status = core.process_status(context.daemon.now());
  const DaemonFacts facts = context.daemon.facts();
  const auto tilt_seconds = std::chrono::duration_cast<std::chrono::seconds>(status.tilt_since).count();
  lines.title("Sentinel");
  lines.add("sentinel_masters", status.groups);
  lines.add("sentinel_tilt", status.tilt ? 1 : 0);
  lines.add("sentinel_tilt_since_seconds", status.tilt ? tilt_seconds : -1);
  lines.add("sentinel_running_scripts", facts.running_scripts);
  lines.add("sentinel_scripts_queue_length", context.daemon.pending_scripts().size());
  const SimulatedFailures failures = context.daemon.simulated_failures();
  lines.add("sentinel_simulate_failure_flags", (failures.after_election ? 1 : 0) + (failures.after_promotion ? 2 : 0));
  std::size_t index = 0;
  for (const std::string& name : core.group_names()) {
    const auto group = core.status(context.daemon.now(), name);
    if (!group) continue;
    const std::string_view health = group->o_down ? "odown" : group->master.s_down ? "sdown" : "ok";
    lines.add(fmt::format("master{}", index++),
              fmt::format("name={},status={},address={}:{},slaves={},sentinels={}", name, health, group->master.at.host,
                          group->master.at.port, group->replicas.size(), group->sentinels.size() + 1));
  }
  if (const std::size_t mixed = core.mixed_groups(); mixed > 0) lines.add("vigil_mixed_quorums", mixed);
}

void vigil_section(CommandContext& context, Lines& lines) {
  const CoreStatus status = context.daemon.core().process_status(context.daemon.now());
  lines.title("Vigil");
  lines.add("vigil_version", context.daemon.facts().version);
  lines.add("vigil_id", status.self.value);
  lines.add("vigil_current_epoch", status.current_epoch.value);
  lines.add("vigil_store_healthy", status.store_healthy ? 1 : 0);
  lines.add("vigil_store_error", status.store_error);
  lines.add("vigil_stalls", status.stalls);
  lines.add("vigil_events_published", context.pubsub.published());
  lines.add("vigil_task_failures", spawn_failures());
}

struct Section {
  std::string_view name;
  void (*write)(CommandContext&, Lines&);
};

constexpr std::array<Section, 6> kSections{{{"server", server_section},
                                            {"clients", clients_section},
                                            {"stats", stats_section},
                                            {"cpu", cpu_section},
                                            {"sentinel", sentinel_section},
                                            {"vigil", vigil_section}}};

}  // namespace

std::string info_text(CommandContext& context, std::span<const std::string_view> sections) {
  const auto wants = [&](std::string_view name) {
    return sections.empty() || std::any_of(sections.begin(), sections.end(), [&](std::string_view word) {
             return is_word(word, name) || is_word(word, "all") || is_word(word, "default") ||
                    is_word(word, "everything");
           });
  };
  std::string text;
  for (const Section& section : kSections) {
    if (!wants(section.name)) continue;
    Lines lines;
    section.write(context, lines);
    if (!text.empty()) text += "\r\n";
    text += std::move(lines).text();
  }
  return text;
}

}  // namespace sentinel
