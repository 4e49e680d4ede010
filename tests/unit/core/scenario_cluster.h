// A few Coordinators in one conversation, driven by a script and told in words.
// Everything takes one millisecond: messages, disks, replies of nodes. What a
// scenario is about is said by its commands; see cases/*.txt and the list of
// commands in scenario_cluster.cpp.
//
//   Cluster cluster;
//   std::string told = cluster.command("cluster a b c");
//   told = cluster.command("kill m");
//   told = cluster.command("run 2000");
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sentinel/core/coordinator.h"

namespace sentinel {

class Cluster {
 public:
  // Does it and returns what happened, a line each, or "ok".
  std::string command(const std::string& line);

 private:
  struct Node {
    Endpoint at;
    bool alive = true;
    unsigned lives = 1;  // Its run id changes with each.
    std::optional<Endpoint> master;
    std::string history;
    std::string history_before;
    std::uint64_t offset = 1000;
  };
  struct Sentinel {
    std::string name;
    Endpoint at;
    std::unique_ptr<Coordinator> core;  // None while crashed.
    std::uint64_t life = 0;
    std::map<LinkId, Endpoint> links;
    RestoredState disk;
    bool disk_held = false;
    std::vector<Output> waiting;  // For the disk.
    TimePoint armed = kNever;
  };

  // Forty times its letter.
  static NodeId id_of(const std::string& name) { return NodeId{std::string(40, name[0])}; }

  void create(std::istringstream& words);
  void run(Millis duration);
  void boot(Sentinel& sentinel);
  void crash(Sentinel& sentinel);
  void cut(const std::string& name, bool connected);
  void connect(Sentinel& sentinel, Sentinel& other, bool up);
  void say(std::istringstream& words);
  std::string ask(const Sentinel& sentinel, TimePoint now) const;

  void later(std::function<void()> work) { work_.emplace(now_ + Millis{1}, std::move(work)); }
  void step(Sentinel& sentinel, const Input& input);
  void take(Sentinel& sentinel);
  void write(Sentinel& sentinel);
  void keep(Sentinel& sentinel, const Record& record);
  void release(Sentinel& sentinel, const Output& output);
  void perform(Sentinel& sentinel, const Action& action);
  void send(Sentinel& sentinel, const SendPeer& message);
  void answer(Sentinel& sentinel, LinkId link, Input input);
  void reconnect(Sentinel& sentinel, LinkId link);
  void watch_link(Sentinel& sentinel, std::uint64_t life, LinkId link, const std::shared_ptr<bool>& was_up);
  void change_role(Sentinel& sentinel, LinkId link, Token token, const std::optional<Endpoint>& master);
  void told(const Sentinel& sentinel, const std::string& what);

  Node* node_at(const Endpoint& at);
  Node& node(const std::string& name);
  NodeInfo info(const Node& node) const;
  Sentinel& sentinel(const std::string& name);
  std::string name_of(const Endpoint& at) const;
  bool connected(const std::string& a, const std::string& b) const { return !cut_.contains(a) && !cut_.contains(b); }

  TimePoint now_{Millis{1000}};
  unsigned quorum_ = 2;
  std::multimap<TimePoint, std::function<void()>> work_;
  std::map<std::string, Sentinel> sentinels_;
  std::map<std::string, Node> nodes_;
  std::set<std::string> cut_;
  std::uint64_t histories_ = 0;
  std::string output_;
};

}  // namespace sentinel
