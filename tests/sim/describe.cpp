#include <fmt/core.h>

#include "common/overloaded.h"
#include "tests/sim/sentinel_process.h"

namespace sentinel::sim {
namespace {

std::string_view word(DownCause cause) {
  switch (cause) {
    case DownCause::Refused: return "refused";
    case DownCause::Closed: return "closed";
    case DownCause::TimedOut: return "timed out";
    case DownCause::Unresolvable: return "unresolvable";
    case DownCause::Failed: return "failed";
  }
  return "?";
}

// Ids are long; eight characters tell the sentinels of a run apart.
std::string shorten(const PeerMessage& message) {
  std::string text;
  for (const std::string& each : encode(message)) {
    text += text.empty() ? "" : " ";
    text += each.size() == 40 ? each.substr(0, 8) : each;
  }
  return text;
}

std::string brief(const NodeId& id) { return id.value.substr(0, 8); }

}  // namespace

// Pings, INFO and heartbeats would bury the rest: they are not told.
std::string describe(const Input& input) {
  return std::visit(
      overloaded{
          [](const Tick&) { return std::string{}; },
          [](const LinkUp& up) { return fmt::format("link {} up ({})", up.link.value, up.ip); },
          [](const LinkDown& down) { return fmt::format("link {} down: {}", down.link.value, word(down.cause)); },
          [](const PingReply&) { return std::string{}; },
          [](const InfoReply&) { return std::string{}; },
          [](const CommandReply& reply) {
            return fmt::format("reply link {} token {}: {} {}", reply.link.value, reply.token.value,
                               reply.ok ? "ok" : "failed", reply.error);
          },
          [](const HelloReceived&) { return std::string{}; },
          [](const PeerUp& up) { return fmt::format("peer up {}", brief(up.id)); },
          [](const PeerDown& down) { return fmt::format("peer down {}", brief(down.id)); },
          [](const PeerAlive&) { return std::string{}; },
          [](const PeerReceived& got) { return fmt::format("from {}: {}", brief(got.id), shorten(got.message)); },
          [](const StockUp& up) { return fmt::format("stock up {}", brief(up.id)); },
          [](const StockDown& down) { return fmt::format("stock down {}", brief(down.id)); },
          [](const StockView& view) {
            return fmt::format("stock {}: {} {}, voted {} in {}, round {}", brief(view.id), view.group,
                               view.down ? "down" : "up", brief(view.leader), view.leader_epoch.value, view.round);
          },
          [](const StockConfig& told) {
            return fmt::format("stock {}: {} epoch {} at {}, failover {}", brief(told.id), told.group, told.epoch.value,
                               to_string(told.master), static_cast<int>(told.failover));
          },
          [](const HelloPublished&) { return std::string{}; },
          [](const HostResolved& found) { return "found out where " + found.host + " is"; },
          [](const Persisted& done) { return fmt::format("persisted {}", done.batch); },
          [](const StoreHealth& health) { return fmt::format("disk {}", health.healthy ? "healthy" : "refuses"); },
      },
      input);
}

std::string describe(const Action& action) {
  return std::visit(
      overloaded{
          [](const OpenLink& open) { return fmt::format("open link {} to {}", open.link.value, to_string(open.at)); },
          [](const CloseLink& close) { return fmt::format("close link {}", close.link.value); },
          [](const SetUrgent&) { return std::string{}; },
          [](const SendPing&) { return std::string{}; },
          [](const SendInfo&) { return std::string{}; },
          [](const SetHelloListening&) { return std::string{}; },
          [](const PublishHello&) { return std::string{}; },
          [](const ScriptKill& kill) { return fmt::format("script kill link {}", kill.link.value); },
          [](const Promote& promote) {
            return fmt::format("PROMOTE link {} token {}", promote.link.value, promote.token.value);
          },
          [](const Repoint& repoint) {
            return fmt::format("REPOINT link {} token {} to {}{}", repoint.link.value, repoint.token.value,
                               to_string(repoint.master), repoint.fence ? " fenced" : "");
          },
          [](const ConfigSet& set) {
            std::string text = fmt::format("config set link {} token {}", set.link.value, set.token.value);
            for (const auto& [key, value] : set.values) text += fmt::format(" {}={}", key, value);
            return text;
          },
          [](const ReadConfig&) { return std::string{}; },
          [](const AbortServerFailover& abort) { return fmt::format("failover abort link {}", abort.link.value); },
          [](const PauseWrites& pause) {
            return fmt::format("pause writes link {} token {} for {} ms", pause.link.value, pause.token.value,
                               pause.pause.count());
          },
          [](const DialPeer& dial) { return fmt::format("dial {}", to_string(dial.at)); },
          [](const DropPeer& drop) { return fmt::format("drop {}", to_string(drop.at)); },
          [](const SendPeer& send) { return fmt::format("to {}: {}", brief(send.to), shorten(send.message)); },
          [](const AskStockView& ask) {
            return fmt::format("to stock {}: down? {} epoch {} for {} round {}", brief(ask.to), ask.group,
                               ask.epoch.value, brief(ask.candidate), ask.round);
          },
          [](const AskStockConfig&) { return std::string{}; },
          [](const TellStock&) { return std::string{}; },
          [](const ResolveHost& ask) { return "asks where " + ask.host + " is"; },
      },
      action);
}

}  // namespace sentinel::sim
