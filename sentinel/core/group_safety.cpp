// Rules R-L1 to R-L3: every node carries min-replicas, so that a master that
// is cut off from its replicas stops taking writes after max-lag.
#include <algorithm>
#include <string>

#include "sentinel/core/group.h"

namespace sentinel {

namespace {
constexpr Millis kCheckPeriod{10000};
constexpr Millis kRefusedPeriod{60000};
constexpr Millis kRankStagger{1000};
constexpr unsigned kFenceValue = 1'000'000;  // Left behind if a fence was interrupted.
}  // namespace

// What the node should carry, nullopt for no opinion: there is no replica to
// ask for, or a fresh master has its grace (R-L3).
std::optional<unsigned> Group::wanted_min_replicas(const Turn& turn, const Node& node) const {
  const auto others = std::count_if(nodes_.begin(), nodes_.end(),
                                    [&](const auto& other) { return other.get() != &node && !other->foreign; });
  const unsigned wanted = std::min(settings_.min_replicas, static_cast<unsigned>(others));
  if (wanted == 0) return std::nullopt;
  const bool fresh = &node == master_ && switched_at_ != TimePoint{} && turn.now < switched_at_ + settings_.max_lag;
  if (fresh && node.info.online_replicas < wanted) return std::nullopt;
  return wanted;
}

// A stricter setting than ours is the operator's business.
bool Group::safety_drifted(const Turn& turn, const Node& node) const {
  const auto wanted = wanted_min_replicas(turn, node);
  if (!wanted || !node.min_replicas || !node.max_lag_s) return false;
  const auto lag_s = static_cast<unsigned>(settings_.max_lag / Millis{1000});
  return *node.min_replicas < *wanted || *node.min_replicas >= kFenceValue || *node.max_lag_s > lag_s ||
         *node.max_lag_s == 0;
}

void Group::check_safety(Turn& turn, Node& node) {
  if (settings_.write_safety == WriteSafety::Off || !node.identified || node.foreign || node.safety_token) return;
  const bool moving = node.repoint_token || (campaign_ && !std::holds_alternative<RepointingAll>(step_));
  if (moving || turn.now < node.next_safety_check) return;
  // R-L5: its fence stays until it is a replica, whoever put it there.
  if (wrong(node) == Wrong::IsMaster) return;
  if (safety_drifted(turn, node) && settings_.write_safety == WriteSafety::Enforce) {
    if (!node.drift_since) node.drift_since = turn.now;
    const TimePoint mine = *node.drift_since + my_rank(turn, false) * kRankStagger;
    if (turn.now >= std::max(mine, node.next_safety_set)) {
      node.next_safety_set = turn.now + kRankStagger;  // Somebody may be setting it back.
      const auto lag_s = std::to_string(settings_.max_lag / Millis{1000});
      node.safety_token = turn.new_token();
      node.safety_setting = true;
      turn.act(ConfigSet{node.link,
                         *node.safety_token,
                         turn.process.promote_timeout,
                         {{"min-replicas-max-lag", lag_s},
                          {"min-replicas-to-write", std::to_string(*wanted_min_replicas(turn, node))}}});
      return;
    }
  }
  node.safety_token = turn.new_token();
  node.safety_setting = false;
  turn.act(ReadConfig{node.link, *node.safety_token, turn.process.promote_timeout});
}

void Group::on_safety_reply(Turn& turn, Node& node, const CommandReply& input) {
  const bool was_set = std::exchange(node.safety_setting, false);
  node.safety_token.reset();
  if (!input.ok) {
    if (input.refused && node.safety_error != input.error)
      emit(turn, "-write-safety-refused", Level::Warning, prefix(node) + " #" + input.error);
    node.safety_error = input.error;
    node.next_safety_check = turn.now + (input.refused ? kRefusedPeriod : Millis{1000});
    return;
  }
  node.safety_error.clear();
  if (was_set) {
    // The first time is ours to set; afterwards somebody else changed it.
    emit(turn, "+write-safety-set", node.was_safe ? Level::Warning : Level::Notice,
         prefix(node) + " min-replicas-to-write " + std::to_string(wanted_min_replicas(turn, node).value_or(0)) +
             " min-replicas-max-lag " + std::to_string(settings_.max_lag / Millis{1000}));
    node.drift_since.reset();
    node.min_replicas.reset();  // Read it back before judging again.
    node.next_safety_check = turn.now;
    return;
  }
  for (const auto& [key, value] : input.values) {
    const auto number = parse_unsigned(value, UINT32_MAX);
    if (!number) continue;
    if (key.find("to-write") != std::string::npos) node.min_replicas = static_cast<unsigned>(*number);
    if (key.find("max-lag") != std::string::npos) node.max_lag_s = static_cast<unsigned>(*number);
  }
  const bool drifted = safety_drifted(turn, node);
  if (!drifted) {
    node.drift_since.reset();
    if (wanted_min_replicas(turn, node)) node.was_safe = true;
  } else if (settings_.write_safety == WriteSafety::Audit && !std::exchange(node.drift_reported, true)) {
    emit(turn, "+write-safety-drift", Level::Warning,
         prefix(node) + " min-replicas-to-write " + std::to_string(*node.min_replicas) + " min-replicas-max-lag " +
             std::to_string(*node.max_lag_s));
  }
  const bool grace = &node == master_ && switched_at_ != TimePoint{} && turn.now < switched_at_ + settings_.max_lag &&
                     !wanted_min_replicas(turn, node);
  if (drifted && settings_.write_safety == WriteSafety::Enforce)
    node.next_safety_check = turn.now;
  else if (grace)
    node.next_safety_check = turn.now + Millis{500};
  else
    node.next_safety_check = turn.now + kCheckPeriod;
  if (drifted && node.drift_since) node.next_safety_check = std::max(turn.now, *node.drift_since) + Millis{200};
}

}  // namespace sentinel
