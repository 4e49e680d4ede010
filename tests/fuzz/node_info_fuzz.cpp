// INFO of a server that may be anything: the facts keep their limits, don't
// depend on line ends or on what else is in the text, and read as themselves
// when they are written as INFO again.
#include "sentinel/core/node_info.h"

#include "sentinel/core/limits.h"
#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

constexpr std::size_t kIdBytesMax = 40;

bool equal(const NodeInfo& a, const NodeInfo& b) {
  return a.run_id == b.run_id && a.role == b.role && a.loading == b.loading && a.replication_id == b.replication_id &&
         a.replication_id2 == b.replication_id2 && a.master_offset == b.master_offset &&
         a.online_replicas == b.online_replicas && a.replicas == b.replicas && a.master == b.master &&
         a.master_link_up == b.master_link_up && a.sync_in_progress == b.sync_in_progress &&
         a.master_link_down == b.master_link_down && a.master_last_io == b.master_last_io &&
         a.replica_offset == b.replica_offset && a.priority == b.priority && a.announced == b.announced;
}

std::string_view role_name(NodeRole role) {
  switch (role) {
    case NodeRole::Unknown: return "unknown";
    case NodeRole::Master: return "master";
    case NodeRole::Replica: return "slave";
  }
  UNREACHABLE();
}

// As a server would say it. Which replica is online is not kept, so the first are.
std::string written(const NodeInfo& info) {
  std::string text = "# Replication\r\n";
  const auto line = [&](std::string_view key, std::string_view value) {
    text.append(key).append(":").append(value).append("\r\n");
  };
  const auto seconds = [](Millis value) { return std::to_string(value.count() / 1000); };
  line("run_id", info.run_id);
  line("role", role_name(info.role));
  line("loading", info.loading ? "1" : "0");
  line("master_replid", info.replication_id);
  line("master_replid2", info.replication_id2);
  line("master_repl_offset", std::to_string(info.master_offset));
  unsigned online = info.online_replicas;
  for (std::size_t i = 0; i < info.replicas.size(); ++i) {
    const Endpoint& at = info.replicas[i];
    const char* state = online > 0 ? "online" : "wait_bgsave";
    if (online > 0) --online;
    line("slave" + std::to_string(i), "ip=" + at.host + ",port=" + std::to_string(at.port) + ",state=" + state);
  }
  if (info.master) {
    line("master_host", info.master->host);
    line("master_port", std::to_string(info.master->port));
  }
  line("master_link_status", info.master_link_up ? "up" : "down");
  line("master_sync_in_progress", info.sync_in_progress ? "1" : "0");
  line("master_link_down_since_seconds", seconds(info.master_link_down));
  line("master_last_io_seconds_ago", seconds(info.master_last_io));
  line("slave_repl_offset", std::to_string(info.replica_offset));
  line("slave_priority", std::to_string(info.priority));
  line("replica_announced", info.announced ? "1" : "0");
  return text;
}

void check(std::string_view text) {
  const NodeInfo info = parse_node_info(text);
  CHECK(info.run_id.size() <= kIdBytesMax);
  CHECK(info.replication_id.size() <= kIdBytesMax && info.replication_id2.size() <= kIdBytesMax);
  CHECK(info.replicas.size() <= kNodesPerGroupMax);
  CHECK(info.online_replicas <= info.replicas.size());
  for (const Endpoint& at : info.replicas) {
    CHECK(!at.host.empty() && at.host.size() <= kHostBytesMax && at.port != 0);
  }
  if (info.master) {
    CHECK(!info.master->host.empty() && info.master->host.size() <= kHostBytesMax && info.master->port != 0);
  }
  CHECK(equal(parse_node_info(written(info)), info));

  CHECK(equal(parse_node_info("# Server\r\nredis_version:7.0.15\r\n" + std::string(text)), info));
  if (text.find('\r') == std::string_view::npos) {
    std::string with_returns;
    for (const char c : text) with_returns += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(equal(parse_node_info(with_returns), info));
  }
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sentinel::check(sentinel::expand_runs(sentinel::text_of(data, size)));
  return 0;
}
