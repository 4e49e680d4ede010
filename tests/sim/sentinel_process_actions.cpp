// What the core wants done: links, commands to nodes, words to peers.
#include <fmt/core.h>

#include <utility>

#include "common/check.h"
#include "common/overloaded.h"
#include "tests/sim/sentinel_process.h"

namespace sentinel::sim {

NodeLink* SentinelProcess::link(LinkId id) {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : found->second.get();
}

void SentinelProcess::open_link(const OpenLink& open) {
  NodeLinkSetup setup;
  setup.net = around_.net;
  setup.redis = around_.redis;
  setup.host = port_->host;
  setup.local_ip = setup_.settings.announce.host;
  setup.id = open.link;
  setup.at = open.at;
  setup.answer_without_doing = around_.mutation == Mutation::FalseReplies;
  setup.deliver = [this, life = life_](Input input) {
    if (life != life_) return;
    post([this, life, input = std::move(input)] {
      if (life == life_) step(input);
    });
  };
  setup.resolver = &resolver_;
  setup.publish = around_.publish;
  setup.role_changes = [this](ServerIndex server) { around_.role_changes(setup_.index, server); };
  links_[open.link] = NodeLink::open(std::move(setup));
}

void SentinelProcess::push_hello(ServerIndex server, const Hello& hello) {
  for (const auto& [id, open] : links_) {
    if (open->at() == around_.redis->server(server).at) open->push_hello(hello);
  }
}

void SentinelProcess::perform(const Action& action) {
  around_.invariants->performed(setup_.index, action);
  if (around_.history->on()) {
    const std::string line = describe(action);
    if (!line.empty()) note("-> " + line);
  }
  const auto with = [&](LinkId id, auto use) {
    if (NodeLink* const found = link(id)) use(*found);
  };
  std::visit(overloaded{
                 [&](const OpenLink& open) { open_link(open); },
                 [&](const CloseLink& close) {
                   with(close.link, [](NodeLink& at) { at.close(); });
                   links_.erase(close.link);
                 },
                 [&](const SetUrgent& set) { with(set.link, [&](NodeLink& at) { at.set_urgent(set.urgent); }); },
                 [&](const SendPing& ping) { with(ping.link, [](NodeLink& at) { at.ping(); }); },
                 [&](const SendInfo& info) { with(info.link, [](NodeLink& at) { at.ask_info(); }); },
                 [&](const SetHelloListening& set) { with(set.link, [&](NodeLink& at) { at.listen(set.listen); }); },
                 [&](const PublishHello& hello) { with(hello.link, [&](NodeLink& at) { at.publish(hello.payload); }); },
                 [](const AbortServerFailover&) {},  // Nobody gives servers FAILOVER commands here.
                 [&](const ScriptKill& kill) { with(kill.link, [](NodeLink& at) { at.script_kill(); }); },
                 [&](const Promote& promote) { with(promote.link, [&](NodeLink& at) { at.promote(promote); }); },
                 [&](const Repoint& repoint) { with(repoint.link, [&](NodeLink& at) { at.repoint(repoint); }); },
                 [&](const ConfigSet& set) { with(set.link, [&](NodeLink& at) { at.config_set(set); }); },
                 [&](const ReadConfig& read) { with(read.link, [&](NodeLink& at) { at.read_config(read); }); },
                 [&](const PauseWrites& pause) { with(pause.link, [&](NodeLink& at) { at.pause_writes(pause); }); },
                 [&](const DialPeer& dial) { port_->wanted.insert(dial.at); },
                 [&](const DropPeer& drop) { port_->wanted.erase(drop.at); },
                 [&](const AskStockView& ask) { around_.ask_view(setup_.index, ask); },
                 [&](const AskStockConfig& ask) { around_.ask_config(setup_.index, ask); },
                 [&](const TellStock& tell) { around_.tell_stock(setup_.index, tell); },
                 [&](const ResolveHost&) { CHECK(false); },  // Nothing here has a name.
                 [&](const SendPeer& send) { around_.mesh->send(*port_, send.to, send.message); },
             },
             action);
}

}  // namespace sentinel::sim
