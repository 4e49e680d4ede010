#include "sentinel/store/writer_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/overloaded.h"
#include "sentinel/store/records.h"

namespace sentinel {
namespace {

template <typename T>
void move_behind(std::vector<T>& to, std::vector<T>& from) {
  if (to.empty()) {
    to = std::exchange(from, {});
  } else {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  }
}

}  // namespace

void WriterQueue::add(Batch batch, const OutboxLimits& limits) {
  last_batch = batch.number;
  move_behind(records, batch.records);
  move_behind(outbox, batch.outbox);
  bound(limits);
}

void WriterQueue::add(std::vector<OutboxUpdate> more) {
  for (OutboxUpdate& update : more) {
    const OutboxId id = std::visit([](const auto& it) { return it.id; }, update);
    updates.insert_or_assign(id, std::move(update));
  }
}

void WriterQueue::append(WriterQueue newer, const OutboxLimits& limits) {
  if (newer.last_batch) last_batch = newer.last_batch;
  move_behind(records, newer.records);
  move_behind(outbox, newer.outbox);
  for (auto& [id, update] : newer.updates) updates.insert_or_assign(id, std::move(update));
  move_behind(reads, newer.reads);
  outbox_dropped += newer.outbox_dropped;
  bound(limits);
}

void WriterQueue::bound(const OutboxLimits& limits) {
  if (records.size() > coalesce_at) {
    coalesce(records);
    coalesce_at = std::max(kQueueCoalesceRecords, 2 * records.size());
  }
  if (outbox.size() > limits.rows_max) {
    const std::size_t surplus = outbox.size() - limits.rows_max;
    outbox.erase(outbox.begin(), outbox.begin() + static_cast<std::ptrdiff_t>(surplus));
    outbox_dropped += surplus;
  }
}

}  // namespace sentinel
