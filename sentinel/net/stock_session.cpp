#include "sentinel/net/stock_session.h"

#include <memory>
#include <utility>

#include "sentinel/net/peer_connection.h"

namespace sentinel {
namespace {

constexpr const char* kHelloChannel = "__sentinel__:hello";

// The value behind `name` in a map of strings, flat as RESP2 has it.
std::optional<std::string> field(const Reply& map, std::string_view name) {
  for (std::size_t i = 0; i + 1 < map.items.size(); i += 2)
    if (map.items[i].text == name) return map.items[i + 1].text;
  return std::nullopt;
}

StockFailover failover_of(const Reply& master) {
  const auto flags = field(master, "flags");
  if (!flags || flags->find("failover_in_progress") == std::string::npos) return StockFailover::None;
  const std::string state = field(master, "failover-state").value_or("");
  if (state == "none") return StockFailover::None;
  if (state == "wait_start") return StockFailover::Candidate;
  return state == "reconf_slaves" || state == "update_config" ? StockFailover::Repointing : StockFailover::Acting;
}

std::optional<Epoch> epoch_of(const Reply& master) {
  const auto text = field(master, "config-epoch");
  const auto number = text ? parse_unsigned(*text, UINT64_MAX) : std::nullopt;
  return number ? std::optional(Epoch{*number}) : std::nullopt;
}

// The three answers about one configuration.
struct ConfigAnswers {
  std::optional<Epoch> before;
  std::optional<Endpoint> master;
};

}  // namespace

StockSession::StockSession(PeerConnection& connection, const NodeId& self, Tell tell)
    : connection_(connection), self_(self), tell_(std::move(tell)) {}

void StockSession::start() {
  send({"SENTINEL", "MYID"}, [this](const Reply& reply) { on_id(reply); });
}

void StockSession::on_id(const Reply& reply) {
  if (reply.is_error()) return connection_.close("it does not say who it is: " + reply.text);
  if (!is_node_id(reply.text)) return connection_.close("it has no sentinel's id");
  if (reply.text == self_.value) return connection_.close("this address is our own");
  id_ = NodeId{reply.text};
  send({"CLIENT", "SETNAME", "sentinel-" + self_.value.substr(0, 8) + "-cmd"}, nullptr);
  pinged_ = std::chrono::steady_clock::time_point{};
  tell_(StockUp{.id = *id_, .dialed = *connection_.dialed, .local_ip = connection_.local_ip()});
}

void StockSession::send(const std::vector<std::string>& words, OnReply on_reply) {
  if (questions_.size() >= kStockQuestionsMax) return connection_.close("it does not answer what it is asked");
  questions_.push_back(std::move(on_reply));
  connection_.send(words);
}

void StockSession::on_reply(const Reply& reply) {
  if (questions_.empty()) return connection_.close_malformed("a reply to nothing");
  const OnReply on_reply = std::move(questions_.front());
  questions_.pop_front();
  if (on_reply) on_reply(reply);
}

void StockSession::ping_if_due(std::chrono::steady_clock::time_point now) {
  if (!id_ || now - pinged_ < kStockPingPeriod) return;
  pinged_ = now;
  send({"PING"}, [this](const Reply& reply) {
    if (!reply.is_error()) tell_(PeerAlive{*id_});
  });
}

void StockSession::ask(const AskStockView& question) {
  const std::string candidate = question.candidate.value.empty() ? "*" : question.candidate.value;
  send({"SENTINEL", "IS-MASTER-DOWN-BY-ADDR", question.master.host, std::to_string(question.master.port),
        std::to_string(question.epoch.value), candidate},
       [this, question](const Reply& reply) {
         if (reply.items.size() < 3 || reply.items[2].integer < 0) return;
         StockView view{.id = *id_, .group = question.group, .round = question.round, .master = question.master};
         view.down = reply.items[0].integer == 1;
         if (is_node_id(reply.items[1].text)) view.leader = NodeId{reply.items[1].text};
         view.leader_epoch = Epoch{static_cast<std::uint64_t>(reply.items[2].integer)};
         tell_(view);
       });
}

void StockSession::ask(const AskStockConfig& question) {
  const auto answers = std::make_shared<ConfigAnswers>();
  send({"SENTINEL", "MASTER", question.group}, [answers](const Reply& reply) { answers->before = epoch_of(reply); });
  send({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", question.group}, [answers](const Reply& reply) {
    if (reply.items.size() != 2 || reply.items[0].text.empty()) return;
    const auto port = parse_unsigned(reply.items[1].text, 65535);
    if (port && *port != 0) answers->master = Endpoint{reply.items[0].text, static_cast<std::uint16_t>(*port)};
  });
  send({"SENTINEL", "MASTER", question.group}, [this, question, answers](const Reply& reply) {
    StockConfig told{.id = *id_, .group = question.group, .round = question.round};
    const bool unknown_group = reply.is_error() && reply.text.starts_with("ERR No such master");
    const auto epoch = epoch_of(reply);
    if (unknown_group) return tell_(told);
    if (!epoch || !answers->before || !answers->master) return;  // It does not let us read it, or is not itself.
    if (epoch != answers->before) return ask(question);          // It changed its mind meanwhile.
    told.watches = true;
    told.epoch = *epoch;
    told.master = *answers->master;
    told.failover = failover_of(reply);
    tell_(told);
  });
}

void StockSession::tell(const TellStock& hello) { send({"PUBLISH", kHelloChannel, hello.hello}, nullptr); }

}  // namespace sentinel
