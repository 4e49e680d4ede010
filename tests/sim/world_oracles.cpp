// What the world knows and the sentinels don't: which server is alive, who has
// the most data, what was acknowledged. Each rule here is one that a sentinel
// can keep with what it is able to see.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <unordered_set>

#include "tests/sim/world.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kCalm = 25s;       // After this long without a fault nothing is left to detect.
constexpr Millis kShortCalm = 4s;   // Enough for a planned failover.
constexpr Millis kDeadFor = 1s;     // Then nothing of its stream is on its way any more.
constexpr Millis kInfoRound = 13s;  // Every node was asked who it is by then.
constexpr Millis kServerCron = 2s;  // The server looks at its replicas' lag once a second.

}  // namespace

// Nothing was wrong for that long; at the start nothing ever was.
bool World::calm_for(Millis time) const {
  if (!ongoing_.empty()) return false;
  for (const auto& sentinel : sentinels_) {  // An armed crash may strike long after it was armed.
    if (sentinel->retired()) continue;
    if (!sentinel->alive()) return false;
    if (last_trouble_ != TimePoint{} && queue_.now() - sentinel->remembers_since() < time) return false;
  }
  for (const auto& sentinel : stock_)
    if (!sentinel->alive()) return false;
  return last_trouble_ == TimePoint{} || queue_.now() - last_trouble_ >= time;
}

void World::judge_promotion(SentinelIndex self, const Promote&, const std::string& group) {
  const Coordinator& core = *sentinels_[self]->core();
  const FailoverTimeline* timeline = core.timeline(group);
  const auto status = core.status(sentinels_[self]->local_now(), group);
  if (!timeline || !status) return;
  judge_reason(self, *timeline);
  judge_freshness(self, *timeline, *status);
  promotions_.erase({group, timeline->epoch});
  const std::optional<ServerIndex> chosen = redis_.find(timeline->to);
  if (!chosen || redis_.server(*chosen).foreign) return;  // judge_role_change() sees to it.
  promotions_[{group, timeline->epoch}] = {queue_.now(), *chosen};
  judge_choice(*timeline, *status, *chosen);
  judge_loss(*timeline, *chosen);
}

// Whether this sentinel was told by the node itself that it is a master, and follows another configuration.
bool World::seems_stray(SentinelIndex self, const Endpoint& node, const std::string& group) const {
  const auto status = sentinels_[self]->core()->status(sentinels_[self]->local_now(), group);
  return status && std::any_of(status->replicas.begin(), status->replicas.end(), [&](const NodeStatus& each) {
           return each.at == node && each.role_reported == NodeRole::Master;
         });
}

// R-L5, R-L6: a master on its way to become a replica is fenced, and asked for what only it has.
void World::judge_repoint(SentinelIndex self, const Repoint& repoint, const Endpoint& node, const std::string& group) {
  if (!seems_stray(self, node, group)) return;
  if (!repoint.fence)
    invariants_->fail("an old master is fenced first", fmt::format("s{} re-points {}", self, to_string(node)));
  if (!repoint.rescue)
    return invariants_->fail("an old master's own writes are rescued",
                             fmt::format("s{} re-points {}", self, to_string(node)));
  const std::optional<ServerIndex> to = redis_.find(repoint.master);
  if (!to || !repoint.rescue->from) return;
  const RedisServer& master = redis_.server(*to);
  if (master.replid2 != repoint.rescue->history || master.second_offset < 0) return;
  if (*repoint.rescue->from <= static_cast<std::uint64_t>(master.second_offset) + 1) return;
  invariants_->fail("a rescue begins where the histories part",
                    fmt::format("s{} rescues {} from {}, not {}", self, to_string(node), *repoint.rescue->from,
                                master.second_offset + 1));
}

// R-L5: nobody's write safety lifts the fence of a master that is not the group's.
void World::judge_setting(SentinelIndex self, const Endpoint& node, const std::string& group) {
  if (!seems_stray(self, node, group)) return;
  invariants_->fail("a fence stays until the node follows", fmt::format("s{} configures {}", self, to_string(node)));
}

// R-D, R-E5: a master that everybody reaches stays.
void World::judge_reason(SentinelIndex self, const FailoverTimeline& timeline) {
  if (timeline.cause == "operator" || !calm_for(kCalm)) return;
  const std::optional<ServerIndex> from = redis_.find(timeline.from);
  if (!from) return;
  const RedisServer& master = redis_.server(*from);
  if (!master.alive || master.paused || !master.is_master() || master.foreign) return;
  invariants_->fail(
      "a healthy master is left alone",
      fmt::format("s{} replaces {} ({}) in {}", self, to_string(master.at), timeline.cause, timeline.group));
}

// R-F1: the choice rests on what the replica said after the election. The timeline keeps the first choice only, so a
// second one, after a refusal, is not judged.
void World::judge_freshness(SentinelIndex self, const FailoverTimeline& timeline, const GroupStatus& status) {
  std::optional<Millis> elected;
  std::optional<Millis> selected;
  for (const auto& [phase, at] : timeline.phases) {
    if (phase == "elected") elected = at;
    if (phase == "selected") selected = at;
  }
  const bool again = !promoting_.emplace(self, timeline.group, timeline.epoch).second;
  // Between the choice and the promotion of a planned one lies the attempt to drain.
  if (!elected || !selected || again || timeline.cause == "operator") return;
  for (const NodeStatus& replica : status.replicas) {
    if (replica.at != timeline.to || replica.info_refresh <= *selected - *elected + 1ms) continue;
    invariants_->fail("a choice rests on present offsets",
                      fmt::format("s{} promotes {} by what it said {} ms ago", self, to_string(replica.at),
                                  replica.info_refresh.count()));
  }
}

// R-F1, R-F2: of those that could be chosen, the one with the most data, as it is now.
void World::judge_choice(const FailoverTimeline& timeline, const GroupStatus& status, ServerIndex chosen) {
  const std::optional<ServerIndex> from = redis_.find(timeline.from);
  if (from && redis_.server(*from).alive) return;  // Its stream may still be arriving.
  if (queue_.now() - last_death_ < kDeadFor) return;
  const RedisServer& best = redis_.server(chosen);
  for (const NodeStatus& replica : status.replicas) {
    const std::optional<ServerIndex> index = redis_.find(replica.at);
    if (!index || *index == chosen || replica.disconnected || replica.s_down) continue;
    const RedisServer& other = redis_.server(*index);
    const bool rejected = std::any_of(timeline.rejected.begin(), timeline.rejected.end(),
                                      [&](const auto& each) { return each.first == to_string(replica.at); });
    const bool comparable = other.alive && !other.foreign && other.priority == best.priority &&
                            other.replid == best.replid && other.master == best.master && !other.is_master();
    if (rejected || !comparable || other.offset() <= best.offset()) continue;
    invariants_->fail("the freshest replica is promoted",
                      fmt::format("{} with offset {} is promoted, {} has {}", to_string(best.at), best.offset(),
                                  to_string(other.at), other.offset()));
  }
}

// R-L4: a planned failover takes all writes along.
void World::judge_loss(const FailoverTimeline& timeline, ServerIndex chosen) {
  const std::optional<ServerIndex> from = redis_.find(timeline.from);
  if (timeline.cause != "operator" || !from) return;
  const RedisServer& old = redis_.server(*from);
  const RedisServer& best = redis_.server(chosen);
  const bool drained = std::any_of(timeline.phases.begin(), timeline.phases.end(),
                                   [](const auto& phase) { return phase.first == "drained"; });
  if (!drained && !calm_for(kShortCalm)) return;
  if (!old.alive || old.paused || !old.is_master() || old.replid != best.replid) return;
  const auto missing = std::max<std::int64_t>(0, old.offset() - best.offset());
  if (missing == 0 || static_cast<std::size_t>(missing) > old.log.size()) return;
  if (std::all_of(old.log.end() - missing, old.log.end(), [](WriteId id) { return id == 0; })) return;
  invariants_->fail("a planned failover loses no write",
                    fmt::format("{} is promoted in {} epoch {}, {} commands behind {}", to_string(best.at),
                                timeline.group, timeline.epoch.value, missing, to_string(old.at)));
}

// R-F3, R-F4: a leader commits what happened.
void World::judge_config(SentinelIndex self, const ConfigRecord& config) {
  if (config.leader != sentinels_[self]->id()) return;
  const auto decided = promotions_.find({config.group, config.epoch});
  if (decided == promotions_.end()) return;
  const auto& [when, server] = decided->second;
  if (redis_.server(server).last_promoted >= when) return;
  invariants_->fail("what is committed was promoted",
                    fmt::format("s{} commits {} epoch {} master {}, which executed no promotion", self, config.group,
                                config.epoch.value, to_string(config.master)));
}

// R-D1: silence that never was.
void World::judge_event(SentinelIndex self, const Event& event) {
  if (event.name != "+sdown" || !calm_for(kCalm)) return;
  invariants_->fail("nobody is called down without a fault", fmt::format("s{}: +sdown {}", self, event.message));
}

// R-C6: whoever had time to see who was there before doesn't command a stranger.
void World::judge_role_change(SentinelIndex self, ServerIndex server) {
  const RedisServer& told = redis_.server(server);
  if (!told.foreign || foreign_adopted_) return;
  // Our replicas copy from whoever answers at their master's address. Then the data is the strangers' anyway.
  for (ServerIndex index = 0; index < own_servers_; ++index) {
    if (redis_.server(index).mixed) foreign_adopted_ = true;
  }
  if (foreign_adopted_) return;
  if (sentinels_[self]->remembers_since() + kInfoRound > foreign_since_) {
    foreign_adopted_ = true;
    return;
  }
  invariants_->fail("only our own nodes are commanded",
                    fmt::format("s{} changes the role of {}, which belongs to others", self, to_string(told.at)));
}

// R-L1: what was acknowledged and is gone; and that it is no more than the bound allows.
// With one replica the bound is exact; with more, a replica beside a cut-off master keeps it open.
void World::judge_losses() {
  for (std::size_t group = 0; group < settings_.groups; ++group) {
    report_.acknowledged += acknowledged_[group].size();
    const auto master = current_master(group);
    if (!master) continue;
    const auto& log = redis_.servers()[*master]->log;
    const std::unordered_set<WriteId> kept(log.begin(), log.end());
    std::map<std::pair<ServerIndex, std::string>, std::pair<TimePoint, TimePoint>> spans;
    for (const Acknowledged& each : acknowledged_[group]) {
      if (kept.contains(each.id)) continue;
      ++report_.lost;
      if (!each.guarded) continue;
      auto& [first, last] = spans.try_emplace({each.server, each.history}, each.at, each.at).first->second;
      first = std::min(first, each.at);
      last = std::max(last, each.at);
    }
    for (const auto& [where, span] : spans) {
      const Millis length = span.second - span.first;
      // A stock leader knows nothing of write safety.
      const bool exact = settings_.replicas == 1 && settings_.redis.persists && stock_.empty();
      if (!exact || settings_.group.write_safety != WriteSafety::Enforce) continue;
      report_.loss_span = std::max(report_.loss_span, length);
      if (length <= settings_.group.max_lag + kServerCron) continue;
      invariants_->fail(
          "loss is bounded by max-lag",
          fmt::format("{} acknowledged writes for {} ms that are lost, bound {} ms",
                      to_string(redis_.server(where.first).at), length.count(), settings_.group.max_lag.count()));
    }
  }
}

}  // namespace sentinel::sim
