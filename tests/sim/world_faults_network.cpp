// Faults between hosts, and rumours.
#include <fmt/core.h>

#include <algorithm>

#include "tests/sim/world.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kHellosKept = 64;

// The members of `hosts` whose bit is set.
std::vector<HostId> subset(const std::vector<HostId>& hosts, std::uint64_t bits) {
  std::vector<HostId> chosen;
  for (std::size_t at = 0; at < hosts.size(); ++at) {
    if ((bits >> at) & 1U) chosen.push_back(hosts[at]);
  }
  return chosen;
}

bool contains(const std::vector<HostId>& hosts, HostId host) {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

}  // namespace

// One side of a partition: around the master, around the leader, or any.
std::vector<HostId> World::side_of(const Fault& fault) {
  std::vector<HostId> all;
  for (std::size_t host = 0; host < net_.hosts(); ++host) all.push_back(HostId{host});
  std::vector<HostId> side = subset(all, fault.choice);
  switch (fault.victim) {
    case Victim::Chosen: break;
    case Victim::Master:
      side = subset(side, fault.choice >> 8);
      side.push_back(redis_.server(node_victim(fault)).host);
      break;
    case Victim::Leader:
      side = subset(side, fault.choice >> 8);
      side.push_back(sentinel_victim(fault).host());
      break;
  }
  return side;
}

std::function<void()> World::cut(std::vector<std::pair<HostId, HostId>> pairs) {
  if (pairs.empty()) return nullptr;
  std::string text;
  for (const auto& [from, to] : pairs) {
    net_.cut(from, to);
    if (history_.on()) text += fmt::format(" {}>{}", net_.name(from), net_.name(to));
  }
  note("world: cut" + text);
  return [this, pairs = std::move(pairs)] {
    note("world: a cut heals");
    for (const auto& [from, to] : pairs) net_.heal(from, to);
  };
}

std::function<void()> World::partition(const Fault& fault) {
  const std::vector<HostId> side = side_of(fault);
  std::vector<std::pair<HostId, HostId>> pairs;
  for (const HostId from : side) {
    for (std::size_t host = 0; host < net_.hosts(); ++host) {
      if (contains(side, HostId{host})) continue;
      const bool outwards = fault.kind == FaultKind::Partition || fault.choice % 2 == 0;
      if (outwards) pairs.emplace_back(from, HostId{host});
      if (fault.kind == FaultKind::Partition || !outwards) pairs.emplace_back(HostId{host}, from);
    }
  }
  return cut(std::move(pairs));
}

std::function<void()> World::cut_some_pairs(const Fault& fault) {
  Rng choose(fault.choice);
  std::vector<std::pair<HostId, HostId>> pairs;
  for (std::size_t a = 0; a < net_.hosts(); ++a) {
    for (std::size_t b = a + 1; b < net_.hosts(); ++b) {
      if (choose.below(4) != 0) continue;
      pairs.emplace_back(HostId{a}, HostId{b});
      pairs.emplace_back(HostId{b}, HostId{a});
    }
  }
  return cut(std::move(pairs));
}

// Each direction of each pair comes back at a moment of its own.
std::function<void()> World::clog(const Fault& fault) {
  Rng choose(fault.choice);
  std::string text;
  for (std::size_t a = 0; a < net_.hosts(); ++a) {
    for (std::size_t b = 0; b < net_.hosts(); ++b) {
      if (a == b || choose.below(3) != 0) continue;
      net_.cut(HostId{a}, HostId{b});
      if (history_.on()) text += fmt::format(" {}>{}", net_.name(HostId{a}), net_.name(HostId{b}));
      end_later(choose.jitter(fault.lasts), [this, a, b] { net_.heal(HostId{a}, HostId{b}); });
    }
  }
  note("world: clogs" + text);
  return [] {};
}

std::function<void()> World::slow_network(const Fault& fault) {
  const Millis extra = 20ms + Millis(static_cast<Millis::rep>(fault.choice % 1500));
  std::vector<HostId> slow = side_of(fault);
  for (const HostId host : slow) net_.slow_down(host, extra);
  note(fmt::format("world: {} hosts are {} ms slow", slow.size(), extra.count()));
  return [this, slow = std::move(slow)] {
    for (const HostId host : slow) net_.slow_down(host, 0ms);
  };
}

std::function<void()> World::slow_dns(const Fault& fault) {
  SentinelProcess& process = sentinel_victim(fault);
  const Resolver how{Millis(static_cast<Millis::rep>(fault.choice % 5000)), fault.choice % 3 == 0};
  note(fmt::format("world: {} resolves names {} after {} ms", net_.name(process.host()), how.fails ? "not" : "slowly",
                   how.extra.count()));
  process.resolve_slowly(how);
  return [&process] { process.resolve_slowly({}); };
}

// --- Rumours: whoever may publish on a data node can say anything.

// What a sentinel would say now, for later.
void World::remember_hello() {
  const auto& sentinel = sentinels_[rng_.below(sentinels_.size())];
  const std::size_t group = rng_.below(settings_.groups);
  if (!sentinel->core()) return;
  const auto status = sentinel->core()->status(sentinel->local_now(), group_name(group));
  if (!status) return;
  if (hellos_.size() >= kHellosKept) hellos_.erase(hellos_.begin());
  hellos_.push_back({.sentinel = sentinel->at(),
                     .id = sentinel->id(),
                     .current_epoch = status->epoch,
                     .group = group_name(group),
                     .master = status->master.at,
                     .config_epoch = status->config_epoch});
}

// On a node's channel, and where PUBLISH is accepted on the sentinels' own port.
void World::spread(const Hello& hello, std::uint64_t choice) {
  const ServerIndex server = choice % own_servers_;
  for (const auto& sentinel : sentinels_) sentinel->push_hello(server, hello);
  sentinels_[choice % sentinels_.size()]->hear(hello);
}

std::function<void()> World::forge_hello(const Fault& fault) {
  Rng choose(fault.choice);
  const std::size_t group = choose.below(settings_.groups);
  constexpr std::uint64_t kAhead[] = {1, 2, 1000, 20'000'000, UINT64_MAX / 2};
  const Epoch epoch{1 + kAhead[choose.below(std::size(kAhead))]};
  const auto& sentinel = sentinels_[choose.below(sentinels_.size())];
  const bool ours = choose.below(3) > 0;
  Hello forged{.sentinel = ours ? sentinel->at() : Endpoint{"10.66.6.6", 26379},
               .id = ours ? sentinel->id() : NodeId{std::string(40, 'f')},
               .current_epoch = epoch,
               .group = group_name(group),
               .master = redis_.server(choose.below(own_servers_)).at,
               .config_epoch = epoch};
  if (choose.below(4) == 0) forged.master = {"10.66.6.7", 6379};
  note("world: forges " + format_hello(forged));
  spread(forged, fault.choice);
  return [] {};
}

std::function<void()> World::repeat_hello(const Fault& fault) {
  if (hellos_.empty()) return nullptr;
  const Hello& hello = hellos_[fault.choice % hellos_.size()];
  note("world: repeats " + format_hello(hello));
  spread(hello, fault.choice);
  spread(hello, fault.choice + 1);
  return [] {};
}

}  // namespace sentinel::sim
