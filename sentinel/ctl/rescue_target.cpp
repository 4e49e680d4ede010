#include "sentinel/ctl/rescue_target.h"

#include <fmt/core.h>

#include <optional>

#include "sentinel/ctl/fields.h"

namespace sentinel {
namespace {

constexpr std::size_t kExistsBatch = 500;

// Whether the key is there, for all of them, in their order.
Result<std::vector<bool>> existing(Connection& master, const std::set<DatabaseKey>& keys) {
  std::vector<bool> found;
  std::optional<unsigned> database;
  for (auto next = keys.begin(); next != keys.end();) {
    if (database != next->first) {
      database = next->first;
      if (auto selected = master.ask({"SELECT", std::to_string(*database)}); !selected)
        return unexpected(selected.error());
    }
    std::size_t sent = 0;
    for (; next != keys.end() && next->first == *database && sent < kExistsBatch; ++next, ++sent)
      if (auto written = master.send({"EXISTS", next->second}); !written) return unexpected(written.error());
    for (; sent > 0; --sent) {
      const auto reply = master.read(Millis{5000});
      if (!reply) return unexpected(reply.error());
      if (!*reply || (*reply)->kind != Reply::Kind::Integer)
        return unexpected(fmt::format("{} did not answer EXISTS", to_string(master.at())));
      found.push_back((*reply)->integer == 1);
    }
  }
  return found;
}

}  // namespace

const char* name_of(KeyState state) {
  switch (state) {
    case KeyState::Missing: return "missing";
    case KeyState::Untouched: return "untouched";
    case KeyState::Changed: return "changed";
    case KeyState::Unknown: return "unknown";
  }
  return "?";
}

Result<Connection> connect_master(Session& session, const std::string& group, const std::string& to) {
  Endpoint at;
  if (!to.empty()) {
    const auto given = parse_endpoint(to);
    if (!given) return unexpected(fmt::format("--to {}: expected HOST:PORT", to));
    at = *given;
  } else {
    auto sentinel = session.any_sentinel();
    if (!sentinel) return unexpected(sentinel.error());
    const auto reply = (*sentinel)->ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group});
    if (!reply) return unexpected(reply.error());
    const auto master = to_endpoint(*reply);
    if (!master) return unexpected(fmt::format("the sentinel does not know group {}", group));
    at = *master;
  }
  auto link = session.node(at);
  if (!link) return link;
  const auto role = link->ask({"ROLE"});
  if (!role) return unexpected(role.error());
  if (role->items.empty() || role->items[0].text != "master")
    return unexpected(fmt::format("{} is not a master", to_string(at)));
  return link;
}

Result<KeyStates> key_states(Session& session, Connection& master, const RescueEntry& entry,
                             const std::set<DatabaseKey>& keys) {
  const auto there = existing(master, keys);
  if (!there) return unexpected(there.error());
  auto second = session.node(master.at());
  if (!second) return unexpected(second.error());
  const auto changes = changes_since(std::move(*second), entry.metadata.from_offset);
  KeyStates states;
  if (!changes) states.unknown_because = changes.error();
  if (changes && changes->whole_databases)
    states.unknown_because = "the master was flushed, or databases were swapped, since the failover";
  std::size_t index = 0;
  for (const DatabaseKey& key : keys) {
    const bool exists = (*there)[index++];
    const bool changed = changes && changes->keys.contains(key);
    states.keys[key] = changed                           ? KeyState::Changed
                       : !exists                         ? KeyState::Missing
                       : !states.unknown_because.empty() ? KeyState::Unknown
                                                         : KeyState::Untouched;
  }
  return states;
}

}  // namespace sentinel
