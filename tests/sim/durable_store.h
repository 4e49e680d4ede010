// A disk with a group commit: batches become durable in order, after a random
// delay, several at once. A crash keeps what was durable and nothing else.
//
//   DurableStore disk(queue, seed, 20ms);
//   disk.submit(records, alerts, [&] { now_durable(); });
//   disk.crash();
//   RestoredState state = disk.restore();
//
// It keeps what the production store keeps: of each key the newest record.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/rng.h"
#include "sentinel/core/record.h"
#include "sentinel/store/outbox.h"
#include "tests/sim/event_queue.h"

namespace sentinel::sim {

class DurableStore {
 public:
  DurableStore(EventQueue& queue, std::uint64_t seed, Millis commit_max)
      : queue_(queue), rng_(seed), commit_max_(commit_max) {}

  // `durable` runs once the records are on disk, unless the process crashes before.
  void submit(std::vector<Record> records, std::vector<OutboxEntry> alerts, std::function<void()> durable);
  // Likewise durable at some time, unless it crashes before.
  void update_outbox(const OutboxUpdate& update);

  // Forgets what is not durable; callbacks of earlier submissions never run.
  void crash();

  // Each commit takes up to this much longer.
  void slow_down(Millis extra) { extra_ = extra; }

  // While refusing, nothing completes.
  void refuse(bool refusing);
  bool refusing() const { return refusing_; }

  RestoredState restore() const;
  // Alerts on disk that are neither delivered nor dead, with an id above `after`, in order.
  std::vector<OutboxRow> outbox(OutboxId after) const;

  void forget_alerts() { outbox_.clear(); }

  // Called for each record at the moment it becomes durable.
  std::function<void(const Record&)> on_durable;
  std::function<void(const OutboxEntry&)> on_alert;

 private:
  struct Batch {
    std::vector<Record> records;
    std::vector<OutboxEntry> alerts;
    std::vector<OutboxUpdate> updates;
    std::function<void()> durable;
  };
  void commit();
  void keep(const Record& record);
  void keep(const OutboxUpdate& update);

  EventQueue& queue_;
  Rng rng_;
  Millis commit_max_;
  Millis extra_{0};
  bool refusing_ = false;
  bool committing_ = false;
  std::uint64_t generation_ = 0;
  std::deque<Batch> waiting_;

  std::map<std::string, VoteRecord> votes_;
  std::map<std::string, ConfigRecord> configs_;
  std::map<std::pair<std::string, Endpoint>, ReplicaRecord> replicas_;
  std::map<std::pair<std::string, NodeId>, PeerRecord> peers_;
  std::map<std::string, GroupRecord> groups_;
  std::map<std::string, FailoverRecord> failovers_;
  std::map<OutboxId, OutboxRow> outbox_;
  OutboxId last_outbox_id_ = 0;
};

}  // namespace sentinel::sim
