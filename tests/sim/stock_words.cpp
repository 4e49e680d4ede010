#include "tests/sim/stock_words.h"

#include "common/check.h"

namespace sentinel::sim {

StockSentinel* StockWords::stock(const NodeId& id) const {
  for (const auto& each : stock_)
    if (each->id() == id) return each.get();
  return nullptr;
}

SentinelProcess* StockWords::vigil(const NodeId& id) const {
  for (const auto& each : vigil_)
    if (each->id() == id) return each.get();
  return nullptr;
}

void StockWords::ask(SentinelProcess& from, const AskStockView& question) {
  StockSentinel* to = stock(question.to);
  if (to == nullptr) return;
  mesh_.carry(from.port(), question.to, [this, &from, to, question] {
    const auto answer = to->is_master_down(question.master, question.epoch, question.candidate);
    mesh_.carry(to->port(), from.id(), [&from, question, answer] {
      from.hear(StockView{.id = question.to,
                          .group = question.group,
                          .round = question.round,
                          .master = question.master,
                          .down = answer.down,
                          .leader = answer.leader,
                          .leader_epoch = answer.leader_epoch});
    });
  });
}

void StockWords::ask(SentinelProcess& from, const AskStockConfig& question) {
  StockSentinel* to = stock(question.to);
  if (to == nullptr) return;
  mesh_.carry(from.port(), question.to, [this, &from, to, question] {
    StockConfig told = to->config(question.group);
    told.round = question.round;
    mesh_.carry(to->port(), from.id(), [&from, told] { from.hear(told); });
  });
}

void StockWords::tell(SentinelProcess& from, const TellStock& told) {
  const auto hello = parse_hello(told.hello);
  CHECK(hello.has_value());
  mesh_.tell_hello(from.port(), told.to, *hello);
}

void StockWords::ask(StockSentinel& from, const NodeId& to, const Endpoint& master, Epoch epoch,
                     const NodeId& candidate) {
  const auto answered = [this, &from, to, master](const NodeId& by, PeerPort& port) {
    return [this, &from, by, master, &port](StockSentinel::DownAnswer answer) {
      mesh_.carry(port, from.id(), [&from, by, master, answer] { from.told(by, master, answer); });
    };
  };
  if (StockSentinel* other = stock(to)) {
    mesh_.carry(from.port(), to, [other, master, epoch, candidate, reply = answered(to, other->port())] {
      reply(other->is_master_down(master, epoch, candidate));
    });
  } else if (SentinelProcess* process = vigil(to)) {
    mesh_.carry(from.port(), to, [process, master, epoch, candidate, reply = answered(to, process->port())] {
      process->is_master_down(master, epoch, candidate, [reply](const Coordinator::DownAnswer& answer) {
        reply({answer.down, answer.leader, answer.leader_epoch});
      });
    });
  }
}

}  // namespace sentinel::sim
