// The commands of cases/*.txt:
//
//   cluster a b c [quorum N]   sentinels and a group g of master m and replicas r1, r2; runs until all is known
//   run MS                     lets the time pass
//   kill NODE | start NODE     a Redis process ends (connections are refused) | comes back, in the role it had
//   cut X | heal X             a sentinel loses its peers (not the nodes) | has them again
//   crash X | restart X        a sentinel process ends; what its disk had is kept | comes back
//   hold X | free X            its disk takes its time | has written everything
//   failover X                 the operator asks X for a failover
//   say X Y KIND WORD...       Y receives this message as if from X
//   ask X                      what X answers clients
//
// Told are votes, configurations, role changes, records and warnings; pings,
// INFO, hellos, views and lease renewals would bury them.
#include "tests/unit/core/scenario_cluster.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/check.h"
#include "common/overloaded.h"

namespace sentinel {

namespace {

using namespace std::chrono_literals;

constexpr Millis kSettle = 5s;

}  // namespace

std::string Cluster::command(const std::string& line) {
  output_.clear();
  std::istringstream words(line);
  std::string verb;
  std::string name;
  words >> verb;
  if (verb == "cluster") {
    create(words);
  } else if (verb == "say") {
    say(words);
  } else {
    words >> name;
    if (verb == "run")
      run(Millis(std::stoi(name)));
    else if (verb == "kill") {
      node(name).alive = false;
      for (auto& [key, each] : sentinels_)
        for (const auto& [link, at] : each.links)
          if (at == node(name).at) answer(each, link, LinkDown{link, DownCause::Closed, "closed"});
    } else if (verb == "start") {
      node(name).alive = true;
      ++node(name).lives;
    } else if (verb == "cut")
      cut(name, false);
    else if (verb == "heal")
      cut(name, true);
    else if (verb == "crash")
      crash(sentinel(name));
    else if (verb == "restart")
      boot(sentinel(name));
    else if (verb == "hold")
      sentinel(name).disk_held = true;
    else if (verb == "free") {
      sentinel(name).disk_held = false;
      write(sentinel(name));
    } else if (verb == "failover") {
      const Result<void> done = sentinel(name).core->failover(now_, "g");
      if (!done) told(sentinel(name), done.error());
      take(sentinel(name));
    } else if (verb == "ask")
      output_ += ask(sentinel(name), now_) + "\n";
    else
      return "unknown command\n";
  }
  return output_.empty() ? "ok\n" : output_;
}

void Cluster::create(std::istringstream& words) {
  std::string word;
  while (words >> word) {
    if (word == "quorum") {
      words >> quorum_;
      continue;
    }
    Sentinel& added = sentinels_[word];
    added.name = word;
    added.at = {fmt::format("10.0.0.{}", sentinels_.size()), 26379};
  }
  const Endpoint master{"10.1.0.1", 6379};
  nodes_["m"] = Node{.at = master, .master = {}, .history = "h1", .history_before = ""};
  nodes_["r1"] = Node{.at = {"10.1.0.2", 6379}, .master = master, .history = "h1", .history_before = ""};
  nodes_["r2"] = Node{.at = {"10.1.0.3", 6379}, .master = master, .history = "h1", .history_before = ""};
  histories_ = 1;
  for (auto& [name, each] : sentinels_) boot(each);
  run(kSettle);
  output_.clear();
}

void Cluster::boot(Sentinel& booting) {
  if (booting.core) return;
  ProcessSettings process;
  process.self = id_of(booting.name);
  process.announce = booting.at;
  for (const auto& [name, other] : sentinels_)
    if (name != booting.name) process.peers.push_back(other.at);
  GroupSettings group;
  group.name = "g";
  group.master = nodes_.at("m").at;
  group.quorum = quorum_;
  group.down_after = 1s;
  group.failover_timeout = 10s;
  ++booting.life;
  booting.core = std::make_unique<Coordinator>(process, std::vector{group}, booting.disk, booting.name[0], now_);
  take(booting);
  for (auto& [name, other] : sentinels_)
    if (name != booting.name && connected(name, booting.name)) connect(booting, other, true);
}

void Cluster::crash(Sentinel& crashing) {
  for (auto& [name, other] : sentinels_)
    if (name != crashing.name && connected(name, crashing.name)) connect(crashing, other, false);
  ++crashing.life;
  crashing.core.reset();
  crashing.links.clear();
  crashing.waiting.clear();
  crashing.armed = kNever;
}

// Both ends learn it.
void Cluster::connect(Sentinel& one, Sentinel& other, bool up) {
  if (!one.core || !other.core) return;
  for (auto [here, there] : {std::pair{&one, &other}, std::pair{&other, &one}}) {
    const Input input =
        up ? Input{PeerUp{id_of(there->name), there->at, there->at}} : Input{PeerDown{id_of(there->name)}};
    later([this, self = here, life = here->life, input] {
      if (self->life == life) step(*self, input);
    });
  }
}

void Cluster::cut(const std::string& name, bool heal) {
  for (auto& [other_name, other] : sentinels_) {
    if (other_name == name || cut_.contains(other_name)) continue;
    connect(sentinel(name), other, heal);
  }
  if (heal)
    cut_.erase(name);
  else
    cut_.insert(name);
}

void Cluster::say(std::istringstream& words) {
  std::string from;
  std::string to;
  words >> from >> to;
  std::vector<std::string> message;
  for (std::string word; words >> word;) {
    const bool person = word.size() == 1 && sentinels_.contains(word);
    const auto found = nodes_.find(word);
    if (found != nodes_.end()) {
      message.push_back(found->second.at.host);
      message.push_back(std::to_string(found->second.at.port));
    } else {
      message.push_back(person ? id_of(word).value : word == "-" ? "" : word);
    }
  }
  const Result<PeerMessage> decoded = decode(message);
  if (!decoded) {
    output_ += "error: " + decoded.error() + "\n";
    return;
  }
  step(sentinel(to), PeerReceived{id_of(from), *decoded});
}

std::string Cluster::ask(const Sentinel& asked, TimePoint now) const {
  if (!asked.core) return asked.name + " is down";
  return fmt::format("{} answers {} epoch {}", asked.name, name_of(*asked.core->master_address("g")),
                     asked.core->status(now, "g")->config_epoch.value);
}

// --- Time.

void Cluster::run(Millis duration) {
  const TimePoint end = now_ + duration;
  while (!work_.empty() && work_.begin()->first <= end) {
    now_ = std::max(now_, work_.begin()->first);
    const auto work = std::move(work_.begin()->second);
    work_.erase(work_.begin());
    work();
  }
  now_ = end;
}

void Cluster::step(Sentinel& stepping, const Input& input) {
  if (!stepping.core) return;
  stepping.core->step(now_, input);
  take(stepping);
}

void Cluster::take(Sentinel& from) {
  Output output = from.core->take_output();
  for (const Action& action : output.now) perform(from, action);
  for (const Record& record : output.persist) {
    if (const auto* vote = std::get_if<VoteRecord>(&record))
      told(from, fmt::format("writes vote epoch {} for {}", vote->epoch.value, vote->candidate.value.substr(0, 1)));
    if (const auto* config = std::get_if<ConfigRecord>(&record))
      told(from, fmt::format("writes config epoch {} master {}", config->epoch.value, name_of(config->master)));
  }
  const bool write_first = !output.persist.empty() || !from.waiting.empty();
  if (write_first) {
    from.waiting.push_back(std::move(output));
    later([this, self = &from, life = from.life] {
      if (self->life == life) write(*self);
    });
  } else {
    release(from, output);
  }
  const TimePoint deadline = from.core->next_deadline();
  if (deadline == from.armed || deadline == kNever) return;
  from.armed = deadline;
  work_.emplace(std::max(deadline, now_), [this, self = &from, life = from.life, deadline] {
    if (self->life != life || self->armed != deadline) return;
    self->armed = kNever;
    step(*self, Tick{});
  });
}

void Cluster::write(Sentinel& writing) {
  if (writing.disk_held) return;
  while (!writing.waiting.empty()) {
    const Output output = std::move(writing.waiting.front());
    writing.waiting.erase(writing.waiting.begin());
    for (const Record& record : output.persist) keep(writing, record);
    release(writing, output);
    if (!output.persist.empty()) step(writing, Persisted{output.batch});
  }
}

void Cluster::keep(Sentinel& self, const Record& record) {
  const auto replace = [](auto& kept, auto same, const auto& newest) {
    std::erase_if(kept, same);
    kept.push_back(newest);
  };
  std::visit(overloaded{
                 [&](const VoteRecord& vote) {
                   replace(
                       self.disk.votes, [](const auto&) { return true; }, vote);
                 },
                 [&](const ConfigRecord& config) {
                   replace(
                       self.disk.configs, [](const auto&) { return true; }, config);
                 },
                 [&](const ReplicaRecord& replica) {
                   replace(
                       self.disk.replicas, [&](const auto& each) { return each.at == replica.at; }, replica);
                 },
                 [](const PeerRecord&) {},
                 [](const GroupRecord&) {},
                 [&](const FailoverRecord& failover) {
                   replace(
                       self.disk.last_failovers, [](const auto&) { return true; }, failover);
                 },
             },
             record);
}

}  // namespace sentinel
