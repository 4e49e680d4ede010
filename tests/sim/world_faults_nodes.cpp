// Faults of Redis servers.
#include <fmt/core.h>

#include <algorithm>

#include "tests/sim/world.h"

namespace sentinel::sim {

std::function<void()> World::kill_node(const Fault& fault) {
  const ServerIndex node = node_victim(fault);
  if (!redis_.server(node).alive) return nullptr;
  note("world: kills " + to_string(redis_.server(node).at));
  redis_.kill(node);
  last_death_ = queue_.now();
  return [this, node] {
    note("world: starts " + to_string(redis_.server(node).at));
    redis_.start(node);
  };
}

std::function<void()> World::kill_masters() {
  std::vector<ServerIndex> killed;
  for (std::size_t group = 0; group < settings_.groups; ++group) {
    const auto master = current_master(group);
    if (!master || *master >= own_servers_ || !redis_.server(*master).alive) continue;
    note("world: kills " + to_string(redis_.server(*master).at));
    redis_.kill(*master);
    killed.push_back(*master);
  }
  if (killed.empty()) return nullptr;
  last_death_ = queue_.now();
  return [this, killed] {
    for (const ServerIndex node : killed) {
      note("world: starts " + to_string(redis_.server(node).at));
      redis_.start(node);
    }
  };
}

std::function<void()> World::pause_node(const Fault& fault) {
  const ServerIndex node = node_victim(fault);
  if (!redis_.server(node).alive || redis_.server(node).paused) return nullptr;
  note("world: pauses " + to_string(redis_.server(node).at));
  redis_.pause(node);
  return [this, node] {
    note("world: resumes " + to_string(redis_.server(node).at));
    redis_.resume(node);
  };
}

std::function<void()> World::reset_node(const Fault& fault) {
  const ServerIndex node = node_victim(fault);
  note("world: resets connections of " + to_string(redis_.server(node).at));
  redis_.close_connections(node, 0);
  return [] {};
}

std::function<void()> World::trouble_node(const Fault& fault, bool RedisServer::*trouble, const std::string& words) {
  const ServerIndex node = node_victim(fault);
  RedisServer& server = redis_.server(node);
  if (!server.alive || server.*trouble) return nullptr;
  note(fmt::format("world: {} {}", to_string(server.at), words));
  server.*trouble = true;
  return [this, &server, trouble] {
    note("world: no more trouble with " + to_string(server.at));
    server.*trouble = false;
  };
}

// Two of the group must stay where the sentinels know them, so that one is fit
// to take over: else nobody can find the group again but an operator.
bool World::may_move(ServerIndex index) const {
  const std::size_t group = redis_.servers()[index]->group;
  const auto elsewhere = std::count_if(moved_.begin(), moved_.end(), [&](ServerIndex each) {
    return each != index && redis_.servers()[each]->group == group;
  });
  // What only the current master has would be gone with it.
  const RedisServer& moving = *redis_.servers()[index];
  const bool followed = std::any_of(moving.replicas.begin(), moving.replicas.end(), [&](const auto& replica) {
    return redis_.servers()[replica.first]->link == Link::Up;
  });
  return moving.alive && (followed || !moving.is_master()) && !settings_.odd_priorities &&
         static_cast<std::size_t>(elsewhere) + 1 < settings_.replicas;
}

// A new address in the group's range, never used before.
Endpoint World::fresh_address(ServerIndex index) {
  const std::size_t group = redis_.server(index).group;
  const Endpoint at{fmt::format("10.1.{}.{}", group, 100 + moves_++), 6379};
  invariants_->moved(group_name(group), at);
  moved_.insert(index);
  return at;
}

std::function<void()> World::move_node(const Fault& fault) {
  const ServerIndex node = node_victim(fault);
  if (!may_move(node)) return nullptr;
  note("world: kills " + to_string(redis_.server(node).at));
  redis_.kill(node);
  last_death_ = queue_.now();
  moved_.insert(node);
  return [this, node] {
    const Endpoint from = redis_.server(node).at;
    redis_.move(node, fresh_address(node));
    note(fmt::format("world: {} comes back as {}", to_string(from), to_string(redis_.server(node).at)));
    redis_.start(node);
  };
}

// The machine's address goes to another deployment's replica, as in a cloud.
std::function<void()> World::replace_node(const Fault& fault) {
  const ServerIndex node = node_victim(fault);
  const ServerIndex foreign = own_servers_ + 1;  // The replica of the foreign master.
  if (!may_move(node) || redis_.server(foreign).alive) return nullptr;
  const Endpoint at = redis_.server(node).at;
  note(fmt::format("world: {} is another deployment's now", to_string(at)));
  redis_.kill(node);
  last_death_ = queue_.now();
  redis_.move(node, fresh_address(node));
  redis_.move(foreign, at);
  redis_.start(foreign);
  redis_.server(foreign).group = redis_.server(node).group;  // As those see it who know the address.
  foreign_since_ = queue_.now();
  foreign_adopted_ = false;
  return [this, node, foreign, at] {
    note(fmt::format("world: {} is nobody's, {} starts", to_string(at), to_string(redis_.server(node).at)));
    redis_.kill(foreign);
    redis_.server(foreign).master = redis_.server(own_servers_).at;  // Whatever it was told meanwhile.
    redis_.move(foreign, Endpoint{fmt::format("10.9.0.{}", 100 + moves_++), 6379});
    redis_.start(node);
  };
}

}  // namespace sentinel::sim
