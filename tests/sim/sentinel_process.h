// One simulated sentinel: the production Coordinator with the world's links,
// disk and clock around it. It decides nothing: it does what output.h promises,
// in that order, and can be crashed, restarted and paused.
//
//   process.boot();
//   process.crash_at(CrashPoint::BeforeDurable);  // Armed for the next vote or configuration.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sentinel/core/coordinator.h"
#include "tests/sim/alert_desk.h"
#include "tests/sim/durable_store.h"
#include "tests/sim/history.h"
#include "tests/sim/invariants.h"
#include "tests/sim/mutation.h"
#include "tests/sim/node_link.h"
#include "tests/sim/order_watch.h"
#include "tests/sim/peer_mesh.h"

namespace sentinel::sim {

// What all processes of a world share.
struct Surroundings {
  Network* net = nullptr;
  RedisServers* redis = nullptr;
  PeerMesh* mesh = nullptr;
  Invariants* invariants = nullptr;
  AlertReceiver* receiver = nullptr;
  History* history = nullptr;
  Mutation mutation = Mutation::None;
  std::map<std::string, std::uint64_t>* events = nullptr;  // Name -> how many were shown.
  std::function<void(ServerIndex, std::string)> publish;
  // The world's own judgement of what a sentinel does to a server.
  std::function<void(SentinelIndex, const Action&, const Endpoint& node, const std::string& group)> decided;
  std::function<void(SentinelIndex, ServerIndex)> role_changes;
  std::function<void(SentinelIndex, const ConfigRecord&)> configured;  // It is on disk.
  std::function<void(SentinelIndex, const Event&)> shown;
  // To stock sentinels; nothing where there are none.
  std::function<void(SentinelIndex, const AskStockView&)> ask_view;
  std::function<void(SentinelIndex, const AskStockConfig&)> ask_config;
  std::function<void(SentinelIndex, const TellStock&)> tell_stock;
};

struct ProcessSetup {
  SentinelIndex index = 0;
  ProcessSettings settings;
  std::vector<GroupSettings> groups;
  std::uint64_t seed = 0;
  std::int64_t clock_ppm = 1'000'000;  // Local milliseconds per million real ones.
  Millis commit_max{20};
};

enum class CrashPoint { BeforeDurable, AfterDurable };

class SentinelProcess {
 public:
  SentinelProcess(Surroundings& around, ProcessSetup setup, HostId host);

  void boot();
  void crash();
  // Ends it; it starts with this `peers:` list. Our own address is left out.
  void change_peers(const std::vector<Endpoint>& all);
  // Ends it for good.
  void retire();
  bool retired() const { return retired_; }
  void crash_at(std::optional<CrashPoint> point) { armed_ = point; }  // nullopt: not any more.
  void pause();
  void resume();
  // Calls this once, when the process has just won an election; nullptr: not any more.
  void when_it_leads(std::function<void()> then) { leads_ = std::move(then); }
  void refuse_disk(bool refusing);
  void slow_disk(Millis extra) { disk_.slow_down(extra); }
  // The wall clock of its machine is set. Nothing but texts and the alerts' pauses across a restart knows it.
  void step_clock(Millis by) { wall_offset_ += by; }
  void resolve_slowly(Resolver how) { resolver_ = how; }
  // Since when it has known its nodes without a break: boots, resets and removals make it forget.
  TimePoint remembers_since() const { return remembers_since_; }

  bool alive() const { return port_->alive; }
  bool paused() const { return port_->paused; }
  bool disk_refuses() const { return disk_.refusing(); }
  // nullptr while crashed.
  const Coordinator* core() const { return core_.get(); }
  const NodeId& id() const { return setup_.settings.self; }
  HostId host() const { return port_->host; }
  const Endpoint& at() const { return port_->at; }
  TimePoint local_now() const { return local(around_.net->queue().now()); }
  std::uint64_t crashes_at(CrashPoint point) const { return point_crashes_[point == CrashPoint::AfterDurable]; }

  // The operator's commands; false while the process can't hear them or refuses.
  bool failover(const std::string& group, const FailoverRequest& request);
  bool reset(const std::string& group);
  bool remove(const std::string& group);
  bool monitor(const std::string& group, const Endpoint& master);
  bool set(const std::string& group, Millis down_after, unsigned quorum);
  bool removed(const std::string& group) const { return removed_.contains(group); }
  // Somebody published a hello on the sentinel's own port.
  void hear(const Hello& hello);

  // What a stock sentinel answers, and asks; inside the process already. The answer leaves once it is durable.
  void hear(const Input& stock_answer) { step(stock_answer); }
  void is_master_down(const Endpoint& master, Epoch epoch, const NodeId& candidate,
                      std::function<void(const Coordinator::DownAnswer&)> reply);
  PeerPort& port() { return *port_; }

  // A hello published on a server reaches those who listen there.
  void push_hello(ServerIndex server, const Hello& hello);

 private:
  TimePoint local(TimePoint global) const;
  TimePoint global(TimePoint local) const;
  void post(std::function<void()> work);
  void step(const Input& input);
  void after_step();
  void handle(Output output);
  void check_decisions(const std::vector<Action>& actions);
  void release(const std::vector<Action>& actions, const std::vector<Event>& events);
  void perform(const Action& action);
  void open_link(const OpenLink& open);
  bool crash_here(CrashPoint point, const std::vector<Record>& records);
  void arm_timer();
  void check_answers();
  void note(const std::string& line);
  std::vector<OutboxEntry> route(const std::vector<Event>& events);
  NodeLink* link(LinkId id);

  Surroundings& around_;
  ProcessSetup setup_;
  Rng rng_;
  Millis clock_base_;
  DurableStore disk_;
  PeerPort* port_ = nullptr;
  std::unique_ptr<Coordinator> core_;
  std::uint64_t life_ = 0;  // Counts boots and crashes: callbacks of an earlier life do nothing.
  std::map<LinkId, std::shared_ptr<NodeLink>> links_;
  std::vector<std::function<void()>> inbox_;
  std::size_t batches_pending_ = 0;
  TimePoint armed_for_ = kNever;
  std::uint64_t timer_ = 0;
  std::optional<CrashPoint> armed_;
  std::function<void()> leads_;
  std::uint64_t point_crashes_[2] = {0, 0};
  std::function<void()> stock_answer_;  // To the question that the core was just asked.
  std::map<std::string, Endpoint> answered_;
  std::set<std::string> removed_;  // By the operator, for now.
  Resolver resolver_;
  OrderWatch order_;
  std::shared_ptr<AlertDesk> desk_;  // While it is alive.
  Millis wall_offset_{0};
  bool store_healthy_ = true;
  bool retired_ = false;
  TimePoint remembers_since_{};
};

// One line for a person: what an input or action is.
std::string describe(const Input& input);
std::string describe(const Action& action);

}  // namespace sentinel::sim
