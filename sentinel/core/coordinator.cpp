#include "sentinel/core/coordinator.h"

#include <algorithm>

#include "common/check.h"
#include "sentinel/core/coordinator_impl.h"
#include "sentinel/core/limits.h"

namespace sentinel {

Coordinator::Coordinator(ProcessSettings process, std::vector<GroupSettings> groups, RestoredState restored,
                         std::uint64_t seed, TimePoint now)
    : impl_(std::make_unique<Impl>(std::move(process), std::move(groups), std::move(restored), seed, now)) {}
Coordinator::~Coordinator() = default;

void Coordinator::step(TimePoint now, const Input& input) { impl_->step(now, input); }
Output Coordinator::take_output() { return impl_->take_output(); }
TimePoint Coordinator::next_deadline() const {
  return impl_->deadlines_.empty() ? kNever : impl_->deadlines_.begin()->at;
}

namespace {
const char kNoSuchMaster[] = "ERR No such master with that name";
}

Result<void> Coordinator::failover(TimePoint now, std::string_view name, const FailoverRequest& request) {
  Group* group = impl_->find(name);
  if (group == nullptr) return unexpected(std::string(kNoSuchMaster));
  Result<void> result;
  impl_->with(now, *group, [&](Turn& turn) { result = group->force_failover(turn, request); });
  return result;
}

Result<void> Coordinator::monitor(TimePoint now, GroupSettings settings) {
  if (impl_->find(settings.name) != nullptr) return unexpected(std::string("ERR Duplicate master name."));
  const bool full = impl_->retired_.size() >= kRetiredGroupsMax && !impl_->retired_.contains(settings.name);
  if (impl_->groups_.size() >= kGroupsMax || full) return unexpected(std::string("ERR Too many groups."));
  if (settings.name.empty() || settings.name.size() > kGroupNameBytesMax)
    return unexpected(std::string("ERR Invalid master name."));
  Turn turn = impl_->make_turn(now);
  turn.persist(GroupRecord{settings, true});
  Group& group = impl_->add(turn, std::move(settings));
  impl_->settle(turn, group);
  return {};
}

Result<void> Coordinator::remove(TimePoint now, std::string_view name) {
  Group* group = impl_->find(name);
  if (group == nullptr) return unexpected(std::string(kNoSuchMaster));
  Turn turn = impl_->make_turn(now);
  turn.persist(GroupRecord{group->settings(), false});
  impl_->drop(turn, *group);
  return {};
}

Result<void> Coordinator::set(TimePoint now, GroupSettings settings, const std::vector<std::string>& changed) {
  Group* group = impl_->find(settings.name);
  if (group == nullptr) return unexpected(std::string(kNoSuchMaster));
  impl_->with(now, *group, [&](Turn& turn) {
    settings.master = group->settings().master;
    turn.persist(GroupRecord{settings, true});
    group->change_settings(turn, std::move(settings));
    for (const std::string& option : changed)
      turn.emit(Event{"+set", Level::Warning,
                      "master " + group->name() + ' ' + group->master_address().host + ' ' +
                          std::to_string(group->master_address().port) + ' ' + option,
                      group->name(), std::nullopt});
  });
  return {};
}

void Coordinator::reset(TimePoint now, std::string_view name) {
  Group* group = impl_->find(name);
  CHECK(group != nullptr);
  impl_->with(now, *group, [&](Turn& turn) { group->reset(turn); });
}

void Coordinator::change_timers(TimePoint now, const Timers& timers) {
  impl_->process_.timers = timers;
  impl_->stall_.set_limits(timers.tilt_trigger, timers.tilt_period);
  for (const auto& group : impl_->groups_) impl_->with(now, *group, [&](Turn& turn) { group->change_timers(turn); });
}

void Coordinator::change_announce(TimePoint now, Endpoint announce) {
  impl_->process_.announce = std::move(announce);
  for (const auto& group : impl_->groups_) impl_->with(now, *group, [&](Turn& turn) { group->change_timers(turn); });
}

void Coordinator::change_hosts(TimePoint now, bool resolve, bool announce) {
  impl_->process_.resolve_hostnames = resolve;
  impl_->process_.announce_hostnames = announce;
  impl_->names_.set_policy(resolve, announce);
  for (const auto& group : impl_->groups_) impl_->with(now, *group, [&](Turn& turn) { group->on_names_changed(turn); });
}

void Coordinator::simulate(SimulatedFailures failures) { impl_->simulated_ = failures; }

Coordinator::DownAnswer Coordinator::is_master_down(TimePoint now, const Endpoint& master, Epoch epoch,
                                                    const NodeId& candidate) {
  impl_->make_turn(now).look_up(master.host);
  for (const auto& group : impl_->groups_) {
    if (!group->master_is_at(master)) continue;
    DownAnswer answer;
    impl_->with(now, *group, [&](Turn& turn) {
      answer.down = group->says_down(turn);
      if (candidate.value.empty()) return;
      group->stock_vote(turn, candidate, epoch);
      answer.leader = group->ballot().voted_for();
      answer.leader_epoch = group->ballot().voted_epoch();
    });
    return answer;
  }
  return {};
}

const Endpoint* Coordinator::master_address(std::string_view name) const {
  const Group* group = impl_->find(name);
  return group == nullptr ? nullptr : &group->master_address();
}

std::vector<std::string> Coordinator::group_names() const {
  std::vector<std::string> names;
  for (const auto& group : impl_->groups_) names.push_back(group->name());
  return names;
}

const GroupSettings* Coordinator::settings(std::string_view name) const {
  const Group* group = impl_->find(name);
  return group == nullptr ? nullptr : &group->settings();
}

std::optional<GroupStatus> Coordinator::status(TimePoint now, std::string_view name) const {
  const Group* group = impl_->find(name);
  if (group == nullptr) return std::nullopt;
  return group->status(impl_->look(now));
}

CoreStatus Coordinator::process_status(TimePoint now) const {
  CoreStatus status;
  status.self = impl_->process_.self;
  status.current_epoch = impl_->process_epoch_;
  status.tilt = impl_->stall_.tilt(now);
  if (status.tilt) status.tilt_since = now - impl_->stall_.tilt_since();
  status.store_healthy = impl_->store_healthy_;
  status.store_error = impl_->store_error_;
  status.stalls = impl_->stall_.stalls();
  status.groups = impl_->groups_.size();
  return status;
}

unsigned Coordinator::link_refcount(const NodeId& id) const {
  return static_cast<unsigned>(std::count_if(impl_->groups_.begin(), impl_->groups_.end(),
                                             [&](const auto& group) { return group->is_member(impl_->peers_, id); }));
}

std::size_t Coordinator::mixed_groups() const {
  return static_cast<std::size_t>(std::count_if(impl_->groups_.begin(), impl_->groups_.end(),
                                                [&](const auto& group) { return group->mixed(impl_->peers_); }));
}

std::optional<QuorumCheck> Coordinator::check_quorum(TimePoint now, std::string_view name) const {
  const Group* group = impl_->find(name);
  if (group == nullptr) return std::nullopt;
  return group->check_quorum(impl_->look(now));
}

std::optional<Explanation> Coordinator::explain(TimePoint now, std::string_view name) const {
  const Group* group = impl_->find(name);
  if (group == nullptr) return std::nullopt;
  return group->explain(impl_->look(now));
}

std::optional<SwitchoverPlan> Coordinator::plan(TimePoint now, std::string_view name,
                                                const FailoverRequest& request) const {
  const Group* group = impl_->find(name);
  if (group == nullptr) return std::nullopt;
  return group->plan(impl_->look(now), request);
}

const FailoverTimeline* Coordinator::timeline(std::string_view name) const {
  const Group* group = impl_->find(name);
  return group == nullptr ? nullptr : group->timeline();
}

}  // namespace sentinel
