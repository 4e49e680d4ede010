// The groups, peers and timers behind Coordinator. Private to coordinator*.cpp.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sentinel/core/coordinator.h"
#include "sentinel/core/group.h"
#include "sentinel/core/stall_guard.h"

namespace sentinel {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// A timer of the queue. The serial is here so that a comparison touches nothing else.
struct Deadline {
  TimePoint at;
  std::uint64_t serial = 0;
  Group* group = nullptr;
};

// Not by address: the same inputs must give the same outputs in every process.
struct BySerial {
  bool operator()(const Group* a, const Group* b) const { return a->serial() < b->serial(); }
};
struct ByTime {
  bool operator()(const Deadline& a, const Deadline& b) const {
    return a.at != b.at ? a.at < b.at : a.serial < b.serial;
  }
};

struct LinkHash {
  std::size_t operator()(LinkId link) const { return std::hash<std::uint64_t>{}(link.value); }
};

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
    return {now,      stall_.deaf(), stall_.tilt(now), store_healthy_, process_epoch_, urgent_info_period(),
            process_, simulated_,    peers_,           order_,         names_,         rng_,
            numbers_, output_};
  }
  Millis urgent_info_period() const;
  // For queries, which change nothing.
  Turn look(TimePoint now) const { return const_cast<Impl*>(this)->make_turn(now); }
  // Follows the consequences in the group, and in those that waited for it (R-F6).
  void settle(Turn& turn, Group& group);
  void follow(Turn& turn, Group& group);
  void let_others_stand(Turn& turn);
  // R-F6: whoever can act for several at once begins with the most important.
  static void sort_by_priority(std::vector<Group*>& groups);
  std::vector<Group*> by_priority() const;
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
  void on(TimePoint now, const StockUp& input);
  void on(TimePoint now, const StockDown& input);
  void came_up(TimePoint now, const NodeId& id, PeerKind kind, const Endpoint& announced,
               const std::optional<Endpoint>& dialed, const std::string& local_ip);
  template <typename StockInput>
  void from_stock(TimePoint now, const StockInput& input, void (Group::*handler)(Turn&, const StockInput&)) {
    if (Group* group = find(input.group)) with(now, *group, [&](Turn& turn) { (group->*handler)(turn, input); });
  }
  void learn_epoch(const Hello& hello);
  void on(TimePoint now, const HostResolved& input);
  void on(TimePoint now, const StoreHealth& input);
  void on(TimePoint now, const Persisted& input);
  void heard_of(Turn& turn, const Hello& hello);
  void dial_discovered(Turn& turn, const Endpoint& at);
  template <typename LinkInput>
  void to_group(TimePoint now, const LinkInput& input, void (Group::*handler)(Turn&, const LinkInput&)) {
    if (Group* group = watcher(input.link)) with(now, *group, [&](Turn& turn) { (group->*handler)(turn, input); });
  }

  ProcessSettings process_;
  SimulatedFailures simulated_;
  HostNames names_;
  Peers peers_;
  Rng rng_;
  StallGuard stall_;
  Numbering numbers_;
  Output output_;
  bool store_healthy_ = true;
  std::string store_error_;
  Epoch process_epoch_;  // R-M3.
  bool tilt_reported_ = false;
  std::deque<Endpoint> dialed_;  // Discovered addresses, the newest last.

  std::vector<std::unique_ptr<Group>> groups_;
  std::unordered_map<std::string, Group*, StringHash, std::equal_to<>> by_name_;
  std::unordered_map<LinkId, Group*, LinkHash> by_link_;
  std::set<Deadline, ByTime> deadlines_;
  std::unordered_map<Group*, TimePoint> armed_;
  std::uint64_t failing_ = 0;  // Groups that are.
  FailoverOrder order_;
  std::set<Group*, BySerial> waiting_for_disk_;
  std::uint64_t last_serial_ = 0;
  // What was promised for groups that are no longer watched, and who else took
  // part. A group of that name watched again must not vote twice in an epoch
  // (R-E2), nor be a majority by itself until it has met the others (R-E3).
  struct Retired {
    Ballot ballot;
    std::set<NodeId> members;
  };
  void restore(Group& group);
  std::unordered_map<std::string, Retired> retired_;
};

}  // namespace sentinel
