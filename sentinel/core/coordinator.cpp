#include "sentinel/core/coordinator.h"

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>

#include "common/check.h"
#include "common/overloaded.h"
#include "sentinel/core/group.h"
#include "sentinel/core/limits.h"
#include "sentinel/core/stall_guard.h"

namespace sentinel {

namespace {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// Not by address: the same inputs must give the same outputs in every process.
struct BySerial {
  bool operator()(const Group* a, const Group* b) const { return a->serial() < b->serial(); }
};
struct ByTime {
  using Entry = std::pair<TimePoint, Group*>;
  bool operator()(const Entry& a, const Entry& b) const {
    return a.first != b.first ? a.first < b.first : a.second->serial() < b.second->serial();
  }
};

struct LinkHash {
  std::size_t operator()(LinkId link) const { return std::hash<std::uint64_t>{}(link.value); }
};

}  // namespace

class Coordinator::Impl {
 public:
  Impl(ProcessSettings process, std::vector<GroupSettings> groups, RestoredState restored, std::uint64_t seed,
       TimePoint now);

  void step(TimePoint now, const Input& input);
  Output take_output();

  // Runs `change` on a group and everything that follows from it.
  template <typename Change>
  void with(TimePoint now, Group& group, Change&& change) {
    Turn turn = make_turn(now);
    change(turn);
    settle(turn, group);
  }

  Group& add(Turn& turn, GroupSettings settings);
  void drop(Turn& turn, Group& group);
  Group* find(std::string_view name) const {
    const auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : it->second;
  }
  Turn make_turn(TimePoint now) {
    return {now, stall_.deaf(), stall_.tilt(now), store_healthy_, process_, peers_, rng_, numbers_, output_};
  }
  // For queries, which change nothing.
  Turn look(TimePoint now) const { return const_cast<Impl*>(this)->make_turn(now); }
  void settle(Turn& turn, Group& group);
  void feel_stall(TimePoint now);
  void fire(TimePoint now);

  // nullptr for a link that was closed meanwhile: its last words may still arrive.
  Group* watcher(LinkId link) {
    const auto it = by_link_.find(link);
    if (it == by_link_.end()) return nullptr;
    if (it->second->watches(link)) return it->second;
    by_link_.erase(it);
    return nullptr;
  }
  void on(TimePoint now, const PeerUp& input);
  void on(TimePoint now, const PeerDown& input);
  void on(TimePoint now, const StoreHealth& input);
  void on(TimePoint now, const Persisted& input);
  void heard_of(Turn& turn, const Hello& hello);
  void dial_discovered(Turn& turn, const Endpoint& at);
  template <typename LinkInput>
  void to_group(TimePoint now, const LinkInput& input, void (Group::*handler)(Turn&, const LinkInput&)) {
    if (Group* group = watcher(input.link)) with(now, *group, [&](Turn& turn) { (group->*handler)(turn, input); });
  }

  ProcessSettings process_;
  Peers peers_;
  Rng rng_;
  StallGuard stall_;
  Numbering numbers_;
  Output output_;
  bool store_healthy_ = true;
  std::string store_error_;
  bool tilt_reported_ = false;
  std::deque<Endpoint> dialed_;  // Discovered addresses, the newest last.

  std::vector<std::unique_ptr<Group>> groups_;
  std::unordered_map<std::string, Group*, StringHash, std::equal_to<>> by_name_;
  std::unordered_map<LinkId, Group*, LinkHash> by_link_;
  std::set<std::pair<TimePoint, Group*>, ByTime> deadlines_;
  std::unordered_map<Group*, TimePoint> armed_;
  std::set<Group*, BySerial> waiting_for_disk_;
  std::uint64_t last_serial_ = 0;
};

Coordinator::Impl::Impl(ProcessSettings process, std::vector<GroupSettings> groups, RestoredState restored,
                        std::uint64_t seed, TimePoint now)
    : process_(std::move(process)),
      peers_(process_.peers),
      rng_(seed),
      stall_(process_.stall_threshold, process_.tilt_period) {
  CHECK(!process_.self.value.empty());
  for (const Endpoint& at : peers_.configured()) output_.now.push_back(DialPeer{at});
  // What the operator changed at run time wins over the file.
  for (const GroupRecord& record : restored.groups) {
    std::erase_if(groups, [&](const GroupSettings& group) { return group.name == record.settings.name; });
    if (record.monitored) groups.push_back(record.settings);
  }
  Turn turn = make_turn(now);
  for (GroupSettings& settings : groups) {
    auto group = std::make_unique<Group>(std::move(settings), ++last_serial_, turn);
    const auto mine = [&](const auto& record) { return record.group == group->name(); };
    for (const auto& record : restored.configs)
      if (mine(record)) group->restore_config(record);
    for (const auto& record : restored.votes)
      if (mine(record)) group->restore_vote(record, now);
    for (const auto& record : restored.replicas)
      if (mine(record) && record.known) group->restore_replica(record.at);
    for (const auto& record : restored.last_failovers)
      if (mine(record.timeline)) group->restore_timeline(record.timeline);
    if (peers_.discovered()) {
      for (const auto& record : restored.peers) {
        if (!mine(record) || !record.known || record.id == process_.self) continue;
        peers_.know(record.id, record.at);
        group->restore_member(record.id);
        dial_discovered(turn, record.at);
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
  group.start(turn);
  for (const auto& [id, peer] : peers_.all())
    if (peer.up) group.on_peer_up(turn, id);
  return group;
}

void Coordinator::Impl::drop(Turn& turn, Group& group) {
  group.stop(turn);
  std::erase_if(by_link_, [&](const auto& entry) { return entry.second == &group; });
  by_name_.erase(group.name());
  if (const auto armed = armed_.find(&group); armed != armed_.end()) {
    deadlines_.erase({armed->second, &group});
    armed_.erase(armed);
  }
  waiting_for_disk_.erase(&group);
  std::erase_if(groups_, [&](const auto& other) { return other.get() == &group; });
}

// Follows the consequences, then re-arms the group's one timer.
void Coordinator::Impl::settle(Turn& turn, Group& group) {
  group.advance(turn);
  for (const LinkId link : group.links()) by_link_.try_emplace(link, &group);
  TimePoint& armed = armed_.try_emplace(&group, kNever).first->second;
  if (armed != group.deadline()) {
    deadlines_.erase({armed, &group});
    armed = group.deadline();
    if (armed != kNever) deadlines_.emplace(armed, &group);
  }
  if (group.waits_for_disk())
    waiting_for_disk_.insert(&group);
  else
    waiting_for_disk_.erase(&group);
}

// R-D6.
void Coordinator::Impl::feel_stall(TimePoint now) {
  const TimePoint due = deadlines_.empty() ? kNever : deadlines_.begin()->first;
  stall_.woke(now, due);
  const bool tilt = stall_.tilt(now);
  if (tilt == tilt_reported_) return;
  tilt_reported_ = tilt;
  output_.events.push_back(Event{
      tilt ? "+tilt" : "-tilt", Level::Warning, tilt ? "#tilt mode entered" : "#tilt mode exited", {}, std::nullopt});
}

void Coordinator::Impl::fire(TimePoint now) {
  // Each group once: what it asks for again is at least a millisecond away.
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Turn turn = make_turn(now);
    settle(turn, *deadlines_.begin()->second);
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
          [&](const PeerReceived& in) {
            std::visit(
                [&](const auto& message) {
                  Group* group = find(message.group);
                  if (group != nullptr)
                    return with(now, *group, [&](Turn& turn) { group->on_message(turn, in.id, message); });
                  if constexpr (std::is_same_v<std::decay_t<decltype(message)>, VoteRequest>)
                    output_.now.push_back(SendPeer{
                        in.id,
                        VoteReply{message.group, message.epoch, message.round, VoteRefusal::UnknownGroup, {}, {}}});
                },
                in.message);
          },
          [&](const Persisted& in) { on(now, in); },
          [&](const StoreHealth& in) { on(now, in); },
      },
      input);
  fire(now);
}

void Coordinator::Impl::on(TimePoint now, const PeerUp& input) {
  if (input.id == process_.self) return;
  peers_.up(input.id, input.announced, input.dialed, now);
  for (const auto& group : groups_) with(now, *group, [&](Turn& turn) { group->on_peer_up(turn, input.id); });
}

void Coordinator::Impl::on(TimePoint now, const PeerDown& input) {
  peers_.down(input.id);
  for (const auto& group : groups_) with(now, *group, [&](Turn& turn) { group->on_peer_down(turn, input.id); });
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
  for (const auto& group : groups_)
    with(now, *group, [&](Turn& turn) {
      if (!input.healthy) group->on_store_failed(turn);
    });
}

void Coordinator::Impl::on(TimePoint now, const Persisted& input) {
  const std::vector<Group*> waiting(waiting_for_disk_.begin(), waiting_for_disk_.end());
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
    if (!known) dial_discovered(turn, hello.sentinel);
  }
  group->on_hello(turn, hello);
  settle(turn, *group);
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

// --- The public face.

Coordinator::Coordinator(ProcessSettings process, std::vector<GroupSettings> groups, RestoredState restored,
                         std::uint64_t seed, TimePoint now)
    : impl_(std::make_unique<Impl>(std::move(process), std::move(groups), std::move(restored), seed, now)) {}
Coordinator::~Coordinator() = default;

void Coordinator::step(TimePoint now, const Input& input) { impl_->step(now, input); }
Output Coordinator::take_output() { return impl_->take_output(); }
TimePoint Coordinator::next_deadline() const {
  return impl_->deadlines_.empty() ? kNever : impl_->deadlines_.begin()->first;
}

namespace {
const char kNoSuchMaster[] = "ERR No such master with that name";
}

Result<void> Coordinator::failover(TimePoint now, std::string_view name) {
  Group* group = impl_->find(name);
  if (group == nullptr) return unexpected(std::string(kNoSuchMaster));
  Result<void> result;
  impl_->with(now, *group, [&](Turn& turn) { result = group->force_failover(turn); });
  return result;
}

Result<void> Coordinator::monitor(TimePoint now, GroupSettings settings) {
  if (impl_->find(settings.name) != nullptr) return unexpected(std::string("ERR Duplicate master name."));
  if (impl_->groups_.size() >= kGroupsMax) return unexpected(std::string("ERR Too many groups."));
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

Coordinator::DownAnswer Coordinator::is_master_down(TimePoint now, const Endpoint& master, Epoch epoch,
                                                    const NodeId& candidate) {
  for (const auto& group : impl_->groups_) {
    if (!group->master_is_at(master)) continue;
    DownAnswer answer;
    impl_->with(now, *group, [&](Turn& turn) {
      answer.down = group->master_s_down() && !turn.tilt;
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
  for (const auto& group : impl_->groups_) status.current_epoch = std::max(status.current_epoch, group->epoch());
  status.tilt = impl_->stall_.tilt(now);
  if (status.tilt) status.tilt_since = now - impl_->stall_.tilt_since();
  status.store_healthy = impl_->store_healthy_;
  status.store_error = impl_->store_error_;
  status.stalls = impl_->stall_.stalls();
  status.groups = impl_->groups_.size();
  return status;
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

const FailoverTimeline* Coordinator::timeline(std::string_view name) const {
  const Group* group = impl_->find(name);
  return group == nullptr ? nullptr : group->timeline();
}

}  // namespace sentinel
