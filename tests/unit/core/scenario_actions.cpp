// What leaves the sentinels of a scenario, and the nodes that answer.
#include <fmt/core.h>

#include <algorithm>

#include "common/check.h"
#include "common/overloaded.h"
#include "tests/unit/core/scenario_cluster.h"

namespace sentinel {

namespace {

using namespace std::chrono_literals;

std::string replace_all(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

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
                 [](const AbortServerFailover&) {},
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
                 [](const AskStockView&) {},
                 [](const AskStockConfig&) {},
                 [](const TellStock&) {},
                 [](const ResolveHost&) {},
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
