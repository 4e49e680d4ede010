// R-F6: who fails over first when many masters die at once, and how many at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "one_sentinel.h"
#include "sentinel/core/failover_order.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

FailoverOrder::Place place(unsigned priority, int down_since, std::uint64_t serial) {
  return {0, priority, TimePoint{Millis{down_since}}, serial};
}

TEST(FailoverOrder, IsByPriorityThenByHowLongTheGroupIsDown) {
  FailoverOrder order(1);
  order.runs(9);
  order.waits(place(100, 20, 1));
  order.waits(place(100, 10, 2));
  order.waits(place(5, 30, 3));
  EXPECT_EQ(order.next(), std::nullopt) << "one runs, one may";
  EXPECT_EQ(order.ahead_of(place(100, 15, 4))->queued, 2U);
  for (const std::uint64_t next : {3U, 2U, 1U}) {
    order.rests(order.running() > 0 ? (next == 3 ? 9 : next == 2 ? 3 : 2) : 0);
    EXPECT_EQ(order.next(), next);
    order.runs(next);
  }
}

TEST(FailoverOrder, HoldsNobodyBackWithoutALimit) {
  FailoverOrder order(0);
  for (std::uint64_t serial = 1; serial < 100; ++serial) order.runs(serial);
  EXPECT_FALSE(order.ahead_of(place(100, 0, 100)).has_value());
}

TEST(FailoverOrder, IsNotBlockedByTheGroupsOwnOlderPlace) {
  FailoverOrder order(1);
  order.waits(place(5, 10, 1));
  EXPECT_FALSE(order.ahead_of(place(100, 10, 1)).has_value());
  order.waits(place(100, 10, 1));
  order.waits(place(50, 10, 2));
  EXPECT_EQ(order.next(), 2U);
}

// One process that watches many groups of a master and a replica. Its peers see what it sees and vote for it.
class ManyGroups {
 public:
  ManyGroups(const std::vector<unsigned>& priorities, unsigned parallel_max)
      : count_(priorities.size()),
        core_(process(parallel_max), settings(priorities), restored(priorities.size()), 1, now_) {
    pump();
    for (const auto& [id, at] : {std::pair{kPeerB, Endpoint{"10.0.1.2", 26379}}, {kPeerC, {"10.0.1.3", 26379}}})
      step(PeerUp{id, at, at});
    pass(2s);
    stood.clear();
  }

  void kill_all_masters() {
    dead_ = true;
    pass(1s);  // Of silence, less what is left of a ping period.
    for (std::size_t i = 0; i < count_; ++i)
      for (const NodeId& peer : {kPeerB, kPeerC})
        step(PeerReceived{peer, ViewMessage{name(i), 1'000'000, master(i), true}});
    pass(300ms);
  }
  void pass(Millis time) {
    for (const TimePoint end = now_ + time; now_ < end;) {
      now_ = std::max(now_ + 1ms, std::min(end, core_.next_deadline()));
      step(Tick{});
    }
  }
  // Replicas that were told to become masters do so.
  void answer_promotions(std::size_t count) {
    for (; count > 0 && !promotions_.empty(); --count) {
      const Promote promote = promotions_.front();
      promotions_.erase(promotions_.begin());
      const Endpoint at = at_[promote.link];
      NodeInfo info = OneSentinel::master_info("run-" + at.host, "new", 100);
      info.replication_id2 = "history";
      infos_[at] = info;
      CommandReply reply{.link = promote.link, .token = promote.token, .ok = true};
      reply.info = info;
      step(reply);
    }
  }
  std::size_t running() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const auto status = core_.status(now_, name(i));
      if (status->failover_in_progress && status->failover_state != "reconf_slaves") ++count;
    }
    return count;
  }
  bool moved(std::size_t group) const { return *core_.master_address(name(group)) != master(group); }
  std::string explain(std::size_t group) const {
    std::string all;
    const auto explanation = core_.explain(now_, name(group));
    for (const auto& [topic, text] : explanation->findings) all += topic + ": " + text + "\n";
    return all;
  }
  Coordinator& core() { return core_; }
  static std::string name(std::size_t i) { return "g" + std::to_string(i); }
  TimePoint now() const { return now_; }

  std::vector<std::string> stood;  // Groups, in the order of their candidacies.
  bool disk_works = true;
  void step(const Input& input) {
    core_.step(now_, input);
    pump();
  }

 private:
  static Endpoint master(std::size_t i) { return {"10.1.0." + std::to_string(i), 6379}; }
  static Endpoint replica(std::size_t i) { return {"10.2.0." + std::to_string(i), 6379}; }
  static ProcessSettings process(unsigned parallel_max) {
    ProcessSettings settings = OneSentinel::process({{"10.0.1.2", 26379}, {"10.0.1.3", 26379}});
    settings.max_parallel_failovers = parallel_max;
    settings.rank_stagger = 0ms;  // Groups become ready in the order in which they are agreed upon.
    return settings;
  }
  static std::vector<GroupSettings> settings(const std::vector<unsigned>& priorities) {
    std::vector<GroupSettings> all;
    for (std::size_t i = 0; i < priorities.size(); ++i) {
      all.push_back(group_settings());
      all.back().name = name(i);
      all.back().master = master(i);
      all.back().priority = priorities[i];
    }
    return all;
  }
  static RestoredState restored(std::size_t groups) {
    RestoredState state;
    for (std::size_t i = 0; i < groups; ++i)
      state.replicas.push_back({.group = name(i), .at = replica(i), .known = true});
    return state;
  }

  void pump() {
    for (;;) {
      const Output out = core_.take_output();
      for (const Event& event : out.events)
        if (event.name == "+try-failover") stood.push_back(event.group);
      std::vector<Input> answers;
      for (const Action& action : out.now) answer(action, answers);
      for (const Action& action : out.after_persist) answer(action, answers);
      if (!out.persist.empty() && disk_works) answers.push_back(Persisted{out.batch});
      if (answers.empty()) return;
      for (const Input& input : answers) core_.step(now_, input);
    }
  }
  bool silent(const Endpoint& at) const { return dead_ && at.host.starts_with("10.1."); }
  void answer(const Action& action, std::vector<Input>& answers) {
    if (const auto* open = std::get_if<OpenLink>(&action)) {
      at_[open->link] = open->at;
      const std::string number = open->at.host.substr(7);
      const std::size_t i = static_cast<std::size_t>(std::stoi(number));
      infos_[open->at] = open->at == master(i) ? OneSentinel::master_info("run-" + open->at.host, "history", 100)
                                               : OneSentinel::replica_info("run-" + open->at.host, master(i), 100);
      answers.push_back(LinkUp{open->link, open->at.host, "10.0.1.1"});
    } else if (const auto* ping = std::get_if<SendPing>(&action); ping != nullptr && !silent(at_[ping->link])) {
      answers.push_back(PingReply{ping->link, PingVerdict::Pong, {}});
    } else if (const auto* info = std::get_if<SendInfo>(&action); info != nullptr && !silent(at_[info->link])) {
      answers.push_back(InfoReply{info->link, infos_[at_[info->link]]});
    } else if (const auto* promote = std::get_if<Promote>(&action)) {
      promotions_.push_back(*promote);
    } else if (const auto* send = std::get_if<SendPeer>(&action)) {
      if (const auto* vote = std::get_if<VoteRequest>(&send->message))
        answers.push_back(PeerReceived{
            send->to, VoteReply{vote->group, vote->epoch, vote->round, VoteRefusal::None, kSelf, vote->epoch}});
      if (const auto* lease = std::get_if<LeaseRequest>(&send->message); lease != nullptr && !lease->release)
        answers.push_back(PeerReceived{send->to, LeaseReply{lease->group, lease->epoch, lease->round, true}});
    }
  }

  std::size_t count_;
  TimePoint now_{Millis{1'000'000}};
  bool dead_ = false;
  Coordinator core_;
  std::map<LinkId, Endpoint> at_;
  std::map<Endpoint, NodeInfo> infos_;
  std::vector<Promote> promotions_;
};

TEST(ParallelFailovers, AreCappedAndInTheOrderOfPriority) {
  ManyGroups world({100, 30, 20, 100, 10}, 2);
  world.kill_all_masters();
  ASSERT_EQ(world.running(), 2U);
  ASSERT_EQ(world.stood.size(), 2U);
  const std::set<std::string> first(world.stood.begin(), world.stood.end());
  while (world.stood.size() < 5) {
    const std::size_t before = world.stood.size();
    world.answer_promotions(1);
    world.pass(200ms);
    ASSERT_EQ(world.stood.size(), before + 1) << "a commit frees one place";
    ASSERT_LE(world.running(), 2U);
  }
  // Who was down first began; the rest came by priority.
  std::vector<std::string> rest(world.stood.begin() + 2, world.stood.end());
  std::vector<std::string> expected;
  for (const char* name : {"g4", "g2", "g1", "g0", "g3"})
    if (!first.contains(name)) expected.emplace_back(name);
  EXPECT_EQ(rest, expected);
}

TEST(ParallelFailovers, AreNotLimitedByDefault) {
  ManyGroups world({100, 100, 100, 100, 100}, 0);
  world.kill_all_masters();
  EXPECT_EQ(world.running(), 5U);
}

TEST(ParallelFailovers, GoOnWhenOneIsStuck) {
  ManyGroups world({1, 2, 3}, 1);
  world.kill_all_masters();
  ASSERT_THAT(world.stood, ElementsAre("g0"));
  // Its replica never answers: the promotion is given up, and the others have their turn.
  world.pass(10s);
  EXPECT_THAT(world.stood, testing::Contains("g1"));
  EXPECT_THAT(world.stood, testing::Contains("g2"));
  EXPECT_LE(world.running(), 1U);
}

TEST(ParallelFailovers, ThatWaitSayForWhat) {
  ManyGroups world({1, 2, 3}, 1);
  world.kill_all_masters();
  EXPECT_THAT(world.explain(2), HasSubstr("held-back: waits for failovers of other groups"));
  EXPECT_THAT(world.explain(2), HasSubstr("order: waits for 1 failovers of higher priority; 1 run, "
                                          "max-parallel-failovers is 1"));
  EXPECT_THAT(world.explain(0), testing::Not(HasSubstr("order:")));
}

TEST(ParallelFailovers, GoOnWhenAGroupThatRunsIsRemoved) {
  ManyGroups world({1, 2}, 1);
  world.kill_all_masters();
  ASSERT_THAT(world.stood, ElementsAre("g0"));
  ASSERT_TRUE(world.core().remove(world.now(), "g0"));
  world.step(Tick{});
  EXPECT_THAT(world.stood, ElementsAre("g0", "g1"));
}

TEST(ParallelFailovers, FollowAPriorityThatChangesMeanwhile) {
  ManyGroups world({1, 20, 30}, 1);
  world.kill_all_masters();
  GroupSettings settings = *world.core().settings("g2");
  settings.priority = 5;
  ASSERT_TRUE(world.core().set(world.now(), settings, {"priority 5"}));
  world.answer_promotions(1);
  EXPECT_THAT(world.stood, ElementsAre("g0", "g2"));
}

TEST(ParallelFailovers, DoNotHoldBackAnOperator) {
  ManyGroups world({1, 2, 3}, 1);
  world.kill_all_masters();
  EXPECT_TRUE(world.core().failover(world.now(), "g2"));
  EXPECT_EQ(world.running(), 2U);
  world.step(Tick{});
  world.answer_promotions(1);
  EXPECT_EQ(world.running(), 1U) << "the operator's still counts";
}

}  // namespace
}  // namespace sentinel
