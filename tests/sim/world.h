// A whole deployment in virtual time: sentinels, Redis groups, clients that
// write, faults, and the judgement at the end.
//
//   WorldSettings settings = draw_settings(seed);
//   World world(settings);
//   Report report = world.run();
//   if (report.failure) ...   // The same seed fails the same way.
//
// A run has three parts: it starts and is left alone (warm-up), faults happen,
// then everything is healed and must converge.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/sim/fault.h"
#include "tests/sim/sentinel_process.h"
#include "tests/sim/stock_words.h"

namespace sentinel::sim {

struct WorldSettings {
  std::uint64_t seed = 0;
  std::size_t sentinels = 3;
  std::size_t stock = 0;  // So many more are stock sentinels.
  std::size_t replicas = 2;
  std::size_t groups = 1;
  std::size_t clients = 2;
  GroupSettings group;      // Name and master are filled in.
  ProcessSettings process;  // Identity and peers are filled in.
  bool discovery = false;   // Peers find each other by hello.
  Millis delay_max{5};
  Millis commit_max{20};
  std::int64_t clock_error_ppm = 10000;
  bool odd_priorities = false;
  RedisTuning redis;
  std::vector<FaultKind> fault_kinds;
  std::size_t fault_count = 10;
  std::optional<std::vector<Fault>> faults;  // These instead of drawn ones.
  Millis warm_up{12000};
  Millis fault_time{90000};
  Millis settle_max{180000};
  Mutation mutation = Mutation::None;
  std::size_t history_lines = 0;
};

// Everything about a run follows from its seed. Every eighth has stock sentinels in its quorum.
WorldSettings draw_settings(std::uint64_t seed);
// Makes some of the sentinels stock ones. These believe any hello and command any node at a known address, so what
// feeds on that is left out: Vigil's own answer to it is tested without them, and theirs is known.
void mix_in_stock(WorldSettings& settings);
std::string to_string(const WorldSettings& settings);

struct Report {
  std::optional<Violation> failure;
  TimePoint failed_at{};
  Millis virtual_time{0};
  bool mixed = false;  // There were stock sentinels.
  std::uint64_t handled = 0;
  std::map<std::string, std::uint64_t> events;  // What the sentinels announced.
  std::map<FaultKind, std::uint64_t> requested;
  std::map<FaultKind, std::uint64_t> happened;
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;   // Acknowledged, and not at the last master.
  Millis loss_span{0};      // Longest stretch of lost writes that one master acknowledged.
  Millis settled_after{0};  // Since everything was healed.
  std::uint64_t alerts_delivered = 0;
  std::uint64_t alerts_repeated = 0;  // Of those: after a crash between delivery and its note.
  std::uint64_t alerts_dead = 0;
  std::vector<Fault> faults;
  std::vector<std::string> history;
};

class World {
 public:
  explicit World(WorldSettings settings);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Report run();

 private:
  struct Client {
    HostId host;
    std::size_t group = 0;
    std::optional<ServerIndex> master;
    std::uint64_t connection = 0;  // client_generation when it connected.
  };

  void build();
  void boot_all();

  // Clients.
  void think(std::size_t client);
  void ask_master(Client& client);
  void write(std::size_t client);
  void add_foreign_servers();
  void add_stock_sentinels();

  // Faults (world_faults*.cpp). Each returns how to end it.
  using Ending = std::function<void()>;
  void happen(const Fault& fault);
  void end_later(Millis lasts, Ending end);
  void heal_all();
  Ending cause(const Fault& fault);
  ServerIndex node_victim(const Fault& fault);
  SentinelProcess& sentinel_victim(const Fault& fault);

  Ending kill_node(const Fault& fault);
  Ending kill_masters();
  Ending trouble_receiver(const Fault& fault);
  Ending step_clock(const Fault& fault);
  Ending pause_node(const Fault& fault);
  Ending reset_node(const Fault& fault);
  Ending trouble_node(const Fault& fault, bool RedisServer::*trouble, const std::string& words);
  Ending move_node(const Fault& fault);
  Ending replace_node(const Fault& fault);
  bool may_move(ServerIndex index) const;
  Endpoint fresh_address(ServerIndex index);

  Ending crash_sentinel(const Fault& fault);
  Ending arm_crash(const Fault& fault, CrashPoint point);
  void restart_when_crashed(SentinelProcess& process, Millis again);
  Ending pause_sentinel(const Fault& fault);
  StockSentinel* stock_victim(const Fault& fault);
  Ending arm_stall(const Fault& fault);
  void stall_leader(SentinelProcess& process, Millis lasts);
  Ending fail_disk(const Fault& fault);
  Ending slow_disk(const Fault& fault);
  Ending operator_fails_over(const Fault& fault);
  Ending operator_resets(const Fault& fault);
  Ending operator_removes(const Fault& fault);
  void watch_again(SentinelProcess& process, std::size_t group);
  Ending operator_sets(const Fault& fault);

  Ending change_members(const Fault& fault);
  std::vector<Endpoint> member_addresses() const;
  void add_member();
  void take_member_away(SentinelIndex leaving, bool first);
  void swap_members(SentinelIndex leaving);
  void roll(SentinelIndex at, std::vector<Endpoint> all, std::function<void()> then);

  Ending cut(std::vector<std::pair<HostId, HostId>> pairs);
  std::vector<HostId> side_of(const Fault& fault);
  Ending partition(const Fault& fault);
  Ending cut_some_pairs(const Fault& fault);
  Ending clog(const Fault& fault);
  Ending slow_network(const Fault& fault);
  Ending slow_dns(const Fault& fault);
  void remember_hello();
  void spread(const Hello& hello, std::uint64_t choice);
  Ending forge_hello(const Fault& fault);
  Ending repeat_hello(const Fault& fault);

  // What the sentinels do, judged by the true state of the servers (world_oracles.cpp).
  void judge_promotion(SentinelIndex self, const Promote& promote, const std::string& group);
  void judge_repoint(SentinelIndex self, const Repoint& repoint, const Endpoint& node, const std::string& group);
  void judge_setting(SentinelIndex self, const Endpoint& node, const std::string& group);
  bool seems_stray(SentinelIndex self, const Endpoint& node, const std::string& group) const;
  void judge_choice(const FailoverTimeline& timeline, const GroupStatus& status, ServerIndex chosen);
  void judge_reason(SentinelIndex self, const FailoverTimeline& timeline);
  void judge_loss(const FailoverTimeline& timeline, ServerIndex chosen);
  void judge_freshness(SentinelIndex self, const FailoverTimeline& timeline, const GroupStatus& status);
  void judge_role_change(SentinelIndex self, ServerIndex server);
  void judge_config(SentinelIndex self, const ConfigRecord& config);
  void judge_event(SentinelIndex self, const Event& event);
  void judge_losses();
  bool calm_for(Millis time) const;

  // Judgement at the end.
  const std::string& group_name(std::size_t group) const { return group_settings_[group].name; }
  std::optional<ServerIndex> current_master(std::size_t group) const;
  std::optional<std::string> unconverged() const;
  std::optional<std::string> unconverged(std::size_t group) const;
  std::optional<std::string> stock_unconverged(std::size_t group, const Endpoint& master, Epoch epoch) const;
  bool known(ServerIndex server) const;
  bool alone(std::size_t group, const Endpoint& master) const;
  bool stopped() const { return invariants_->violation().has_value(); }
  void note(const std::string& line) { history_.add(queue_.now(), line); }

  WorldSettings settings_;
  Rng rng_;
  EventQueue queue_;
  History history_;
  Network net_;
  RedisServers redis_;
  PeerMesh mesh_;
  std::unique_ptr<Invariants> invariants_;
  std::set<std::tuple<SentinelIndex, std::string, Epoch>>
      promoting_;  // Who has told somebody to be master, in which epoch.
  std::unique_ptr<AlertReceiver> receiver_;
  Surroundings around_;
  std::vector<GroupSettings> group_settings_;
  std::vector<std::unique_ptr<SentinelProcess>> sentinels_;
  std::vector<std::unique_ptr<StockSentinel>> stock_;
  StockWords words_{mesh_, sentinels_, stock_};
  std::unique_ptr<SentinelProcess> spare_;  // Joins when an operator adds it.
  bool changing_members_ = false;
  std::size_t retired_ = 0;
  std::vector<Client> clients_;
  std::vector<Fault> faults_;
  std::size_t own_servers_ = 0;              // Those before the foreign ones.
  std::map<std::uint64_t, Ending> ongoing_;  // How to end what lasts.
  TimePoint last_trouble_{};                 // A fault began or ended.
  TimePoint last_death_{};                   // Of a server.
  TimePoint foreign_since_{};
  bool foreign_adopted_ = false;  // Somebody who could not know better made it ours.
  unsigned moves_ = 0;            // How many addresses were used up.
  std::set<ServerIndex> moved_;   // Servers that are not where they were at first.
  std::vector<Hello> hellos_;
  std::map<std::pair<std::string, Epoch>, std::pair<TimePoint, ServerIndex>> promotions_;  // As they were decided.
  std::uint64_t next_ongoing_ = 0;
  bool healed_ = false;
  WriteId next_write_ = 1;
  struct Acknowledged {
    WriteId id = 0;
    TimePoint at{};  // When the server executed it.
    ServerIndex server = 0;
    std::string history;   // The server's replication id then.
    bool guarded = false;  // By min-replicas-to-write.
  };
  std::vector<std::vector<Acknowledged>> acknowledged_;  // By group.
  Report report_;
};

}  // namespace sentinel::sim
