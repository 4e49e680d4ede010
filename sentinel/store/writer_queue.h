// What waits for the writer thread, merged as it arrives. Not thread-safe: the
// store holds its mutex around it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sentinel/core/record.h"
#include "sentinel/store/database.h"
#include "sentinel/store/outbox.h"
#include "sentinel/store/store.h"

namespace sentinel {

struct WriterQueue {
  std::optional<std::uint64_t> last_batch;
  std::vector<Record> records;
  std::vector<OutboxEntry> outbox;
  std::map<OutboxId, OutboxUpdate> updates;  // The last of each entry stands.
  std::vector<std::function<void(Database&)>> reads;
  std::size_t outbox_dropped = 0;  // Entries over the limit that never reached the disk.
  std::size_t coalesce_at = kQueueCoalesceRecords;

  bool empty() const { return !last_batch && updates.empty() && reads.empty(); }
  bool writes() const { return !records.empty() || !outbox.empty() || !updates.empty(); }

  void add(Batch batch, const OutboxLimits& limits);
  void add(std::vector<OutboxUpdate> more);
  // Puts everything of `newer` behind what is here.
  void append(WriterQueue newer, const OutboxLimits& limits);

 private:
  void bound(const OutboxLimits& limits);
};

}  // namespace sentinel
