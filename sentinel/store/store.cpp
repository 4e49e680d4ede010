#include "sentinel/store/store.h"

#include <fmt/format.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "common/check.h"
#include "sentinel/store/records.h"
#include "sentinel/store/state_file.h"
#include "sentinel/store/writer_queue.h"

namespace sentinel {

// Owns the file and the thread. `queue_` is filled by callers; the thread takes
// it whole, and keeps it in `pending_` until it is on disk.
class Store::Writer {
 public:
  Writer(std::filesystem::path file, StoreOptions options, std::unique_ptr<FileLock> lock, OpenedState opened,
         FileIdentity identity, RestoredState found)
      : sentinel_id(std::move(opened.sentinel_id)),
        restored(std::move(found)),
        file_(std::move(file)),
        options_(std::move(options)),
        lock_(std::move(lock)),
        identity_(identity),
        database_(std::move(opened.database)) {}
  ~Writer() { stop(); }

  void start(OnReport on_report) {
    CHECK(!thread_.joinable());
    on_report_ = std::move(on_report);
    thread_ = std::thread([this] { run(); });
  }

  template <typename Change>
  void enqueue(Change change) {
    {
      const std::lock_guard guard(mutex_);
      change(queue_);
    }
    wake_.notify_one();
  }

  const OutboxLimits& limits() const { return options_.outbox; }

  const NodeId sentinel_id;
  const RestoredState restored;

 private:
  void stop() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard guard(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void run() {
    // Among them SIGXFSZ: a file size limit is an error to report, not a reason
    // to die. Signals for the process go to other threads.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    for (;;) {
      const bool last = wait_for_work();
      if (!pending_.empty()) write_pending();
      if (last) return;
    }
  }

  // Returns whether the store ends. While the disk refuses, new work waits for
  // the next retry too.
  bool wait_for_work() {
    std::unique_lock guard(mutex_);
    if (healthy_) {
      wake_.wait(guard, [&] { return stopping_ || !queue_.empty(); });
    } else {
      wake_.wait_for(guard, options_.retry, [&] { return stopping_; });
    }
    pending_.append(std::exchange(queue_, {}), options_.outbox);
    return stopping_;
  }

  void write_pending() {
    std::vector<std::string> violations;
    std::size_t dropped = 0;
    const Result<void> done = write(violations, dropped);
    if (!done) return become_unhealthy(done.error());
    become_healthy();

    WriterQueue written = std::exchange(pending_, {});
    dropped += written.outbox_dropped;
    if (written.last_batch) on_report_(Persisted{*written.last_batch});
    for (const std::string& violation : violations) report_event("-store-vote-refused", violation);
    if (dropped > 0) {
      report_event("-outbox-overflow",
                   fmt::format("{} oldest undelivered alerts dropped, limit {}", dropped, options_.outbox.rows_max));
    }
    read(std::move(written.reads));
  }

  Result<void> write(std::vector<std::string>& violations, std::size_t& dropped) {
    // After an error the connection is not trusted: its cache may hold what the disk does not.
    if (!database_) {
      auto reopened = reopen_state_file(file_, sentinel_id);
      if (!reopened) return unexpected(reopened.error());
      database_ = std::move(*reopened);
    }
    // Writes to a file that was deleted succeed and are lost.
    if (identity_of(file_) != identity_) {
      return unexpected(fmt::format("{}: the state file was removed or replaced while in use", file_.string()));
    }
    if (healthy_ && !pending_.writes()) return {};
    return database_->transaction([&](Database& db) {
      violations = write_records(db, pending_.records);
      dropped = insert_outbox(db, pending_.outbox, options_.outbox);
      std::vector<OutboxUpdate> updates;
      for (const auto& [id, update] : pending_.updates) updates.push_back(update);
      sentinel::update_outbox(db, updates, options_.outbox);
      // After an error only a real write proves that the disk takes writes.
      if (!healthy_) db.run("INSERT OR REPLACE INTO meta(name, value) VALUES ('last_recovery', datetime('now'))");
    });
  }

  void read(std::vector<std::function<void(Database&)>> reads) {
    for (std::size_t i = 0; i < reads.size(); ++i) {
      reads[i](*database_);
      const Result<void> done = database_->take_error();
      if (done) continue;
      pending_.reads.assign(reads.begin() + static_cast<std::ptrdiff_t>(i), reads.end());
      return become_unhealthy(done.error());
    }
  }

  void become_unhealthy(const std::string& text) {
    database_.reset();
    const bool news = healthy_ || text != error_;
    healthy_ = false;
    error_ = text;
    if (news) on_report_(StoreHealth{.healthy = false, .text = text});
  }

  void become_healthy() {
    if (healthy_) return;
    healthy_ = true;
    error_.clear();
    on_report_(StoreHealth{.healthy = true, .text = {}});
  }

  void report_event(const char* name, std::string message) {
    on_report_(
        Event{.name = name, .level = Level::Warning, .message = std::move(message), .group = {}, .master_switch = {}});
  }

  const std::filesystem::path file_;
  const StoreOptions options_;
  const std::unique_ptr<FileLock> lock_;
  const FileIdentity identity_;

  // Of the writer thread.
  std::unique_ptr<Database> database_;  // nullptr: to be opened again.
  WriterQueue pending_;
  bool healthy_ = true;
  std::string error_;
  OnReport on_report_;

  std::mutex mutex_;
  std::condition_variable wake_;
  WriterQueue queue_;      // Under mutex_.
  bool stopping_ = false;  // Under mutex_.
  std::thread thread_;
};

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& file, StoreOptions options) {
  std::error_code ignored;
  // Two names of one file must meet at one lock.
  auto path = std::filesystem::weakly_canonical(file, ignored);
  if (path.empty()) path = file;

  auto lock = FileLock::acquire(path);
  if (!lock) return unexpected(lock.error());
  auto opened = open_state_file(path, options.sentinel_id);
  if (!opened) return unexpected(opened.error());
  RestoredState restored = read_state(*opened->database);
  if (auto result = opened->database->take_error(); !result) return unexpected(result.error());
  const auto identity = identity_of(path);
  if (!identity) return unexpected(fmt::format("{}: vanished while it was opened", path.string()));
  auto writer = std::make_unique<Writer>(path, std::move(options), std::move(*lock), std::move(*opened), *identity,
                                         std::move(restored));
  return std::unique_ptr<Store>(new Store(std::move(writer)));
}

Store::Store(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
Store::~Store() = default;

const NodeId& Store::sentinel_id() const { return writer_->sentinel_id; }
const RestoredState& Store::restored() const { return writer_->restored; }
void Store::start(OnReport on_report) { writer_->start(std::move(on_report)); }

void Store::commit(Batch batch) {
  writer_->enqueue([&](WriterQueue& queue) { queue.add(std::move(batch), writer_->limits()); });
}

void Store::update_outbox(std::vector<OutboxUpdate> updates) {
  writer_->enqueue([&](WriterQueue& queue) { queue.add(std::move(updates)); });
}

void Store::read_outbox(OutboxId after, std::size_t limit, OnOutbox on_rows) {
  writer_->enqueue([&](WriterQueue& queue) {
    queue.reads.push_back([after, limit, on_rows = std::move(on_rows)](Database& db) {
      auto rows = sentinel::read_outbox(db, after, limit);
      if (!db.failed()) on_rows(std::move(rows));
    });
  });
}

void Store::read_dead_letters(std::size_t limit, OnOutbox on_rows) {
  writer_->enqueue([&](WriterQueue& queue) {
    queue.reads.push_back([limit, on_rows = std::move(on_rows)](Database& db) {
      auto rows = sentinel::read_dead_letters(db, limit);
      if (!db.failed()) on_rows(std::move(rows));
    });
  });
}

void Store::read_history(std::string group, std::size_t limit, OnHistory on_history) {
  writer_->enqueue([&](WriterQueue& queue) {
    queue.reads.push_back([group = std::move(group), limit, on_history = std::move(on_history)](Database& db) {
      auto history = sentinel::read_history(db, group, limit);
      if (!db.failed()) on_history(std::move(history));
    });
  });
}

}  // namespace sentinel
