#include "sentinel/net/role_change.h"

#include <algorithm>
#include <utility>

#include "sentinel/net/keep_alive.h"
#include "sentinel/net/spawn.h"

namespace sentinel {
namespace {

constexpr const char* kMinReplicas = "min-replicas-to-write";

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

RoleChange::RoleChange(std::shared_ptr<NodeLink> link, const Promote& action)
    : Exchange(std::move(link), action.token) {
  add_part({"SLAVEOF", "NO", "ONE"});
  if (action.min_replicas_to_write) {
    add_part({"CONFIG", "SET", kMinReplicas, std::to_string(*action.min_replicas_to_write)});
  }
  add_part({"CONFIG", "REWRITE"});
  add_part({"CLIENT", "KILL", "TYPE", "normal"});
  add_part({"CLIENT", "KILL", "TYPE", "pubsub"});
}

RoleChange::RoleChange(std::shared_ptr<NodeLink> link, const Repoint& action)
    : Exchange(std::move(link), action.token), master_(action.master), rescue_(action.rescue), fence_(action.fence) {
  add_part({"SLAVEOF", action.master.host, std::to_string(action.master.port)});
  add_part({"CONFIG", "REWRITE"});
  add_part({"CLIENT", "KILL", "TYPE", "normal"});
  add_part({"CLIENT", "KILL", "TYPE", "pubsub"});
}

void RoleChange::add_part(Words command) {
  parts_.push_back({.command = std::move(command), .refusal = {}, .failure = {}, .dropped = false});
}

void RoleChange::begin() {
  aborted_ = outside_transaction_ = false;
  exec_error_.clear();
  if (fence_ && !fenced_) add_fence();
  if (rescue_ && this->link().options().rescues) return begin_rescue();
  add({"MULTI"}, [this](const Reply& reply) {
    if (!reply.is_error()) return;
    outside_transaction_ = true;
    warn("MULTI", reply.text);
  });
  for (Part& part : parts_) {
    if (part.dropped) continue;
    part.failure.clear();
    add(part.command, [this, &part](const Reply& reply) { on_queued(part, reply); });
  }
  add({"EXEC"}, [this](const Reply& reply) { on_exec(reply); });
  add({"INFO"}, [this](const Reply& reply) { on_info(reply); });
  flush();
}

void RoleChange::add_fence() {
  add({"CONFIG", "GET", kMinReplicas}, [this](const Reply& reply) {
    for (const auto& [name, value] : pairs_of(reply)) {
      if (name == kMinReplicas) former_ = value;
    }
  });
  add({"CONFIG", "SET", kMinReplicas, std::to_string(kFenceReplicas)}, [this](const Reply& reply) {
    fenced_ = !reply.is_error();
    if (fenced_) return;
    warn("fence", reply.text);
    fence_ = false;
  });
}

// R-L6. What there is to rescue is known only behind the fence: a hung node takes what waits on its clients'
// sockets first.
void RoleChange::begin_rescue() {
  add({"INFO"}, [this](const Reply& reply) {
    const RescueOrder order = *rescue_;
    if (reply.is_error()) {
      warn("INFO", reply.text);
      answer_.rescue = RescueOutcome{.lost_because = "INFO: " + reply.text};
      rescue_.reset();
      return begin();
    }
    FencedNode node = parse_fenced_node(reply.text);
    // The order was given for another process: the core orders anew once it has looked at this one.
    const bool same = node.info.replication_id == order.history || node.info.role != NodeRole::Master;
    if (!same) return fail("it has another history than before", false);
    RescuePlan plan = plan_rescue(order, node);
    switch (plan.kind) {
      case RescuePlan::Kind::Nothing: rescue_.reset(); return begin();
      case RescuePlan::Kind::Lost:
        answer_.rescue = RescueOutcome{.bytes = plan.bytes, .lost_because = plan.why};
        rescue_.reset();
        return begin();
      case RescuePlan::Kind::Stream:
      case RescuePlan::Kind::Snapshot: break;
    }
    suspend();
    const auto self = std::static_pointer_cast<RoleChange>(shared_from_this());
    spawn(link().executor(), "rescue " + to_string(link().at()),
          keep_alive(self, rescue(std::move(node), std::move(plan))));
  });
  flush();
}

asio::awaitable<void> RoleChange::rescue(FencedNode node, RescuePlan plan) {
  RescueTarget target{.at = link().at(),
                      .master = master_,
                      .named = [this](Words words) { return link().named(std::move(words)); },
                      .credentials = link().credentials(),
                      .dialing = link().options().dialing};
  RescueReport report = co_await run_rescue(link().executor(), link().options().rescues, std::move(target), *rescue_,
                                            std::move(node), std::move(plan));
  if (!report.busy.empty()) co_return fail(report.busy + " rescues its writes", false);
  const bool saved = report.outcome && !report.outcome->file.empty();
  if (saved) answer_.rescue = report.outcome;
  if (!resume()) co_return;  // What was not saved is not lost yet: somebody will try again.
  answer_.rescue = std::move(report.outcome);
  if (answer_.rescue && answer_.rescue->lost_because.empty() && !fenced_)
    answer_.rescue->lost_because = "it could not be fenced: writes of the last moment are not saved";
  rescue_.reset();
  begin();
}

void RoleChange::on_queued(Part& part, const Reply& reply) {
  if (!reply.is_error()) return;
  (outside_transaction_ ? part.failure : part.refusal) = reply.text;
}

void RoleChange::on_exec(const Reply& reply) {
  if (outside_transaction_) return;
  if (reply.is_error()) {
    exec_error_ = reply.text;
    aborted_ = reply.text.starts_with("EXECABORT");
    return;
  }
  auto result = reply.items.begin();
  for (Part& part : parts_) {
    if (part.dropped) continue;
    if (result == reply.items.end()) {
      part.failure = "EXEC did not answer it";
      continue;
    }
    if (result->is_error()) part.failure = result->text;
    ++result;
  }
}

void RoleChange::on_info(const Reply& reply) {
  const Part& slaveof = parts_.front();
  if (!slaveof.refusal.empty()) return fail(slaveof.refusal, true);
  if (aborted_) return try_without_refused();
  if (!exec_error_.empty()) {
    // Nothing ran, and the transaction is still open: only a new connection is out of it.
    const auto connection = link().connection();
    fail(exec_error_, true);
    return connection->close({DownCause::Failed, "EXEC refused"});
  }
  if (!slaveof.failure.empty()) return fail(slaveof.failure, true);
  for (const Part& part : parts_) {
    if (!part.failure.empty()) warn(joined(part.command), part.failure);
  }
  if (reply.is_error()) {
    warn("INFO", reply.text);
  } else {
    answer_.info = parse_node_info(reply.text);
  }
  if (fenced_) return lift_fence();
  succeed();
}

void RoleChange::try_without_refused() {
  bool dropped = false;
  for (Part& part : parts_) {
    if (part.refusal.empty() || part.dropped) continue;
    warn(joined(part.command), part.refusal);
    part.dropped = dropped = true;
  }
  if (!dropped) return fail(exec_error_, true);
  begin();
}

// The fence was written to the server's file by the transaction's CONFIG
// REWRITE, on purpose: had we died, the node would have come back fenced.
void RoleChange::lift_fence() {
  // A fence that an earlier attempt left behind is not what the operator chose.
  const bool known = former_ && *former_ != std::to_string(kFenceReplicas);
  if (!known) warn("fence", std::string("former ") + kMinReplicas + " unknown, set to 0");
  add({"CONFIG", "SET", kMinReplicas, known ? *former_ : "0"}, [this](const Reply& reply) {
    if (reply.is_error()) warn("fence not lifted", reply.text);
  });
  const bool rewrites = std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
    return part.command == Words{"CONFIG", "REWRITE"} && !part.dropped && part.failure.empty();
  });
  if (rewrites) add({"CONFIG", "REWRITE"}, nullptr);
  add({"PING"}, [this](const Reply&) { succeed(); });
  flush();
}

}  // namespace sentinel
