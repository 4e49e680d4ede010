// The outbox: alerts that were decided but not yet delivered. An entry is
// committed in one transaction with the records of the failover it tells of,
// so neither exists without the other, and outlives kill -9.
//
// Life of an entry: pending -> delivered (the row goes away)
//                           -> pending again, at a later time, after a failure
//                           -> dead (kept for the operator, newest kDeadLettersMax)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sentinel/core/event.h"
#include "sentinel/store/database.h"

namespace sentinel {

// Milliseconds of the wall clock since 1970-01-01 UTC. For people and for
// retries across restarts, never for a decision of the core.
using WallMillis = std::int64_t;

// Undelivered rows. Then the oldest undelivered are dropped and an event
// -outbox-overflow tells how many: news matter more than history.
inline constexpr std::size_t kOutboxRowsMax = 10000;
inline constexpr std::size_t kDeadLettersMax = 1000;  // Then drop the oldest.

struct OutboxEntry {
  Event event;
  std::string sink;   // "script:/path", "reconfig:/path", "webhook:<url>".
  std::string key;    // Idempotency key, unique per sink: a second entry with it is ignored.
  WallMillis at = 0;  // When the event happened.
};

using OutboxId = std::int64_t;  // In the order of commit; never reused.

struct OutboxRow {
  OutboxId id = 0;
  OutboxEntry entry;
  unsigned attempts = 0;      // That failed.
  WallMillis not_before = 0;  // 0: at once.
};

struct OutboxDelivered {
  OutboxId id = 0;
};
struct OutboxRetry {
  OutboxId id = 0;
  unsigned attempts = 0;
  WallMillis not_before = 0;
  std::string error;
};
struct OutboxDead {
  OutboxId id = 0;
  unsigned attempts = 0;
  std::string error;
};
using OutboxUpdate = std::variant<OutboxDelivered, OutboxRetry, OutboxDead>;

struct OutboxLimits {
  std::size_t rows_max = kOutboxRowsMax;
  std::size_t dead_max = kDeadLettersMax;
};

// Inside a transaction of the writer. insert_outbox() returns how many
// undelivered entries it dropped to stay within the limits.
std::size_t insert_outbox(Database& database, const std::vector<OutboxEntry>& entries, const OutboxLimits& limits);
void update_outbox(Database& database, const std::vector<OutboxUpdate>& updates, const OutboxLimits& limits);
// Undelivered rows with an id above `after`, in order.
std::vector<OutboxRow> read_outbox(Database& database, OutboxId after, std::size_t limit);
// Dead letters, the newest first.
std::vector<OutboxRow> read_dead_letters(Database& database, std::size_t limit);

}  // namespace sentinel
