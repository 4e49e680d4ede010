#include "sentinel/core/coordinator_impl.h"

#include <algorithm>

#include "common/check.h"
#include "common/overloaded.h"
#include "sentinel/core/limits.h"

namespace sentinel {

Coordinator::Impl::Impl(ProcessSettings process, std::vector<GroupSettings> groups, RestoredState restored,
                        std::uint64_t seed, TimePoint now)
    : process_(std::move(process)),
      peers_(process_.peers),
      rng_(seed),
      stall_(process_.timers.tilt_trigger, process_.timers.tilt_period),
      order_(process_.max_parallel_failovers) {
  CHECK(!process_.self.value.empty());
  CHECK(process_.lease > process_.vote_timeout);  // A candidate's own promise outlasts its campaign.
  names_.set_policy(process_.resolve_hostnames, process_.announce_hostnames);
  for (const Endpoint& at : peers_.configured()) output_.now.push_back(DialPeer{at});
  // What the operator changed at run time wins over the file.
  for (const GroupRecord& record : restored.groups) {
    std::erase_if(groups, [&](const GroupSettings& group) { return group.name == record.settings.name; });
    if (record.monitored) groups.push_back(record.settings);
  }
  process_epoch_ = restored.current_epoch;
  for (const VoteRecord& vote : restored.votes) process_epoch_ = std::max(process_epoch_, vote.epoch);
  for (const VoteRecord& vote : restored.votes)
    retired_.try_emplace(vote.group, Retired{Ballot(process_.lease), {}})
        .first->second.ballot.restore(now, vote.epoch, vote.candidate);
  for (const PeerRecord& peer : restored.peers) {
    if (!peers_.discovered() || !peer.known || peer.id == process_.self) continue;
    peers_.know(peer.id, peer.at);
    retired_.try_emplace(peer.group, Retired{Ballot(process_.lease), {}}).first->second.members.insert(peer.id);
  }
  Turn turn = make_turn(now);
  for (GroupSettings& settings : groups) {
    auto group = std::make_unique<Group>(std::move(settings), ++last_serial_, turn);
    const auto mine = [&](const auto& record) { return record.group == group->name(); };
    for (const auto& record : restored.configs)
      if (mine(record)) group->restore_config(record);
    restore(*group);
    group->restore_epoch(restored.current_epoch);
    for (const auto& record : restored.replicas)
      if (mine(record) && record.known) group->restore_replica(record.at);
    for (const auto& record : restored.last_failovers)
      if (mine(record.timeline)) group->restore_timeline(record.timeline);
    if (peers_.discovered()) {
      for (const auto& record : restored.peers) {
        if (mine(record) && record.known && record.id != process_.self) dial_discovered(turn, record.at);
      }
    }
    Group& placed = *groups_.emplace_back(std::move(group));
    by_name_[placed.name()] = &placed;
    placed.start(turn);
    settle(turn, placed);
  }
}

Group& Coordinator::Impl::add(Turn& turn, GroupSettings settings) {
  Group& group = *groups_.emplace_back(std::make_unique<Group>(std::move(settings), ++last_serial_, turn));
  by_name_[group.name()] = &group;
  restore(group);
  group.start(turn);
  for (const auto& [id, peer] : peers_.all()) {
    if (peer.is(PeerKind::Vigil)) group.on_peer_up(turn, id, true);
    if (peer.is(PeerKind::Stock)) group.on_stock_up(turn, id);
  }
  return group;
}

void Coordinator::Impl::restore(Group& group) {
  auto retired = retired_.extract(group.name());
  if (retired.empty()) return;
  group.restore_ballot(std::move(retired.mapped().ballot));
  for (const NodeId& member : retired.mapped().members) group.restore_member(member);
}

void Coordinator::Impl::drop(Turn& turn, Group& group) {
  group.stop(turn);
  std::erase_if(by_link_, [&](const auto& entry) { return entry.second == &group; });
  by_name_.erase(group.name());
  retired_.insert_or_assign(group.name(), Retired{group.ballot(), group.members()});
  if (const auto armed = armed_.find(&group); armed != armed_.end()) {
    deadlines_.erase({armed->second, group.serial(), &group});
    armed_.erase(armed);
  }
  if (group.failing()) --failing_;
  waiting_for_disk_.erase(&group);
  order_.rests(group.serial());
  std::erase_if(groups_, [&](const auto& other) { return other.get() == &group; });
  let_others_stand(turn);
}

void Coordinator::Impl::settle(Turn& turn, Group& group) {
  follow(turn, group);
  let_others_stand(turn);
}

// Also re-arms the group's one timer.
void Coordinator::Impl::follow(Turn& turn, Group& group) {
  if (group.failing()) --failing_;
  group.advance(turn);
  if (group.failing()) ++failing_;
  process_epoch_ = std::max(process_epoch_, group.epoch());
  if (group.runs_failover()) {
    order_.runs(group.serial());
  } else if (group.waits_for_others()) {
    order_.waits(group.place());
  } else {
    order_.rests(group.serial());
  }
  for (const LinkId link : group.take_new_links()) by_link_.try_emplace(link, &group);
  TimePoint& armed = armed_.try_emplace(&group, kNever).first->second;
  if (armed != group.deadline()) {
    auto timer = deadlines_.extract({armed, group.serial(), &group});
    armed = group.deadline();
    if (armed == kNever) {
      // Waits for an input.
    } else if (timer) {
      timer.value().at = armed;
      deadlines_.insert(std::move(timer));
    } else {
      deadlines_.insert({armed, group.serial(), &group});
    }
  }
  if (group.waits_for_disk())
    waiting_for_disk_.insert(&group);
  else
    waiting_for_disk_.erase(&group);
}

void Coordinator::Impl::let_others_stand(Turn& turn) {
  while (const auto serial = order_.next()) {
    const auto found =
        std::lower_bound(groups_.begin(), groups_.end(), *serial,
                         [](const auto& group, std::uint64_t wanted) { return group->serial() < wanted; });
    CHECK(found != groups_.end() && (*found)->serial() == *serial);
    follow(turn, **found);
    CHECK(order_.next() != serial);  // It stands, or something else holds it back.
  }
}

void Coordinator::Impl::sort_by_priority(std::vector<Group*>& groups) {
  std::sort(groups.begin(), groups.end(), [](const Group* a, const Group* b) { return a->place() < b->place(); });
}

std::vector<Group*> Coordinator::Impl::by_priority() const {
  std::vector<Group*> groups;
  for (const auto& group : groups_) groups.push_back(group.get());
  sort_by_priority(groups);
  return groups;
}

Millis Coordinator::Impl::urgent_info_period() const {
  const Millis shared = std::min(kUrgentInfoMax, kUrgentInfoPerGroup * static_cast<Millis::rep>(failing_));
  return std::max(process_.info_period_urgent, shared);
}

// R-D6.
void Coordinator::Impl::feel_stall(TimePoint now) {
  const TimePoint due = deadlines_.empty() ? kNever : deadlines_.begin()->at;
  stall_.woke(now, due);
  const bool tilt = stall_.tilt(now);
  if (tilt == tilt_reported_) return;
  tilt_reported_ = tilt;
  output_.events.push_back(Event{
      tilt ? "+tilt" : "-tilt", Level::Warning, tilt ? "#tilt mode entered" : "#tilt mode exited", {}, std::nullopt});
}

void Coordinator::Impl::fire(TimePoint now) {
  if (deadlines_.empty() || deadlines_.begin()->at > now) return;
  // Each group once: what it asks for again is at least a millisecond away.
  std::vector<Group*> due;
  for (auto each = deadlines_.begin(); each != deadlines_.end() && each->at <= now; ++each) due.push_back(each->group);
  if (due.size() > 1) sort_by_priority(due);
  for (Group* group : due) {
    Turn turn = make_turn(now);
    settle(turn, *group);
  }
}

void Coordinator::Impl::step(TimePoint now, const Input& input) {
  feel_stall(now);
  std::visit(
      overloaded{
          [](const Tick&) {},
          [&](const LinkUp& in) { to_group(now, in, &Group::on_link_up); },
          [&](const LinkDown& in) { to_group(now, in, &Group::on_link_down); },
          [&](const PingReply& in) { to_group(now, in, &Group::on_ping_reply); },
          [&](const InfoReply& in) {
            if (Group* group = watcher(in.link))
              with(now, *group, [&](Turn& turn) { group->on_info(turn, in.link, in.info); });
          },
          [&](const CommandReply& in) { to_group(now, in, &Group::on_command_reply); },
          [&](const HelloReceived& in) {
            Turn turn = make_turn(now);
            heard_of(turn, in.hello);
          },
          [&](const HelloPublished& in) {
            Turn turn = make_turn(now);
            heard_of(turn, in.hello);
          },
          [&](const PeerUp& in) { on(now, in); },
          [&](const PeerDown& in) { on(now, in); },
          [&](const PeerAlive& in) { peers_.alive(in.id, now); },
          [&](const StockUp& in) { on(now, in); },
          [&](const StockDown& in) { on(now, in); },
          [&](const StockView& in) { from_stock(now, in, &Group::on_stock_view); },
          [&](const StockConfig& in) { from_stock(now, in, &Group::on_stock_config); },
          [&](const PeerReceived& in) {
            std::visit(
                [&](const auto& message) {
                  Group* group = find(message.group);
                  if (group != nullptr)
                    return with(now, *group, [&](Turn& turn) {
                      if constexpr (requires { message.master; }) group->look_up(turn, message.master.host);
                      group->on_message(turn, in.id, message);
                    });
                  if constexpr (std::is_same_v<std::decay_t<decltype(message)>, VoteRequest>)
                    output_.now.push_back(SendPeer{
                        in.id,
                        VoteReply{message.group, message.epoch, message.round, VoteRefusal::UnknownGroup, {}, {}}});
                },
                in.message);
          },
          [&](const HostResolved& in) { on(now, in); },
          [&](const Persisted& in) { on(now, in); },
          [&](const StoreHealth& in) { on(now, in); },
      },
      input);
  fire(now);
}

void Coordinator::Impl::on(TimePoint now, const PeerUp& input) {
  if (input.id == process_.self) return;
  came_up(now, input.id, PeerKind::Vigil, input.announced, input.dialed, {});
  for (Group* group : by_priority()) with(now, *group, [&](Turn& turn) { group->on_peer_up(turn, input.id); });
}

void Coordinator::Impl::on(TimePoint now, const StockUp& input) {
  if (input.id == process_.self) return;
  came_up(now, input.id, PeerKind::Stock, input.dialed, input.dialed, input.local_ip);
  for (Group* group : by_priority()) with(now, *group, [&](Turn& turn) { group->on_stock_up(turn, input.id); });
}

// The process may be another one at another place, and of the other kind.
void Coordinator::Impl::came_up(TimePoint now, const NodeId& id, PeerKind kind, const Endpoint& announced,
                                const std::optional<Endpoint>& dialed, const std::string& local_ip) {
  const Peer* known = peers_.find(id);
  const std::optional<Endpoint> before = known != nullptr ? std::optional(known->at) : std::nullopt;
  if (known != nullptr && known->up && known->kind != kind)  // What the former kind said is void.
    for (const auto& group : groups_) with(now, *group, [&](Turn& turn) { group->on_peer_down(turn, id); });
  Peer& peer = peers_.up(id, kind, announced, dialed, now);
  peer.local_ip = local_ip;
  make_turn(now).look_up(peer.at.host);
  if (!before || *before == peer.at || !peers_.discovered()) return;
  for (const auto& group : groups_) with(now, *group, [&](Turn& turn) { group->on_peer_moved(turn, id); });
  if (const auto old = std::find(dialed_.begin(), dialed_.end(), *before); old != dialed_.end()) {
    output_.now.push_back(DropPeer{*old});
    dialed_.erase(old);
  }
}

void Coordinator::Impl::on(TimePoint now, const StockDown& input) {
  if (!peers_.down(input.id, PeerKind::Stock)) return;
  for (const auto& group : groups_) with(now, *group, [&](Turn& turn) { group->on_peer_down(turn, input.id); });
}

void Coordinator::Impl::on(TimePoint now, const PeerDown& input) {
  if (!peers_.down(input.id, PeerKind::Vigil)) return;
  for (const auto& group : groups_) with(now, *group, [&](Turn& turn) { group->on_peer_down(turn, input.id); });
}

// What groups know of their nodes by different names may turn out to be one (R-C8).
void Coordinator::Impl::on(TimePoint now, const HostResolved& input) {
  if (!names_.learn(now, input.host, input.addresses)) return;
  for (const auto& group : groups_)
    if (group->uses_name(input.host)) with(now, *group, [&](Turn& turn) { group->on_names_changed(turn); });
}

// R-E7.
void Coordinator::Impl::on(TimePoint now, const StoreHealth& input) {
  store_error_ = input.healthy ? std::string{} : input.text;
  if (store_healthy_ == input.healthy) return;
  store_healthy_ = input.healthy;
  output_.events.push_back(Event{input.healthy ? "-store-failed" : "+store-failed",
                                 Level::Warning,
                                 input.healthy ? "#state is durable again, voting" : "#not voting: " + input.text,
                                 {},
                                 std::nullopt});
  for (Group* group : by_priority())
    with(now, *group, [&](Turn& turn) {
      if (!input.healthy) group->on_store_failed(turn);
    });
}

void Coordinator::Impl::on(TimePoint now, const Persisted& input) {
  std::vector<Group*> waiting(waiting_for_disk_.begin(), waiting_for_disk_.end());
  sort_by_priority(waiting);
  for (Group* group : waiting) with(now, *group, [&](Turn& turn) { group->on_persisted(turn, input.batch); });
}

// Discovery: a hello shows an address to try; the connection proves who is there.
void Coordinator::Impl::heard_of(Turn& turn, const Hello& hello) {
  if (hello.id == process_.self) return;
  Group* group = find(hello.group);
  if (group == nullptr) return;
  if (peers_.discovered()) {
    const Peer* peer = peers_.find(hello.id);
    const bool known = peer != nullptr && peer->up;
    if (!known && names_.accepts(hello.sentinel.host)) dial_discovered(turn, hello.sentinel);
  }
  learn_epoch(hello);
  group->on_hello(turn, hello);
  settle(turn, *group);
}

// R-M3: stock sentinels count epochs for the whole process, and tell them in hellos only. A forged one in the name
// of a connected sentinel can move the epoch by a step that leaves room for 10^13 more.
void Coordinator::Impl::learn_epoch(const Hello& hello) {
  const Peer* peer = peers_.find(hello.id);
  if (peer == nullptr || !peer->is(PeerKind::Stock)) return;
  if (hello.current_epoch.value > process_epoch_.value + kEpochStepMax) return;  // R-C4
  process_epoch_ = std::max(process_epoch_, hello.current_epoch);
}

// Any client of a data node can name addresses. When there are too many, the
// oldest that led nowhere makes room, so that forged ones can't keep a real one out.
void Coordinator::Impl::dial_discovered(Turn& turn, const Endpoint& at) {
  if (std::find(dialed_.begin(), dialed_.end(), at) != dialed_.end()) return;
  if (dialed_.size() >= kDiscoveredAddressesMax) {
    const auto idle = std::find_if(dialed_.begin(), dialed_.end(), [&](const Endpoint& other) {
      return std::none_of(peers_.all().begin(), peers_.all().end(),
                          [&](const auto& entry) { return entry.second.up && entry.second.at == other; });
    });
    if (idle == dialed_.end()) return;
    turn.act(DropPeer{*idle});
    dialed_.erase(idle);
  }
  dialed_.push_back(at);
  turn.act(DialPeer{at});
}

Output Coordinator::Impl::take_output() {
  Output out = std::exchange(output_, Output{});
  out.batch = numbers_.batch;
  if (!out.persist.empty()) ++numbers_.batch;
  return out;
}

}  // namespace sentinel
