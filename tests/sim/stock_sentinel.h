// A simulated stock sentinel, as faithful as a mixed quorum needs: everything
// happens in its timer, epochs are the process's, one vote an epoch with no
// promise behind it, a hello every two seconds that everybody believes, a
// failover whose announcement waits for nobody's evidence, strays turned back
// after eight seconds.
//
// What it writes it writes at once (stock's fsync is on its only thread). The
// failover state and whom it voted for are lost in a crash; epochs are not.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sentinel/core/hello.h"
#include "tests/sim/history.h"
#include "tests/sim/node_link.h"
#include "tests/sim/peer_mesh.h"

namespace sentinel::sim {

struct StockSurroundings {
  Network* net = nullptr;
  RedisServers* redis = nullptr;
  PeerMesh* mesh = nullptr;
  History* history = nullptr;
  std::map<std::string, std::uint64_t>* events = nullptr;
  std::function<void(ServerIndex, std::string)> publish;
  std::function<void(const std::string& group, const Endpoint& master)> configured;  // By a failover of its own.
  // A word to another sentinel, of either kind: runs there, unless the connection breaks.
  std::function<void(const NodeId& to, const Endpoint& master, Epoch epoch, const NodeId& candidate)> ask;
};

class StockSentinel {
 public:
  StockSentinel(StockSurroundings around, std::string name, NodeId id, Endpoint at, std::vector<GroupSettings> groups,
                std::uint64_t seed, HostId host);

  void boot();
  void crash();
  void pause();
  void resume();

  bool alive() const { return port_->alive; }
  const NodeId& id() const { return port_->id; }
  HostId host() const { return port_->host; }
  std::optional<Endpoint> master_address(const std::string& group) const;
  Epoch config_epoch(const std::string& group) const { return groups_.at(group).config_epoch; }
  // Stock's flaw: while it re-points replicas it compares what it hears with the old master. A newer configuration that
  // names that one changes the epoch only, and the end of the old failover sets the address under it. Nothing but a
  // newer configuration mends this.
  bool confused(const std::string& group) const { return groups_.at(group).confused; }
  bool failover_runs(const std::string& group) const { return groups_.at(group).step != Step::None; }

  // --- What others ask, already inside the process.
  struct DownAnswer {
    bool down = false;
    NodeId leader;
    Epoch leader_epoch;
  };
  DownAnswer is_master_down(const Endpoint& master, Epoch epoch, const NodeId& candidate);
  StockConfig config(const std::string& group) const;
  void hear(const Hello& hello);
  // The answer to its own question.
  void told(const NodeId& from, const Endpoint& master, const DownAnswer& answer);
  void push_hello(ServerIndex server, const Hello& hello);
  PeerPort& port() { return *port_; }

 private:
  enum class Step { None, WaitStart, SelectReplica, WaitPromotion, Reconfigure };

  struct Node {
    std::shared_ptr<NodeLink> link;
    bool up = false;
    TimePoint last_ok{};
    std::optional<TimePoint> asked{};  // The first ping, or attempt, that has no acceptable answer yet.
    TimePoint next_ping{};
    TimePoint next_info{};
    NodeInfo info;
    TimePoint info_at{};
    TimePoint role_since{};
    TimePoint master_since{};
    TimePoint down_since{};
    bool down = false;
    bool told_to_follow = false;
  };
  struct Sentinel {
    Endpoint at;
    bool says_down = false;
    TimePoint answered{};
    TimePoint asked{};
    NodeId leader;
    Epoch leader_epoch;
  };
  struct Group {
    GroupSettings settings;
    Endpoint master;
    Epoch config_epoch;
    NodeId leader;
    Epoch leader_epoch;
    Epoch failover_epoch;
    Step step = Step::None;
    TimePoint started{};
    TimePoint changed{};
    bool o_down = false;
    Endpoint promoted;
    std::map<Endpoint, Node> nodes;
    std::map<NodeId, Sentinel> sentinels;
    TimePoint next_hello{};
    bool confused = false;  // It ended an old failover under the epoch of a newer one that it had heard of.
  };

  TimePoint now() const { return around_.net->queue().now(); }
  void post(std::function<void()> work);
  void tick();
  void monitor(Group& group);
  void watch(Group& group, const Endpoint& at);
  void judge(Group& group);
  void run_failover(Group& group);
  void count_votes(Group& group);
  void select_replica(Group& group);
  void reconfigure(Group& group);
  void abort(Group& group, const std::string& event);
  void change(Group& group, Step step);
  void ask_others(Group& group, bool forced);
  void speak(Group& group, bool at_once);
  void on_input(const std::string& group, const Endpoint& node, const Input& input);
  void on_info(Group& group, const Endpoint& at, const NodeInfo& info);
  void correct(Group& group, const Endpoint& at, Node& node);
  void switch_to(Group& group, const Endpoint& master);
  NodeId vote(Group& group, Epoch epoch, const NodeId& candidate);
  void repoint(Node& node, const Endpoint& master);
  bool tilt() const { return now() < tilt_until_; }
  void say(const std::string& event, const std::string& text);

  StockSurroundings around_;
  const std::string name_;
  std::vector<GroupSettings> configured_;
  Rng rng_;
  PeerPort* port_ = nullptr;
  std::map<std::string, Group> groups_;
  Epoch current_epoch_;
  std::uint64_t life_ = 0;
  std::uint64_t last_link_ = 0;
  std::uint64_t last_token_ = 0;
  TimePoint last_tick_{};
  TimePoint tilt_until_{};
  std::vector<std::function<void()>> inbox_;
  Resolver resolver_;
};

}  // namespace sentinel::sim
