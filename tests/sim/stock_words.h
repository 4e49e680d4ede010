// What Vigil and stock sentinels say to each other, and stock ones among
// themselves: questions with one answer each, and hellos, over the connections
// of the mesh.
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/sentinel_process.h"
#include "tests/sim/stock_sentinel.h"

namespace sentinel::sim {

class StockWords {
 public:
  StockWords(PeerMesh& mesh, const std::vector<std::unique_ptr<SentinelProcess>>& vigil,
             const std::vector<std::unique_ptr<StockSentinel>>& stock)
      : mesh_(mesh), vigil_(vigil), stock_(stock) {}

  // A Vigil sentinel's.
  void ask(SentinelProcess& from, const AskStockView& question);
  void ask(SentinelProcess& from, const AskStockConfig& question);
  void tell(SentinelProcess& from, const TellStock& hello);
  // A stock sentinel's, to either kind.
  void ask(StockSentinel& from, const NodeId& to, const Endpoint& master, Epoch epoch, const NodeId& candidate);

 private:
  StockSentinel* stock(const NodeId& id) const;
  SentinelProcess* vigil(const NodeId& id) const;

  PeerMesh& mesh_;
  const std::vector<std::unique_ptr<SentinelProcess>>& vigil_;
  const std::vector<std::unique_ptr<StockSentinel>>& stock_;
};

}  // namespace sentinel::sim
