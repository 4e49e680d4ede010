#include "tests/sim/stock_sentinel.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kTick = 100ms;
constexpr Millis kTiltTrigger = 2s;
constexpr Millis kTiltPeriod = 30s;
constexpr Millis kInfoPeriod = 10s;
constexpr Millis kPublishPeriod = 2s;
constexpr Millis kAskPeriod = 1s;
constexpr Millis kAnswerLasts = 5s;
constexpr Millis kPromotedElsewhere = 8s;
constexpr Millis kCommandTimeout = 60s;  // It never looks at the answer.

}  // namespace

StockSentinel::StockSentinel(StockSurroundings around, std::string name, NodeId id, Endpoint at,
                             std::vector<GroupSettings> groups, std::uint64_t seed, HostId host)
    : around_(std::move(around)), name_(std::move(name)), configured_(std::move(groups)), rng_(seed) {
  PeerPort port;
  port.id = std::move(id);
  port.at = at;
  port.host = host;
  port.stock = true;
  port.post = [this](std::function<void()> work) { post(std::move(work)); };
  port.deliver = [](const Input&) {};
  port.hear = [this](const Hello& hello) { hear(hello); };
  port_ = around_.mesh->add(std::move(port));
  for (const GroupSettings& settings : configured_) {
    Group& group = groups_[settings.name];
    group.settings = settings;
    group.master = settings.master;
    group.nodes[group.master];
  }
}

void StockSentinel::say(const std::string& event, const std::string& text) {
  ++(*around_.events)["stock " + event];
  around_.history->add(now(), fmt::format("{} * {} {}", name_, event, text));
}

void StockSentinel::boot() {
  if (port_->alive) return;
  ++life_;
  port_->alive = true;
  port_->paused = false;
  last_tick_ = now();
  tilt_until_ = TimePoint{};
  around_.history->add(now(), name_ + " boots");
  for (auto& [name, group] : groups_) {
    if (group.step == Step::Reconfigure) group.master = group.promoted;  // So it is written since the promotion.
    group.promoted = Endpoint{};
    group.leader = NodeId{};  // Only the epoch of a vote is in its file.
    group.step = Step::None;
    group.started = TimePoint{};
    group.o_down = false;
    for (auto& [id, sentinel] : group.sentinels) {
      port_->wanted.insert(sentinel.at);
      sentinel = Sentinel{.at = sentinel.at};
    }
    std::set<Endpoint> known;
    for (const auto& [at, node] : group.nodes) known.insert(at);
    group.nodes.clear();
    for (const Endpoint& at : known) watch(group, at);
  }
  tick();
}

void StockSentinel::crash() {
  if (!port_->alive) return;
  around_.history->add(now(), name_ + " crashes");
  ++life_;
  port_->alive = port_->paused = false;
  port_->wanted.clear();
  inbox_.clear();
  around_.mesh->crashed(*port_);
  for (auto& [name, group] : groups_)
    for (auto& [at, node] : group.nodes)
      if (node.link) std::exchange(node.link, nullptr)->close();
}

void StockSentinel::pause() {
  if (port_->alive) port_->paused = true;
}

void StockSentinel::resume() {
  if (!port_->paused) return;
  port_->paused = false;
  for (auto& work : std::exchange(inbox_, {}))
    if (port_->alive) work();
}

void StockSentinel::post(std::function<void()> work) {
  if (!port_->alive) return;
  if (port_->paused)
    inbox_.push_back(std::move(work));
  else
    work();
}

void StockSentinel::tick() {
  if (now() - last_tick_ > kTiltTrigger) tilt_until_ = now() + kTiltPeriod;
  last_tick_ = now();
  for (auto& [name, group] : groups_) {
    monitor(group);
    if (tilt()) continue;
    judge(group);
    run_failover(group);
    ask_others(group, false);
  }
  around_.net->queue().after(kTick / 2 + rng_.jitter(kTick / 2), [this, life = life_] {
    post([this, life] {
      if (life == life_) tick();
    });
  });
}

// --- Nodes.

void StockSentinel::watch(Group& group, const Endpoint& at) {
  Node& node = group.nodes[at];
  if (node.link) return;
  node = Node{};
  node.last_ok = now();
  node.asked = now();
  NodeLinkSetup setup;
  setup.net = around_.net;
  setup.redis = around_.redis;
  setup.host = port_->host;
  setup.local_ip = port_->at.host;
  setup.id = LinkId{++last_link_};
  setup.at = at;
  setup.resolver = &resolver_;
  setup.publish = around_.publish;
  setup.role_changes = [](ServerIndex) {};
  setup.deliver = [this, name = group.settings.name, at, life = life_](Input input) {
    if (life != life_) return;
    post([this, name, at, life, input = std::move(input)] {
      if (life == life_) on_input(name, at, input);
    });
  };
  node.link = NodeLink::open(std::move(setup));
  node.link->listen(true);
}

void StockSentinel::on_input(const std::string& name, const Endpoint& at, const Input& input) {
  Group& group = groups_.at(name);
  const auto found = group.nodes.find(at);
  if (found == group.nodes.end()) return;
  Node& node = found->second;
  if (std::holds_alternative<LinkUp>(input)) {
    node.up = true;
    node.next_ping = node.next_info = now();
  }
  if (std::holds_alternative<LinkDown>(input)) node.up = false;
  if (const auto* ping = std::get_if<PingReply>(&input)) {
    const bool acceptable = ping->verdict == PingVerdict::Pong || ping->verdict == PingVerdict::Loading ||
                            ping->verdict == PingVerdict::MasterDown;
    if (acceptable) node.last_ok = now();
    if (acceptable) node.asked.reset();
  }
  if (const auto* info = std::get_if<InfoReply>(&input)) on_info(group, at, info->info);
  if (const auto* hello = std::get_if<HelloReceived>(&input)) hear(hello->hello);
}

void StockSentinel::monitor(Group& group) {
  const bool hurry = group.o_down || group.step != Step::None;
  for (auto& [at, node] : group.nodes) {
    if (!node.up) continue;
    if (now() >= node.next_ping) {
      node.next_ping = now() + std::min(Millis{1000}, group.settings.down_after);
      if (!node.asked) node.asked = now();
      node.link->ping();
    }
    if (hurry && at != group.master) node.next_info = std::min(node.next_info, node.info_at + 1s);
    if (now() >= node.next_info) {
      node.next_info = now() + kInfoPeriod;
      node.link->ask_info();
    }
  }
  speak(group, false);
}

void StockSentinel::on_info(Group& group, const Endpoint& at, const NodeInfo& info) {
  if (info.role == NodeRole::Unknown) return;
  Node& node = group.nodes.at(at);
  if (node.info.role != info.role) node.role_since = now();
  if (node.info.master != info.master) node.master_since = now();
  node.info = info;
  node.info_at = now();
  if (at == group.master && info.role == NodeRole::Master)
    for (const Endpoint& replica : info.replicas) watch(group, replica);
  if (tilt()) return;
  if (group.step == Step::WaitPromotion && at == group.promoted && info.role == NodeRole::Master) {
    group.config_epoch = group.failover_epoch;
    around_.configured(group.settings.name, at);
    say("+promoted-slave", to_string(at));
    change(group, Step::Reconfigure);
    speak(group, true);
    return;
  }
  correct(group, at, group.nodes.at(at));
}

void StockSentinel::repoint(Node& node, const Endpoint& master) {
  node.link->repoint(Repoint{LinkId{0}, Token{++last_token_}, kCommandTimeout, master, false});
}

void StockSentinel::correct(Group& group, const Endpoint& at, Node& node) {
  const Node& master = group.nodes.at(group.master);
  const bool sane =
      master.info.role == NodeRole::Master && !master.down && !group.o_down && now() - master.info_at < 2 * kInfoPeriod;
  if (at == group.master || at == group.promoted || !sane || !node.up) return;
  const auto quiet = [&](Millis time) { return node.down_since == TimePoint{} || now() - node.down_since > time; };
  if (node.info.role == NodeRole::Master) {
    if (!quiet(kPromotedElsewhere) || now() - node.role_since <= kPromotedElsewhere) return;
    say("+convert-to-slave", to_string(at));
    return repoint(node, group.master);
  }
  if (node.info.master == group.master) return;
  const Millis patience = group.settings.failover_timeout;
  if (!quiet(patience) || now() - node.master_since <= patience) return;
  say("+fix-slave-config", to_string(at));
  repoint(node, group.master);
}

// --- Down.

void StockSentinel::judge(Group& group) {
  for (auto& [at, node] : group.nodes) {
    const TimePoint since = node.asked || node.up ? node.asked.value_or(now()) : node.last_ok;
    const bool silent = now() - since > group.settings.down_after;
    const bool demoted = at == group.master && node.info.role == NodeRole::Replica &&
                         now() - node.role_since > group.settings.down_after + 2 * kInfoPeriod;
    const bool down = silent || demoted;
    if (down && !node.down) node.down_since = now();
    node.down = down;
  }
  unsigned count = 1;
  for (auto& [id, sentinel] : group.sentinels) {
    if (now() - sentinel.answered > kAnswerLasts) sentinel = Sentinel{.at = sentinel.at, .asked = sentinel.asked};
    if (sentinel.says_down) ++count;
  }
  group.o_down = group.nodes.at(group.master).down && count >= group.settings.quorum;
  if (!group.o_down || group.step != Step::None) return;
  if (group.started != TimePoint{} && now() - group.started < 2 * group.settings.failover_timeout) return;
  ++current_epoch_.value;
  group.failover_epoch = current_epoch_;
  group.started = now() + rng_.jitter(1s);
  say("+try-failover", fmt::format("{} epoch {}", group.settings.name, current_epoch_.value));
  change(group, Step::WaitStart);
  ask_others(group, true);
}

void StockSentinel::ask_others(Group& group, bool forced) {
  if (!group.nodes.at(group.master).down) return;
  for (auto& [id, sentinel] : group.sentinels) {
    if (!forced && now() - sentinel.asked < kAskPeriod) continue;
    sentinel.asked = now();
    around_.ask(id, group.master, current_epoch_, group.step == Step::None ? NodeId{} : port_->id);
  }
}

void StockSentinel::told(const NodeId& from, const Endpoint& master, const DownAnswer& answer) {
  for (auto& [name, group] : groups_) {
    const auto sentinel = group.sentinels.find(from);
    if (group.master != master || sentinel == group.sentinels.end()) continue;
    sentinel->second.answered = now();
    sentinel->second.says_down = answer.down;
    if (answer.leader.value.empty()) continue;
    sentinel->second.leader = answer.leader;
    sentinel->second.leader_epoch = answer.leader_epoch;
  }
}

NodeId StockSentinel::vote(Group& group, Epoch epoch, const NodeId& candidate) {
  current_epoch_ = std::max(current_epoch_, epoch);
  if (group.leader_epoch < epoch && current_epoch_ <= epoch) {
    group.leader = candidate;
    group.leader_epoch = epoch;
    say("+vote-for-leader", fmt::format("{} epoch {}", candidate.value.substr(0, 8), epoch.value));
    if (candidate != port_->id) group.started = now() + rng_.jitter(1s);
  }
  return group.leader;
}

StockSentinel::DownAnswer StockSentinel::is_master_down(const Endpoint& master, Epoch epoch, const NodeId& candidate) {
  for (auto& [name, group] : groups_) {
    if (group.master != master) continue;
    DownAnswer answer{.down = group.nodes.at(master).down && !tilt(), .leader = {}, .leader_epoch = {}};
    if (candidate.value.empty()) return answer;
    answer.leader = vote(group, epoch, candidate);
    answer.leader_epoch = group.leader_epoch;
    return answer;
  }
  return {};
}

// --- Hellos and configurations.

std::optional<Endpoint> StockSentinel::master_address(const std::string& name) const {
  if (!port_->alive) return std::nullopt;
  const Group& group = groups_.at(name);
  return group.step == Step::Reconfigure ? group.promoted : group.master;
}

StockConfig StockSentinel::config(const std::string& name) const {
  const Group& group = groups_.at(name);
  constexpr StockFailover kSteps[] = {StockFailover::None, StockFailover::Candidate, StockFailover::Acting,
                                      StockFailover::Acting, StockFailover::Repointing};
  return {.id = port_->id,
          .group = name,
          .round = 0,
          .watches = true,
          .epoch = group.config_epoch,
          .master = *master_address(name),
          .failover = kSteps[static_cast<int>(group.step)]};
}

void StockSentinel::speak(Group& group, bool at_once) {
  if (!at_once && now() < group.next_hello) return;
  group.next_hello = now() + kPublishPeriod;
  const Hello hello{.sentinel = port_->at,
                    .id = port_->id,
                    .current_epoch = current_epoch_,
                    .group = group.settings.name,
                    .master = *master_address(group.settings.name),
                    .config_epoch = group.config_epoch};
  for (auto& [at, node] : group.nodes)
    if (node.up) node.link->publish(format_hello(hello));
  for (const auto& [id, sentinel] : group.sentinels) around_.mesh->tell_hello(*port_, id, hello);
}

void StockSentinel::push_hello(ServerIndex server, const Hello& hello) {
  if (!port_->alive) return;
  for (auto& [name, group] : groups_) {
    for (auto& [at, node] : group.nodes) {
      if (!node.link || at != around_.redis->server(server).at) continue;
      node.link->push_hello(hello);
      return;  // One process hears it once, whatever it watches there.
    }
  }
}

void StockSentinel::hear(const Hello& hello) {
  const auto found = groups_.find(hello.group);
  if (found == groups_.end() || hello.id == port_->id) return;
  Group& group = found->second;
  if (const auto known = group.sentinels.find(hello.id); known == group.sentinels.end()) {
    std::erase_if(group.sentinels, [&](const auto& each) { return each.second.at == hello.sentinel; });
    group.sentinels[hello.id].at = hello.sentinel;
    port_->wanted.insert(hello.sentinel);
  }
  current_epoch_ = std::max(current_epoch_, hello.current_epoch);
  if (hello.config_epoch <= group.config_epoch) return;
  group.config_epoch = hello.config_epoch;
  group.confused = false;
  if (group.master == hello.master) return;
  say("+config-update-from",
      fmt::format("{} epoch {}: {}", hello.id.value.substr(0, 8), hello.config_epoch.value, to_string(hello.master)));
  switch_to(group, hello.master);
}

}  // namespace sentinel::sim
