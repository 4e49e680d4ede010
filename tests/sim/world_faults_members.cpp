// Changes of the `peers:` list, as an operator is told to make them (R-E8): one
// seat at a time, a new sentinel before an old one goes, every process restarted
// with the new list before the next change. Other faults strike meanwhile.
#include <fmt/core.h>

#include <algorithm>

#include "tests/sim/world.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kRestart = 500ms;
constexpr Millis kNextOne = 3s;  // The operator looks whether it is back.

std::size_t majority_of(std::size_t members) { return members / 2 + 1; }

}  // namespace

std::function<void()> World::change_members(const Fault& fault) {
  if (settings_.discovery || !stock_.empty() || changing_members_) return nullptr;
  if (spare_ && settings_.mutation == Mutation::RashMembers) {
    swap_members(fault.choice % settings_.sentinels);
  } else if (spare_) {
    add_member();
  } else if (retired_ == 0) {
    take_member_away(fault.choice % settings_.sentinels, fault.choice / 8 % 2 == 0);
  } else {
    return nullptr;
  }
  return [] {};
}

std::vector<Endpoint> World::member_addresses() const {
  std::vector<Endpoint> all;
  for (const auto& sentinel : sentinels_) {
    if (!sentinel->retired()) all.push_back(sentinel->at());
  }
  return all;
}

void World::add_member() {
  std::vector<Endpoint> all = member_addresses();
  const std::size_t before = all.size();
  all.push_back(spare_->at());
  note("world: the operator adds a sentinel");
  changing_members_ = true;
  invariants_->majority(std::min(majority_of(before), majority_of(all.size())));
  roll(0, all, [this, count = all.size()] {
    sentinels_.push_back(std::move(spare_));
    sentinels_.back()->boot();
    invariants_->majority(majority_of(count));
    changing_members_ = false;
  });
}

// As it is told to: it is ended first. Some operators end it last; then it runs with the old list meanwhile.
void World::take_member_away(SentinelIndex leaving, bool first) {
  std::vector<Endpoint> all = member_addresses();
  const std::size_t before = all.size();
  std::erase(all, sentinels_[leaving]->at());
  note(fmt::format("world: the operator takes s{} away", leaving));
  changing_members_ = true;
  ++retired_;
  if (first) sentinels_[leaving]->retire();
  invariants_->majority(std::min(majority_of(before), majority_of(all.size())));
  roll(0, all, [this, leaving, count = all.size()] {
    sentinels_[leaving]->retire();
    invariants_->majority(majority_of(count));
    changing_members_ = false;
  });
}

// What R-E8 forbids: two seats in one step. Old and new majorities need not share a member.
void World::swap_members(SentinelIndex leaving) {
  std::vector<Endpoint> all = member_addresses();
  std::erase(all, sentinels_[leaving]->at());
  all.push_back(spare_->at());
  note(fmt::format("world: the operator replaces s{} in one step", leaving));
  changing_members_ = true;
  spare_->change_peers(all);
  sentinels_.push_back(std::move(spare_));
  sentinels_.back()->boot();
  roll(0, all, [this, leaving] {
    sentinels_[leaving]->retire();
    changing_members_ = false;
  });
}

// One after the other gets the new list.
void World::roll(SentinelIndex at, std::vector<Endpoint> all, std::function<void()> then) {
  if (at >= sentinels_.size()) return then();
  SentinelProcess& process = *sentinels_[at];
  const bool stays = std::find(all.begin(), all.end(), process.at()) != all.end();
  if (stays && !process.retired()) {
    last_trouble_ = queue_.now();
    process.change_peers(all);
    queue_.after(kRestart, [&process] { process.boot(); });
  }
  queue_.after(kNextOne, [this, at, all = std::move(all), then = std::move(then)] { roll(at + 1, all, then); });
}

}  // namespace sentinel::sim
