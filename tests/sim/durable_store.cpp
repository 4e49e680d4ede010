#include "tests/sim/durable_store.h"

#include "common/overloaded.h"

namespace sentinel::sim {

using namespace std::chrono_literals;

void DurableStore::submit(std::vector<Record> records, std::vector<OutboxEntry> alerts, std::function<void()> durable) {
  waiting_.push_back({std::move(records), std::move(alerts), {}, std::move(durable)});
  commit();
}

void DurableStore::update_outbox(const OutboxUpdate& update) {
  waiting_.push_back({{}, {}, {update}, [] {}});
  commit();
}

void DurableStore::crash() {
  ++generation_;
  waiting_.clear();
  committing_ = false;
}

void DurableStore::refuse(bool refusing) {
  refusing_ = refusing;
  commit();
}

void DurableStore::commit() {
  if (committing_ || refusing_ || waiting_.empty()) return;
  committing_ = true;
  queue_.after(1ms + rng_.jitter(commit_max_) + rng_.jitter(extra_),
               [this, count = waiting_.size(), generation = generation_] {
                 if (generation != generation_) return;
                 if (refusing_) {
                   committing_ = false;  // Tried again when the disk recovers.
                   return;
                 }
                 for (std::size_t done = 0; done < count; ++done) {
                   Batch batch = std::move(waiting_.front());
                   waiting_.pop_front();
                   for (const Record& record : batch.records) {
                     keep(record);
                     if (on_durable) on_durable(record);
                   }
                   for (OutboxEntry& alert : batch.alerts) {
                     if (on_alert) on_alert(alert);
                     const OutboxId id = ++last_outbox_id_;
                     outbox_[id] = {.id = id, .entry = std::move(alert)};
                   }
                   for (const OutboxUpdate& update : batch.updates) keep(update);
                   batch.durable();
                   if (generation != generation_) return;  // It crashed right there.
                 }
                 committing_ = false;
                 commit();
               });
}

void DurableStore::keep(const Record& record) {
  std::visit(overloaded{
                 [&](const VoteRecord& vote) { votes_[vote.group] = vote; },
                 [&](const ConfigRecord& config) { configs_[config.group] = config; },
                 [&](const ReplicaRecord& replica) {
                   replicas_[{replica.group, replica.at}] = replica;
                 },
                 [&](const PeerRecord& peer) {
                   peers_[{peer.group, peer.id}] = peer;
                 },
                 [&](const GroupRecord& group) {
                   const std::string& name = group.settings.name;
                   groups_[name] = group;
                   if (group.monitored) return;
                   // As store/records.cpp: the vote and the members stay.
                   configs_.erase(name);
                   std::erase_if(replicas_, [&](const auto& each) { return each.first.first == name; });
                 },
                 [&](const FailoverRecord& failover) { failovers_[failover.timeline.group] = failover; },
             },
             record);
}

void DurableStore::keep(const OutboxUpdate& update) {
  std::visit(overloaded{
                 [&](const OutboxDelivered& it) { outbox_.erase(it.id); },
                 [&](const OutboxDead& it) { outbox_.erase(it.id); },
                 [&](const OutboxRetry& it) {
                   const auto row = outbox_.find(it.id);
                   if (row == outbox_.end()) return;
                   row->second.attempts = it.attempts;
                   row->second.not_before = it.not_before;
                 },
             },
             update);
}

std::vector<OutboxRow> DurableStore::outbox(OutboxId after) const {
  std::vector<OutboxRow> rows;
  for (auto each = outbox_.upper_bound(after); each != outbox_.end(); ++each) rows.push_back(each->second);
  return rows;
}

RestoredState DurableStore::restore() const {
  RestoredState state;
  for (const auto& [key, vote] : votes_) state.votes.push_back(vote);
  for (const auto& [key, config] : configs_) state.configs.push_back(config);
  for (const auto& [key, replica] : replicas_) {
    if (replica.known) state.replicas.push_back(replica);
  }
  for (const auto& [key, peer] : peers_) {
    if (peer.known) state.peers.push_back(peer);
  }
  for (const auto& [key, group] : groups_) state.groups.push_back(group);
  for (const auto& [key, failover] : failovers_) state.last_failovers.push_back(failover);
  return state;
}

}  // namespace sentinel::sim
