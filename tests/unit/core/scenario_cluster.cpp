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
constexpr std::size_t kIdLength = 40;

NodeId id_of(const std::string& name) { return NodeId{std::string(kIdLength, name[0])}; }

std::string replace_all(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

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

// --- What leaves a sentinel.

void Cluster::release(Sentinel& from, const Output& output) {
  for (const Action& action : output.after_persist) perform(from, action);
  for (const Event& event : output.events)
    if (event.level == Level::Warning) told(from, event.name + " " + event.message);
}

void Cluster::told(const Sentinel& by, const std::string& what) {
  std::string text = fmt::format("{}: {}", by.name, what);
  for (const auto& [name, each] : sentinels_) {
    text = replace_all(text, id_of(name).value, name);
    text = replace_all(text, id_of(name).value.substr(0, 8), name);
    text = replace_all(text, each.at.host + " 26379", name);
  }
  for (const auto& [name, each] : nodes_) {
    text = replace_all(text, to_string(each.at), name);
    text = replace_all(text, each.at.host + " 6379", name);
  }
  output_ += text + "\n";
}

void Cluster::send(Sentinel& from, const SendPeer& message) {
  const auto to = std::find_if(sentinels_.begin(), sentinels_.end(),
                               [&](const auto& each) { return id_of(each.first) == message.to; });
  CHECK(to != sentinels_.end());
  const bool arrives = connected(from.name, to->first) && to->second.core;
  const std::vector<std::string> words = encode(message.message);
  if (words[0] == "VOTE" || words[0] == "VOTED" || words[0] == "CONFIG") {
    const auto* reply = std::get_if<VoteReply>(&message.message);
    std::string text;
    if (reply) {
      text = fmt::format("VOTED epoch {} {}", reply->epoch.value,
                         reply->refusal == VoteRefusal::None ? "granted" : describe(reply->refusal));
    } else {
      for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    }
    told(from, fmt::format("-> {} {}{}", to->first, text, arrives ? "" : " (lost)"));
  }
  if (!arrives) return;
  later([this, self = &to->second, life = to->second.life, received = PeerReceived{id_of(from.name), message.message}] {
    if (self->life == life) step(*self, received);
  });
}

void Cluster::answer(Sentinel& asking, LinkId link, Input input) {
  later([this, self = &asking, life = asking.life, link, input = std::move(input)] {
    if (self->life == life && self->links.contains(link)) step(*self, input);
  });
}

void Cluster::change_role(Sentinel& from, LinkId link, Token token, const std::optional<Endpoint>& master) {
  CommandReply reply;
  reply.link = link;
  reply.token = token;
  Node* const changed = node_at(from.links.at(link));
  if (changed && changed->alive) {
    if (!master && changed->master) {
      changed->history_before = changed->history;
      changed->history = fmt::format("h{}", ++histories_);
    }
    changed->master = master;
    const Node* const followed = master ? node_at(*master) : nullptr;
    if (followed) changed->history = followed->history;
    reply.ok = true;
    reply.info = info(*changed);
  } else {
    reply.error = "link lost";
  }
  answer(from, link, reply);
}

void Cluster::perform(Sentinel& from, const Action& action) {
  const auto alive = [&](LinkId link) -> Node* {
    const auto found = from.links.find(link);
    Node* const at = found == from.links.end() ? nullptr : node_at(found->second);
    return at && at->alive ? at : nullptr;
  };
  const auto done = [&](LinkId link, Token token) {
    CommandReply reply;
    reply.link = link;
    reply.token = token;
    reply.ok = alive(link) != nullptr;
    return reply;
  };
  std::visit(overloaded{
                 [&](const OpenLink& open) {
                   from.links[open.link] = open.at;
                   reconnect(from, open.link);
                 },
                 [&](const CloseLink& close) { from.links.erase(close.link); },
                 [](const SetUrgent&) {},
                 [&](const SendPing& ping) {
                   if (alive(ping.link)) answer(from, ping.link, PingReply{ping.link, PingVerdict::Pong, ""});
                 },
                 [&](const SendInfo& asked) {
                   if (const Node* at = alive(asked.link)) answer(from, asked.link, InfoReply{asked.link, info(*at)});
                 },
                 [](const SetHelloListening&) {},
                 [](const PublishHello&) {},
                 [](const ScriptKill&) {},
                 [&](const Promote& promote) {
                   told(from, "promotes " + to_string(from.links.at(promote.link)));
                   change_role(from, promote.link, promote.token, std::nullopt);
                 },
                 [&](const Repoint& repoint) {
                   told(from, fmt::format("repoints {} to {}", to_string(from.links.at(repoint.link)),
                                          to_string(repoint.master)));
                   change_role(from, repoint.link, repoint.token, repoint.master);
                 },
                 [&](const ConfigSet& set) { answer(from, set.link, done(set.link, set.token)); },
                 [&](const ReadConfig& read) { answer(from, read.link, done(read.link, read.token)); },
                 [&](const PauseWrites& pause) {
                   CommandReply reply = done(pause.link, pause.token);
                   if (const Node* at = alive(pause.link)) reply.info = info(*at);
                   answer(from, pause.link, reply);
                 },
                 [](const DialPeer&) {},
                 [](const DropPeer&) {},
                 [&](const SendPeer& message) { send(from, message); },
             },
             action);
}

// Tries every 100 ms until it is up, and again after it was lost.
void Cluster::reconnect(Sentinel& from, LinkId link) {
  work_.emplace(now_ + 1ms, [this, self = &from, life = from.life, link, was_up = std::make_shared<bool>(false)] {
    watch_link(*self, life, link, was_up);
  });
}

void Cluster::watch_link(Sentinel& self, std::uint64_t life, LinkId link, const std::shared_ptr<bool>& was_up) {
  if (self.life != life || !self.links.contains(link)) return;
  const Endpoint at = self.links.at(link);
  const Node* const there = node_at(at);
  const bool up = there && there->alive;
  if (up && !*was_up) step(self, LinkUp{link, at.host, self.at.host});
  if (!up) step(self, LinkDown{link, DownCause::Refused, "refused"});
  *was_up = up;
  work_.emplace(now_ + 100ms, [this, &self, life, link, was_up] { watch_link(self, life, link, was_up); });
}

// --- Nodes.

Cluster::Node* Cluster::node_at(const Endpoint& at) {
  for (auto& [name, each] : nodes_)
    if (each.at == at) return &each;
  return nullptr;
}

Cluster::Node& Cluster::node(const std::string& name) {
  CHECK(nodes_.contains(name));
  return nodes_.at(name);
}

Cluster::Sentinel& Cluster::sentinel(const std::string& name) {
  CHECK(sentinels_.contains(name));
  return sentinels_.at(name);
}

std::string Cluster::name_of(const Endpoint& at) const {
  for (const auto& [name, each] : nodes_)
    if (each.at == at) return name;
  return to_string(at);
}

NodeInfo Cluster::info(const Node& asked) const {
  NodeInfo info;
  info.run_id = fmt::format("{}-life-{}", name_of(asked.at), asked.lives);
  info.role = asked.master ? NodeRole::Replica : NodeRole::Master;
  info.replication_id = asked.history;
  info.replication_id2 = asked.history_before;
  info.master_offset = asked.offset;
  for (const auto& [name, each] : nodes_)
    if (each.alive && each.master == asked.at) info.replicas.push_back(each.at);
  if (!asked.master) return info;
  info.master = asked.master;
  for (const auto& [name, each] : nodes_)
    if (each.at == *asked.master) info.master_link_up = each.alive && !each.master;
  info.replica_offset = asked.offset;
  return info;
}

}  // namespace sentinel
