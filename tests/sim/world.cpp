#include "tests/sim/world.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/check.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kConvergedFor = 5s;
constexpr Millis kLookPeriod = 500ms;

Endpoint sentinel_address(SentinelIndex index) { return {fmt::format("10.0.0.{}", index + 1), 26379}; }
Endpoint server_address(std::size_t group, std::size_t index) {
  return {fmt::format("10.1.{}.{}", group, index + 1), 6379};
}

NodeId sentinel_id(Rng& rng) {
  return NodeId{fmt::format("{:016x}{:016x}{:08x}", rng.next(), rng.next(), rng.next() & 0xffffffffU)};
}

}  // namespace

World::World(WorldSettings settings)
    : settings_(std::move(settings)),
      rng_(settings_.seed * 2 + 1),
      history_(settings_.history_lines),
      net_(queue_, rng_.next(), settings_.delay_max),
      redis_(net_, rng_.next(), settings_.redis),
      mesh_(net_, rng_.next()) {
  build();
}

void World::build() {
  InvariantsSetup checks;
  checks.membership_is_fixed = !settings_.discovery && settings_.stock == 0;
  for (std::size_t group = 0; group < settings_.groups; ++group) {
    GroupSettings named = settings_.group;
    named.name = fmt::format("g{}", group);
    named.notification_script = "/notify";
    named.client_reconfig_script = "/reconfigure";
    named.priority = static_cast<unsigned>(50 * (1 + (settings_.seed + 2 * group) % 3));
    named.master = server_address(group, 0);
    for (std::size_t index = 0; index <= settings_.replicas; ++index) {
      const unsigned priority = settings_.odd_priorities ? static_cast<unsigned>(rng_.below(3) * 50) : 100;
      const bool first = index == 0;
      redis_.add(group, server_address(group, index), first ? std::nullopt : std::optional(named.master),
                 first ? 100 : priority);
      checks.servers[named.name].push_back(server_address(group, index));
    }
    group_settings_.push_back(std::move(named));
  }
  own_servers_ = redis_.servers().size();
  acknowledged_.resize(settings_.groups);
  add_foreign_servers();

  std::vector<ProcessSetup> setups;
  const std::size_t spares = settings_.discovery || settings_.stock > 0 ? 0 : 1;
  for (SentinelIndex index = 0; index < settings_.sentinels + spares; ++index) {
    ProcessSetup setup;
    setup.index = index;
    setup.settings = settings_.process;
    setup.settings.self = sentinel_id(rng_);
    setup.settings.announce = sentinel_address(index);
    for (SentinelIndex other = 0; other < settings_.sentinels && !settings_.discovery; ++other) {
      if (other != index) setup.settings.peers.push_back(sentinel_address(other));
    }
    for (std::size_t other = 0; other < settings_.stock && !settings_.discovery; ++other)
      setup.settings.peers.push_back(sentinel_address(settings_.sentinels + other));
    if (settings_.mutation == Mutation::LeaseMismatch) setup.settings.lease = index == 0 ? 60s : 700ms;
    setup.groups = group_settings_;
    setup.seed = rng_.next();
    const auto error = settings_.clock_error_ppm;
    setup.clock_ppm += error == 0 ? 0 : static_cast<std::int64_t>(rng_.below(2 * error + 1)) - error;
    setup.commit_max = settings_.commit_max;
    checks.sentinels.push_back(setup.settings.self);
    setups.push_back(std::move(setup));
  }
  // Where leases are broken on purpose, the rule behind them must notice: one leader at a time.
  if (settings_.mutation != Mutation::LeaseMismatch) checks.lease = settings_.process.lease;
  invariants_ = std::make_unique<Invariants>(std::move(checks));
  invariants_->majority(settings_.sentinels / 2 + 1);
  around_.net = &net_;
  around_.redis = &redis_;
  around_.mesh = &mesh_;
  around_.invariants = invariants_.get();
  receiver_ = std::make_unique<AlertReceiver>(
      [this](std::string rule, std::string text) { invariants_->fail(std::move(rule), std::move(text)); });
  around_.receiver = receiver_.get();
  around_.history = &history_;
  around_.mutation = settings_.mutation;
  around_.events = &report_.events;
  around_.decided = [this](SentinelIndex self, const Action& action, const Endpoint& node, const std::string& group) {
    if (const auto* promote = std::get_if<Promote>(&action)) judge_promotion(self, *promote, group);
    if (const auto* repoint = std::get_if<Repoint>(&action)) judge_repoint(self, *repoint, node, group);
    if (std::holds_alternative<ConfigSet>(action)) judge_setting(self, node, group);
  };
  around_.configured = [this](SentinelIndex self, const ConfigRecord& config) { judge_config(self, config); };
  around_.shown = [this](SentinelIndex self, const Event& event) { judge_event(self, event); };
  around_.role_changes = [this](SentinelIndex self, ServerIndex server) { judge_role_change(self, server); };
  // A publication reaches the listeners of the server and of its replicas.
  around_.publish = [this](ServerIndex server, const std::string& payload) {
    const std::optional<Hello> hello = parse_hello(payload);
    CHECK(hello.has_value());
    for (const auto& each : sentinels_) each->push_hello(server, *hello);
    for (const auto& each : stock_) each->push_hello(server, *hello);
    for (const auto& [replica, attached] : redis_.server(server).replicas) {
      for (const auto& each : sentinels_) each->push_hello(replica, *hello);
      for (const auto& each : stock_) each->push_hello(replica, *hello);
    }
  };
  around_.ask_view = [this](SentinelIndex self, const AskStockView& ask) { words_.ask(*sentinels_[self], ask); };
  around_.ask_config = [this](SentinelIndex self, const AskStockConfig& ask) { words_.ask(*sentinels_[self], ask); };
  around_.tell_stock = [this](SentinelIndex self, const TellStock& tell) { words_.tell(*sentinels_[self], tell); };
  for (ProcessSetup& setup : setups) {
    const HostId host = net_.add_host(fmt::format("s{}", setup.index));
    auto process = std::make_unique<SentinelProcess>(around_, std::move(setup), host);
    if (sentinels_.size() < settings_.sentinels) {
      sentinels_.push_back(std::move(process));
    } else {
      spare_ = std::move(process);
    }
  }
  add_stock_sentinels();
  for (std::size_t index = 0; index < settings_.clients * settings_.groups; ++index) {
    clients_.push_back({net_.add_host(fmt::format("c{}", index)), index % settings_.groups, std::nullopt, 0});
  }
  if (settings_.mutation == Mutation::ForgeVotes) {
    mesh_.tamper = [](const NodeId&, const NodeId&, PeerMessage message) {
      if (auto* reply = std::get_if<VoteReply>(&message)) reply->refusal = VoteRefusal::None;
      return message;
    };
  }
  if (settings_.mutation == Mutation::CorruptConfigs) {
    mesh_.tamper = [this](const NodeId&, const NodeId&, PeerMessage message) {
      if (auto* config = std::get_if<ConfigMessage>(&message); config && config->epoch.value > 0) {
        config->master = group_settings_.front().master;
      }
      return message;
    };
  }
  const TimePoint start = queue_.now() + settings_.warm_up;
  if (settings_.faults) {
    faults_ = *settings_.faults;
  } else if (!settings_.fault_kinds.empty() && settings_.fault_count > 0) {
    Rng rng(settings_.seed * 2 + 2);  // Its own: fewer faults leave all other chance as it was.
    faults_ = draw_faults(rng, {start, start + settings_.fault_time, settings_.fault_count, settings_.fault_kinds});
  }
}

void World::add_stock_sentinels() {
  for (std::size_t index = 0; index < settings_.stock; ++index) {
    StockSurroundings around;
    around.net = &net_;
    around.redis = &redis_;
    around.mesh = &mesh_;
    around.history = &history_;
    around.events = &report_.events;
    around.publish = around_.publish;
    around.configured = [this](const std::string& group, const Endpoint& master) {
      invariants_->stock_configured(group, master);
    };
    around.ask = [this, index](const NodeId& to, const Endpoint& master, Epoch epoch, const NodeId& candidate) {
      words_.ask(*stock_[index], to, master, epoch, candidate);
    };
    const std::string name = fmt::format("t{}", index);
    stock_.push_back(std::make_unique<StockSentinel>(std::move(around), name, sentinel_id(rng_),
                                                     sentinel_address(settings_.sentinels + index), group_settings_,
                                                     rng_.next(), net_.add_host(name)));
  }
}

// Another deployment's master and replica, for addresses that are taken over.
void World::add_foreign_servers() {
  const Endpoint master{"10.9.0.1", 6379};
  const ServerIndex first = redis_.add(settings_.groups, master, std::nullopt, 100);
  const ServerIndex second = redis_.add(settings_.groups, {"10.9.0.2", 6379}, master, 100);
  redis_.server(first).foreign = redis_.server(second).foreign = true;
  redis_.kill(second);  // Until it takes over an address.
}

Report World::run() {
  boot_all();
  for (const Fault& fault : faults_) {
    ++report_.requested[fault.kind];
    queue_.at(fault.at, [this, &fault] { happen(fault); });
  }
  const auto stop = [this] { return stopped(); };
  queue_.run_until(queue_.now() + settings_.warm_up + settings_.fault_time, stop);
  heal_all();
  const TimePoint healed_at = queue_.now();
  TimePoint converged_since = kNever;
  std::optional<std::string> reason;
  while (!stopped()) {
    queue_.run_until(queue_.now() + kLookPeriod, stop);
    // A crash that was already on its way to the disk may still strike.
    for (const auto& sentinel : sentinels_) sentinel->boot();
    for (const auto& sentinel : stock_) sentinel->boot();
    reason = unconverged();
    if (reason) converged_since = kNever;
    if (!reason && converged_since == kNever) converged_since = queue_.now();
    if (!reason && queue_.now() - converged_since >= kConvergedFor) break;
    if (queue_.now() - healed_at > settings_.settle_max) {
      invariants_->fail("a healed deployment converges", reason.value_or("it keeps changing"));
    }
  }
  if (!stopped()) report_.settled_after = converged_since - healed_at;
  if (!stopped()) judge_losses();
  for (const auto& sentinel : sentinels_) {
    report_.happened[FaultKind::SentinelCrashBeforeDurable] += sentinel->crashes_at(CrashPoint::BeforeDurable);
    report_.happened[FaultKind::SentinelCrashAfterDurable] += sentinel->crashes_at(CrashPoint::AfterDurable);
  }
  report_.alerts_delivered = receiver_->delivered();
  report_.alerts_repeated = receiver_->repeated();
  report_.alerts_dead = receiver_->dead();
  report_.failure = invariants_->violation();
  report_.failed_at = queue_.now();
  report_.virtual_time = queue_.now().time_since_epoch();
  report_.handled = queue_.handled();
  report_.mixed = !stock_.empty();
  report_.faults = faults_;
  for (const auto& [when, line] : history_.lines()) {
    report_.history.push_back(fmt::format("{:>8} {}", when.time_since_epoch().count(), line));
  }
  return report_;
}

void World::boot_all() {
  for (const auto& sentinel : sentinels_) {
    queue_.after(rng_.jitter(500ms), [&process = *sentinel] { process.boot(); });
  }
  for (const auto& sentinel : stock_) queue_.after(rng_.jitter(500ms), [&process = *sentinel] { process.boot(); });
  for (std::size_t client = 0; client < clients_.size(); ++client) {
    queue_.after(2s + rng_.jitter(1s), [this, client] { think(client); });
  }
}

// --- Judgement.

// What the sentinels say now; without an answer, the first node.
std::optional<ServerIndex> World::current_master(std::size_t group) const {
  Epoch newest;
  std::optional<ServerIndex> master;
  for (const auto& sentinel : sentinels_) {
    if (!sentinel->core()) continue;
    const auto status = sentinel->core()->status(sentinel->local_now(), group_name(group));
    const Endpoint* answer = sentinel->core()->master_address(group_name(group));
    if (!status || !answer || (master && status->config_epoch < newest)) continue;
    newest = status->config_epoch;
    master = redis_.find(*answer);
  }
  return master;
}

// After SENTINEL RESET a node that was away may be known to nobody.
bool World::known(ServerIndex index) const {
  const RedisServer& server = *redis_.servers()[index];
  return std::any_of(sentinels_.begin(), sentinels_.end(), [&](const auto& sentinel) {
    if (!sentinel->core()) return false;
    const auto status = sentinel->core()->status(sentinel->local_now(), group_name(server.group));
    return status && (status->master.at == server.at ||
                      std::any_of(status->replicas.begin(), status->replicas.end(),
                                  [&](const NodeStatus& replica) { return replica.at == server.at; }));
  });
}

std::optional<std::string> World::unconverged() const {
  for (std::size_t group = 0; group < settings_.groups; ++group) {
    if (auto reason = unconverged(group)) return reason;
  }
  if (receiver_->open() > 0) return fmt::format("{} alerts are neither delivered nor dead", receiver_->open());
  return std::nullopt;
}

std::optional<std::string> World::unconverged(std::size_t group) const {
  const std::string& name = group_name(group);
  std::optional<Endpoint> master;
  std::optional<Epoch> epoch;
  if (changing_members_) return "the list of peers is being changed";
  for (const auto& sentinel : sentinels_) {
    if (sentinel->retired()) continue;
    if (!sentinel->core()) return "a sentinel is down";
    const Coordinator& core = *sentinel->core();
    const Endpoint* answer = core.master_address(name);
    const auto status = core.status(sentinel->local_now(), name);
    if (!answer || !status) return fmt::format("a sentinel doesn't know {}", name);
    if (master && *master != *answer) {
      return fmt::format("sentinels answer {} and {} for {}", to_string(*master), to_string(*answer), name);
    }
    if (epoch && *epoch != status->config_epoch) {
      return fmt::format("sentinels have configurations {} and {} of {}", epoch->value, status->config_epoch.value,
                         name);
    }
    master = *answer;
    epoch = status->config_epoch;
    const FailoverTimeline* timeline = core.timeline(name);
    if (status->failover_in_progress || (timeline && timeline->outcome == "running")) {
      return fmt::format("{} still runs a failover of {}", sentinel->id().value.substr(0, 8), name);
    }
    if (status->master.s_down || status->o_down) return fmt::format("a sentinel sees {} down", to_string(*answer));
  }
  if (auto reason = stock_unconverged(group, *master, *epoch)) return reason;
  const bool guarded = settings_.group.write_safety == WriteSafety::Enforce && !alone(group, *master);
  for (ServerIndex index = 0; index < own_servers_; ++index) {
    const RedisServer& server = *redis_.servers()[index];
    if (server.group != group) continue;
    if (server.at != *master && !known(index)) continue;
    if (guarded && server.min_replicas_to_write == 0) {
      return fmt::format("{} takes writes that no replica follows", to_string(server.at));
    }
    if (server.at == *master) {
      if (!server.is_master()) return fmt::format("{} is answered and is no master", to_string(server.at));
      const bool takes = redis_.would_write(index) == WriteOutcome::Ok || alone(group, *master);
      if (!takes) return fmt::format("{} takes no writes", to_string(server.at));
      continue;
    }
    if (server.is_master()) return fmt::format("{} is a second master", to_string(server.at));
    if (server.master != master) {
      return fmt::format("{} follows {}", to_string(server.at), to_string(*server.master));
    }
    if (server.link != Link::Up) return fmt::format("{} isn't in sync", to_string(server.at));
  }
  return std::nullopt;
}

// Whether the sentinels know no replica that write safety could ask for: the
// others moved to addresses that nobody has told them.
bool World::alone(std::size_t group, const Endpoint& master) const {
  for (ServerIndex index = 0; index < own_servers_; ++index) {
    const RedisServer& server = *redis_.servers()[index];
    if (server.group == group && server.at != master && known(index)) return false;
  }
  return true;
}

// --- Clients: ask a sentinel, write to the master until it refuses or closes.

void World::think(std::size_t index) {
  if (healed_) return;  // What is written while it settles says nothing new.
  Client& client = clients_[index];
  if (client.master && redis_.server(*client.master).client_generation != client.connection) client.master.reset();
  if (!client.master) ask_master(client);
  if (client.master) {
    write(index);
  } else {
    queue_.after(50ms + rng_.jitter(100ms), [this, index] { think(index); });
  }
}

void World::ask_master(Client& client) {
  const auto& sentinel = sentinels_[rng_.below(sentinels_.size())];
  if (!sentinel->core() || sentinel->paused() || !net_.connected(client.host, sentinel->host())) return;
  const Endpoint* answer = sentinel->core()->master_address(group_name(client.group));
  if (!answer) return;
  client.master = redis_.find(*answer);
  if (client.master) client.connection = redis_.server(*client.master).client_generation;
}

void World::write(std::size_t index) {
  Client& client = clients_[index];
  const ServerIndex server = *client.master;
  const HostId host = redis_.server(server).host;
  const WriteId id = next_write_++;
  const auto open = std::make_shared<bool>(true);
  const auto finish = [this, index, open](bool keep, Millis pause) {
    if (!*open) return;
    *open = false;
    if (!keep) clients_[index].master.reset();
    queue_.after(pause, [this, index] { think(index); });
  };
  queue_.after(1s, [finish] { finish(false, 10ms); });  // The client's timeout.
  if (!net_.reaches(client.host, host)) return;
  queue_.after(
      net_.delay(client.host, host), [this, index, server, host, id, finish, open, connection = client.connection] {
        redis_.receive(server, [this, index, server, host, id, finish, open, connection] {
          if (redis_.server(server).client_generation != connection) return;
          redis_.write(server, id, [this, index, server, host, id, finish, open, connection](WriteOutcome outcome) {
            const RedisServer& wrote = redis_.server(server);
            const Acknowledged done{id, queue_.now(), server, wrote.replid, wrote.min_replicas_to_write > 0};
            if (!net_.reaches(host, clients_[index].host)) return;
            queue_.after(net_.delay(host, clients_[index].host),
                         [this, index, server, finish, open, outcome, connection, done] {
                           if (redis_.server(server).client_generation != connection) return finish(false, 10ms);
                           if (outcome == WriteOutcome::Ok && *open)
                             acknowledged_[clients_[index].group].push_back(done);
                           finish(outcome != WriteOutcome::ReadOnly, 20ms + rng_.jitter(80ms));
                         });
          });
        });
      });
}

}  // namespace sentinel::sim
