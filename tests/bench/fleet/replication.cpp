#include "tests/bench/fleet/replication.h"

#include <fmt/format.h>

namespace sentinel::fleet {

Replication::Replication(std::size_t number, const std::array<Endpoint, kNodesPerGroup>& addresses, Time now)
    : number_(number) {
  const std::string history = new_id();
  for (std::size_t i = 0; i < kNodesPerGroup; ++i) {
    nodes_[i].at = addresses[i];
    nodes_[i].run_id = new_id();
    nodes_[i].replication_id = history;
    nodes_[i].replication_id2 = std::string(40, '0');
    nodes_[i].offset_base = 1000;
    nodes_[i].offset_since = nodes_[i].link_since = now;
    if (i == 0) continue;
    nodes_[i].master = addresses[0];
    nodes_[i].link_up = true;
  }
}

// 40 hex characters that are unique in this fleet.
std::string Replication::new_id() { return fmt::format("{:016x}{:024x}", number_ * 0x9e3779b97f4a7c15U, ++last_id_); }

std::optional<std::size_t> Replication::master_of(std::size_t node) const {
  if (!nodes_[node].master) return std::nullopt;
  for (std::size_t i = 0; i < kNodesPerGroup; ++i) {
    if (i != node && nodes_[i].at == *nodes_[node].master) return i;
  }
  return std::nullopt;
}

bool Replication::replicates(std::size_t node, std::size_t from) const {
  return nodes_[node].health != Health::Dead && nodes_[node].link_up && master_of(node) == from;
}

std::uint64_t Replication::offset(std::size_t index, Time now, std::size_t depth) const {
  const Node& node = nodes_[index];
  if (node.health != Health::Running || depth == 0) return node.offset_base;
  if (node.master) {
    const auto master = master_of(index);
    return node.link_up && master ? offset(*master, now, depth - 1) : node.offset_base;
  }
  const auto alive = std::chrono::duration_cast<std::chrono::milliseconds>(now - node.offset_since).count();
  return node.offset_base + static_cast<std::uint64_t>(alive) * kStreamBytesPerSecond / 1000;
}

void Replication::freeze(std::size_t node, Time now) {
  nodes_[node].offset_base = offset(node, now);
  nodes_[node].offset_since = now;
}

void Replication::freeze_replicas(std::size_t master, Time now) {
  for (std::size_t i = 0; i < kNodesPerGroup; ++i) {
    if (replicates(i, master)) freeze(i, now);
  }
}

void Replication::settle(Time now) {
  for (std::size_t i = 0; i < kNodesPerGroup; ++i) {
    Node& node = nodes_[i];
    const auto master = master_of(i);
    if (node.health != Health::Running || !master || node.link_up) continue;
    if (nodes_[*master].health != Health::Running || now < node.link_since + kPartialResyncTime) continue;
    node.link_up = true;
    node.link_since = now;
    node.replication_id = nodes_[*master].replication_id;
    node.replication_id2 = nodes_[*master].replication_id2;
    node.second_offset = nodes_[*master].second_offset;
  }
}

void Replication::promote(std::size_t index, Time now) {
  settle(now);
  Node& node = nodes_[index];
  if (!node.master) return;
  freeze(index, now);
  node.master.reset();
  node.link_up = false;
  node.replication_id2 = node.replication_id;
  node.second_offset = static_cast<std::int64_t>(node.offset_base) + 1;
  node.replication_id = new_id();
  node.link_since = now;
}

void Replication::follow(std::size_t index, const Endpoint& master, Time now) {
  settle(now);
  Node& node = nodes_[index];
  if (node.master == master) return;
  freeze(index, now);
  freeze_replicas(index, now);
  node.master = master;
  node.link_up = false;
  node.link_since = now;
}

void Replication::set_health(std::size_t index, Health health, Time now) {
  settle(now);
  Node& node = nodes_[index];
  if (node.health == health) return;
  freeze(index, now);
  freeze_replicas(index, now);
  const Health before = node.health;
  node.health = health;
  node.offset_since = now;
  if (health == Health::Dead) {
    for (std::size_t i = 0; i < kNodesPerGroup; ++i) {
      if (i == index || !nodes_[i].link_up || master_of(i) != index) continue;
      nodes_[i].link_up = false;
      nodes_[i].link_since = now;
    }
  }
  if (before != Health::Dead || health != Health::Running) return;
  node.run_id = new_id();
  node.replication_id = new_id();
  node.replication_id2 = std::string(40, '0');
  node.second_offset = -1;
  node.offset_base = 0;
  node.link_up = false;
  node.link_since = now;
}

std::size_t Replication::current_master() const {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < kNodesPerGroup; ++i) {
    if (nodes_[i].master || nodes_[i].health != Health::Running) continue;
    if (!best || nodes_[i].link_since < nodes_[*best].link_since) best = i;
  }
  return best.value_or(0);
}

}  // namespace sentinel::fleet
