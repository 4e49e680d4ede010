// Store keeps the durable facts of one sentinel process in one SQLite file.
//
//   auto store = Store::open("/var/lib/vigil/state.db");
//   Coordinator core(process, groups, (*store)->restored(), seed, now);
//   (*store)->start([&](StoreReport report) { asio::post(loop, ...); });
//   (*store)->commit({.number = out.batch, .records = out.persist, .outbox = ...});
//   ... later, on the writer thread: Persisted{batch}
//
// Group commit: one writer thread owns the file. Whatever is queued while it
// waits for the disk goes into its next transaction, so a slow disk makes
// transactions larger, not the queue longer.
//
// If the disk refuses (full, read-only, I/O error), the store says so once with
// StoreHealth{false}, keeps what is queued, opens the file anew and tries again
// every retry period, and says Persisted and StoreHealth{true} when it worked.
// What it keeps is bounded: see kQueueCoalesceRecords and kOutboxRowsMax.
//
// Threading: open() and the destructor block on the disk. Everything between
// is called from any thread and never waits for the disk. Callbacks are called on
// the writer thread and must not call the destructor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "sentinel/core/event.h"
#include "sentinel/core/input.h"
#include "sentinel/core/record.h"
#include "sentinel/store/outbox.h"

namespace sentinel {

// Queued records; beyond it (and again each time the list has doubled) records
// that later ones make void are dropped. What is left is at most the size of
// the state itself, which the core bounds.
inline constexpr std::size_t kQueueCoalesceRecords = 4096;

struct Batch {
  std::uint64_t number = 0;  // Growing; Persisted tells the highest that is durable.
  std::vector<Record> records;
  std::vector<OutboxEntry> outbox;
};

// Persisted: this batch and all before it are on disk. StoreHealth: the disk
// refuses or takes writes again; R-E7. Event: something to show the operator
// (-outbox-overflow, -store-vote-refused). The first two go to the core as they are.
using StoreReport = std::variant<Persisted, StoreHealth, Event>;

struct StoreOptions {
  std::optional<NodeId> sentinel_id{};  // From the configuration; replaces the stored one.
  Millis retry{500};                    // Between attempts while the disk refuses.
  OutboxLimits outbox{};
};

class Store {
 public:
  using OnReport = std::function<void(StoreReport)>;
  using OnOutbox = std::function<void(std::vector<OutboxRow>)>;
  using OnHistory = std::function<void(std::vector<FailoverTimeline>)>;

  // Opens or creates the file (mode 0600) and locks it for this process. The
  // error is a text for the operator that names the file: locked by another
  // process, newer schema, damaged, not writable.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& file, StoreOptions options = {});

  // Tries once more to write what is queued, then closes the file.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The id of this sentinel: 40 hex characters, the same after every restart.
  const NodeId& sentinel_id() const;
  // What was on disk at open().
  const RestoredState& restored() const;

  // Starts the writer thread. Calls before it are queued.
  // REQUIRES: called once.
  void start(OnReport on_report);

  // Queues the batch. Durable in the order of calls, all or nothing each.
  void commit(Batch batch);

  // Queues what became of deliveries. Applied in the next transaction.
  void update_outbox(std::vector<OutboxUpdate> updates);

  // Undelivered entries with an id above `after`, at most `limit`. Sees every
  // commit and update that was queued before this call. Never called back if
  // the store ends first; late while the disk refuses.
  void read_outbox(OutboxId after, std::size_t limit, OnOutbox on_rows);
  void read_dead_letters(std::size_t limit, OnOutbox on_rows);

  // Failovers of a group ("" for all groups), the newest first. As above.
  void read_history(std::string group, std::size_t limit, OnHistory on_history);

 private:
  class Writer;
  explicit Store(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace sentinel
