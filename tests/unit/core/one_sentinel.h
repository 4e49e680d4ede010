// One Coordinator, with everything around it played by the test: the nodes
// answer as it says, the peers vote as it says, the disk is instant unless told otherwise.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "common/overloaded.h"
#include "sentinel/core/coordinator.h"

namespace sentinel {

inline const NodeId kSelf{std::string(40, 'a')}, kPeerB{std::string(40, 'b')}, kPeerC{std::string(40, 'c')};
inline const Endpoint kMaster{"10.0.0.1", 6379}, kReplica1{"10.0.0.2", 6379}, kReplica2{"10.0.0.3", 6379};

inline GroupSettings group_settings() {
  GroupSettings settings;
  settings.name = "g";
  settings.master = kMaster;
  settings.quorum = 2;
  settings.down_after = Millis{1000};
  settings.failover_timeout = Millis{20000};
  settings.parallel_syncs = 2;
  return settings;
}

class OneSentinel {
 public:
  struct Played {
    NodeInfo info;
    LinkId link;
    bool answers = true;
  };

  // A stock sentinel that votes as stock does: for whoever asks first in an epoch.
  struct PlayedStock {
    bool down = false;
    bool answers = true;
    NodeId leader;
    Epoch leader_epoch;
    Epoch current_epoch;
    bool watches = true;
    Epoch config_epoch;
    Endpoint master = kMaster;
    StockFailover failover = StockFailover::None;
  };

  explicit OneSentinel(GroupSettings settings = group_settings(), RestoredState restored = {},
                       std::vector<Endpoint> peers = {{"10.0.1.2", 26379}, {"10.0.1.3", 26379}})
      : core(process(std::move(peers)), {std::move(settings)}, std::move(restored), 1, now) {
    played[kMaster].info = master_info("run-1", "history", 100);
    played[kMaster].info.replicas = {kReplica1, kReplica2};
    played[kMaster].info.online_replicas = 2;
    for (const Endpoint& at : {kReplica1, kReplica2}) played[at].info = replica_info("run-" + at.host, kMaster, 100);
    pump();
  }

  static ProcessSettings process(std::vector<Endpoint> peers) {
    ProcessSettings settings;
    settings.self = kSelf;
    settings.announce = {"10.0.1.1", 26379};
    settings.peers = std::move(peers);
    settings.resolve_hostnames = true;
    return settings;
  }
  static NodeInfo master_info(std::string run_id, std::string history, std::uint64_t offset) {
    NodeInfo info;
    info.role = NodeRole::Master;
    info.run_id = std::move(run_id);
    info.replication_id = std::move(history);
    info.master_offset = offset;
    return info;
  }
  static NodeInfo replica_info(std::string run_id, const Endpoint& master, std::uint64_t offset) {
    NodeInfo info;
    info.role = NodeRole::Replica;
    info.run_id = std::move(run_id);
    info.replication_id = "history";
    info.master = master;
    info.master_link_up = true;
    info.replica_offset = offset;
    return info;
  }

  void feed(const Input& input) {
    core.step(now, input);
    pump();
  }
  // Lets time pass in steps of the core's own deadlines.
  void pass(Millis time) {
    const TimePoint end = now + time;
    while (now < end) {
      now = std::max(now + Millis{1}, std::min(end, core.next_deadline()));
      feed(Tick{});
    }
  }
  template <typename Condition>
  bool pass_until(Condition&& condition, Millis at_most = Millis{30000}) {
    for (const TimePoint end = now + at_most; now < end && !condition();) pass(Millis{5});
    return condition();
  }

  void peers_up() {
    feed(PeerUp{kPeerB, {"10.0.1.2", 26379}, Endpoint{"10.0.1.2", 26379}});
    feed(PeerUp{kPeerC, {"10.0.1.3", 26379}, Endpoint{"10.0.1.3", 26379}});
  }
  void settle() {
    peers_up();
    pass(Millis{2000});
    events.clear();
  }
  void kill(const Endpoint& at) {
    played[at].answers = false;
    feed(LinkDown{played[at].link, DownCause::Closed, "closed"});
  }
  void revive(const Endpoint& at) {
    played[at].answers = true;
    feed(LinkUp{played[at].link, address_of(at.host), "10.0.1.1"});
  }
  std::string address_of(const std::string& host) const { return hosts.contains(host) ? hosts.at(host) : host; }
  HostResolved resolved(const std::string& name) const {
    HostResolved found{.host = name, .addresses = {}};
    if (hosts.contains(name)) found.addresses.push_back(hosts.at(name));
    return found;
  }
  // From then on it answers what stock sentinels are asked.
  PlayedStock& stock_up(const NodeId& id, const Endpoint& at) {
    PlayedStock& played_stock = stocks.try_emplace(id).first->second;
    feed(StockUp{id, at, "10.0.1.1"});
    return played_stock;
  }
  void say(const NodeId& from, PeerMessage message) { feed(PeerReceived{from, std::move(message)}); }
  void agree_that_down(const Endpoint& master = kMaster) {
    say(kPeerB, ViewMessage{"g", ++view, master, true});
    say(kPeerC, ViewMessage{"g", ++view, master, true});
  }

  bool saw(const std::string& name) const { return event(name) != nullptr; }
  const Event* event(const std::string& name) const {
    for (const Event& each : events)
      if (each.name == name) return &each;
    return nullptr;
  }
  template <typename Kind>
  std::vector<Kind> sent() const {
    std::vector<Kind> found;
    for (const Action& action : actions)
      if (const auto* kind = std::get_if<Kind>(&action)) found.push_back(*kind);
    return found;
  }
  template <typename Message>
  std::vector<Message> told() const {
    std::vector<Message> found;
    for (const SendPeer& send : sent<SendPeer>())
      if (const auto* message = std::get_if<Message>(&send.message)) found.push_back(*message);
    return found;
  }

  TimePoint now{Millis{1'000'000}};
  Coordinator core;
  std::map<Endpoint, Played> played;
  std::map<NodeId, PlayedStock> stocks;
  std::vector<Action> actions;
  std::vector<Event> events;
  std::vector<Record> records;
  std::uint64_t view = 10'000'000;
  bool crashed = false;  // SIMULATE-FAILURE wanted the end of the process.

  // How the others behave.
  bool peers_vote = true;
  bool peers_confirm = true;
  bool peers_renew = true;
  bool disk_works = true;
  PingVerdict ping_verdict = PingVerdict::Pong;  // What every node answers.
  bool pause_answers = true;
  bool dns_answers = true;
  std::map<std::string, std::string> hosts;  // Names and their addresses.
  bool replicas_sync_slowly = false;         // They follow, but their link stays down.
  bool repoint_ignored = false;              // They say OK and go on following whom they followed.
  std::string promote_error;                 // Not empty: the replica refuses.
  std::string repoint_error;
  std::optional<RescueOutcome> rescue_outcome;  // Of whoever is asked to rescue.
  bool rescue_outlasts = false;                 // It has not answered yet.
  std::string config_error;
  std::map<std::string, std::string> server_config{{"min-replicas-to-write", "0"}, {"min-replicas-max-lag", "10"}};

 private:
  const Endpoint& at(LinkId link) {
    return std::find_if(played.begin(), played.end(), [&](const auto& entry) { return entry.second.link == link; })
        ->first;
  }
  bool alive(LinkId link) { return played[at(link)].answers; }

  void pump() {
    for (int round = 0; round < 50; ++round) {
      Output out = core.take_output();
      crashed = crashed || out.crash;
      std::vector<Action> all = out.now;
      std::vector<Input> answers;
      if (disk_works) all.insert(all.end(), out.after_persist.begin(), out.after_persist.end());
      for (const Action& action : all) answer(action, answers);
      if (!out.persist.empty() && disk_works) answers.push_back(Persisted{out.batch});
      actions.insert(actions.end(), all.begin(), all.end());
      events.insert(events.end(), out.events.begin(), out.events.end());
      records.insert(records.end(), out.persist.begin(), out.persist.end());
      if (answers.empty() && all.empty()) return;
      for (const Input& input : answers) core.step(now, input);
    }
  }

  void answer(const Action& action, std::vector<Input>& answers) {
    std::visit(overloaded{
                   [&](const OpenLink& act) {
                     played[act.at].link = act.link;
                     if (played[act.at].answers)
                       answers.push_back(LinkUp{act.link, address_of(act.at.host), "10.0.1.1"});
                   },
                   [&](const SendPing& act) {
                     if (alive(act.link)) answers.push_back(PingReply{act.link, ping_verdict, {}});
                   },
                   [&](const SendInfo& act) {
                     if (alive(act.link)) answers.push_back(InfoReply{act.link, played[at(act.link)].info});
                   },
                   [&](const Promote& act) {
                     CommandReply reply{.link = act.link, .token = act.token, .ok = promote_error.empty()};
                     reply.error = promote_error;
                     reply.refused = !reply.ok;
                     NodeInfo& info = played[at(act.link)].info;
                     if (reply.ok) {
                       info = master_info(info.run_id, "history-2", info.replica_offset);
                       info.replication_id2 = "history";
                       info.second_offset = info.master_offset + 1;
                       reply.info = info;
                     }
                     answers.push_back(std::move(reply));
                   },
                   [&](const Repoint& act) {
                     if (!alive(act.link)) return;
                     CommandReply reply{.link = act.link, .token = act.token, .ok = repoint_error.empty()};
                     reply.error = repoint_error;
                     reply.refused = !reply.ok;
                     NodeInfo& info = played[at(act.link)].info;
                     if (reply.ok && !repoint_ignored)
                       info = replica_info(info.run_id, act.master, info.replica_offset);
                     if (replicas_sync_slowly) info.master_link_up = false;
                     reply.info = info;
                     if (act.rescue) reply.rescue = rescue_outcome;
                     if (act.rescue && rescue_outlasts) return;
                     answers.push_back(std::move(reply));
                   },
                   [&](const PauseWrites& act) {
                     if (!pause_answers || !alive(act.link)) return;
                     CommandReply reply{.link = act.link, .token = act.token, .ok = true};
                     reply.info = played[at(act.link)].info;
                     answers.push_back(std::move(reply));
                   },
                   [&](const ReadConfig& act) {
                     CommandReply reply{.link = act.link, .token = act.token, .ok = config_error.empty()};
                     reply.error = config_error;
                     reply.refused = !reply.ok;
                     reply.values.assign(server_config.begin(), server_config.end());
                     answers.push_back(std::move(reply));
                   },
                   [&](const ConfigSet& act) {
                     for (const auto& [key, value] : act.values) server_config[key] = value;
                     answers.push_back(CommandReply{.link = act.link, .token = act.token, .ok = true});
                   },
                   [&](const SendPeer& act) { answer_peer(act, answers); },
                   [&](const ResolveHost& act) {
                     if (dns_answers) answers.push_back(resolved(act.host));
                   },
                   [&](const AskStockView& act) { answer_stock(act, answers); },
                   [&](const AskStockConfig& act) {
                     const PlayedStock& stock = stocks[act.to];
                     if (!stock.answers) return;
                     if (!stock.watches) return answers.push_back(StockConfig{.id = act.to, .group = "g"});
                     answers.push_back(
                         StockConfig{act.to, "g", act.round, true, stock.config_epoch, stock.master, stock.failover});
                   },
                   [](const auto&) {},
               },
               action);
  }

  void answer_stock(const AskStockView& act, std::vector<Input>& answers) {
    PlayedStock& stock = stocks[act.to];
    if (!stock.answers) return;
    StockView said{.id = act.to, .group = "g", .round = act.round, .master = act.master};
    if (act.master == stock.master) {
      said.down = stock.down;
      if (!act.candidate.value.empty()) {
        stock.current_epoch = std::max(stock.current_epoch, act.epoch);
        if (stock.leader_epoch < act.epoch && stock.current_epoch <= act.epoch) {
          stock.leader = act.candidate;
          stock.leader_epoch = act.epoch;
        }
        said.leader = stock.leader;
        said.leader_epoch = stock.leader_epoch;
      }
    }
    answers.push_back(said);
  }

  void answer_peer(const SendPeer& act, std::vector<Input>& answers) {
    if (const auto* vote = std::get_if<VoteRequest>(&act.message)) {
      const auto refusal = peers_vote ? VoteRefusal::None : VoteRefusal::MasterHealthy;
      answers.push_back(PeerReceived{
          act.to, VoteReply{"g", vote->epoch, vote->round, refusal, peers_vote ? kSelf : NodeId{}, vote->epoch}});
    }
    if (const auto* lease = std::get_if<LeaseRequest>(&act.message); lease != nullptr && !lease->release && peers_renew)
      answers.push_back(PeerReceived{act.to, LeaseReply{"g", lease->epoch, lease->round, true}});
    if (const auto* question = std::get_if<ConfirmRequest>(&act.message); question != nullptr && peers_confirm)
      answers.push_back(PeerReceived{act.to, ConfirmReply{"g", question->epoch, question->round, true}});
  }
};

}  // namespace sentinel
