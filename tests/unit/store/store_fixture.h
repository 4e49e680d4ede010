// What the store's tests share: a temporary folder, and a listener that waits
// for reports of the writer thread.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/overloaded.h"
#include "sentinel/store/store.h"

namespace sentinel {

// Generous: reached only by a failure.
inline constexpr std::chrono::seconds kTestPatience{60};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vigil-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Collects reports; every wait ends with what it waited for or after kTestPatience.
class Reports {
 public:
  Store::OnReport listener() {
    return [this](StoreReport report) {
      const std::lock_guard guard(mutex_);
      std::visit(overloaded{
                     [&](const Persisted& it) { persisted_ = it.batch; },
                     [&](const StoreHealth& it) { health_.push_back(it); },
                     [&](const Event& it) { events_.push_back(it); },
                 },
                 report);
      changed_.notify_all();
    };
  }

  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock guard(mutex_);
    return changed_.wait_for(guard, kTestPatience, condition);
  }
  bool wait_persisted(std::uint64_t number) {
    return wait([&] { return persisted_ >= number; });
  }
  bool wait_healthy(bool healthy) {
    return wait([&] { return !health_.empty() && health_.back().healthy == healthy; });
  }

  std::uint64_t persisted() const { return locked(persisted_); }
  std::vector<StoreHealth> health() const { return locked(health_); }
  std::vector<Event> events() const { return locked(events_); }

 private:
  template <typename T>
  T locked(const T& value) const {
    const std::lock_guard guard(mutex_);
    return value;
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t persisted_ = 0;
  std::vector<StoreHealth> health_;
  std::vector<Event> events_;
};

inline std::unique_ptr<Store> open_or_fail(const std::filesystem::path& file, StoreOptions options = {}) {
  auto store = Store::open(file, std::move(options));
  if (!store) {
    ADD_FAILURE() << store.error();
    return nullptr;
  }
  return std::move(*store);
}

// What the file holds after this store closed it.
inline RestoredState restored_from(const std::filesystem::path& file) {
  const auto store = open_or_fail(file);
  return store ? store->restored() : RestoredState{};
}

// Commits one batch in a process of its own life: opened, durable, closed.
inline std::vector<Event> commit_and_close(const std::filesystem::path& file, std::vector<Record> records) {
  Reports reports;
  const auto store = open_or_fail(file);
  if (!store) return {};
  store->start(reports.listener());
  store->commit({.number = 1, .records = std::move(records), .outbox = {}});
  EXPECT_TRUE(reports.wait_persisted(1));
  // Events of a batch are reported before the next batch.
  store->commit({.number = 2, .records = {}, .outbox = {}});
  EXPECT_TRUE(reports.wait_persisted(2));
  return reports.events();
}

}  // namespace sentinel
