// Promote and Repoint: one pipeline that changes a node's role and reads
// whether it did, in one round trip.
//
//   [CONFIG GET min-replicas-to-write, CONFIG SET min-replicas-to-write 1000000]    the fence, R-L5
//   [INFO, and then what only this node has is saved (rescue_session.h)]             with a rescue order, R-L6
//   MULTI, SLAVEOF ..., [CONFIG SET min-replicas-to-write n], CONFIG REWRITE,
//   CLIENT KILL TYPE normal, CLIENT KILL TYPE pubsub, EXEC, INFO
//   [CONFIG SET min-replicas-to-write <former>, CONFIG REWRITE]                     once SLAVEOF has succeeded
//
// A server refuses a whole transaction for one command that it doesn't know or
// permit. What is refused besides SLAVEOF becomes a warning, and the rest is
// tried again without it. The fence stays on a node that refuses SLAVEOF: better no
// writes than writes that will be lost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sentinel/net/exchange.h"
#include "sentinel/net/rescue_session.h"

namespace sentinel {

inline constexpr unsigned kFenceReplicas = 1'000'000;  // No master has so many: it refuses every write.

class RoleChange : public Exchange {
 public:
  RoleChange(std::shared_ptr<NodeLink> link, const Promote& action);
  RoleChange(std::shared_ptr<NodeLink> link, const Repoint& action);

 private:
  // A command of the transaction. The first one is SLAVEOF.
  struct Part {
    Words command;
    std::string refusal;  // Why the server won't queue it.
    std::string failure;  // How it ended when it ran.
    bool dropped = false;
  };

  void add_part(Words command);
  void begin() override;
  void add_fence();
  void begin_rescue();
  asio::awaitable<void> rescue(FencedNode node, RescuePlan plan);
  void on_queued(Part& part, const Reply& reply);
  void on_exec(const Reply& reply);
  void on_info(const Reply& reply);
  void try_without_refused();
  void lift_fence();

  std::vector<Part> parts_;
  Endpoint master_;                    // Of a Repoint.
  std::optional<RescueOrder> rescue_;  // Until it is done.
  bool fence_ = false;
  bool fenced_ = false;                // The server took the fence.
  std::optional<std::string> former_;  // min-replicas-to-write before it.
  bool outside_transaction_ = false;   // MULTI was refused, so everything ran by itself.
  bool aborted_ = false;
  std::string exec_error_;
};

}  // namespace sentinel
