// The state file on disk: who may open it, what is in it, and whether it is
// still the one we opened.
//
// Tables: meta (sentinel_id), votes, configs, replicas, peers, groups,
// failovers (history), outbox. `PRAGMA user_version` is the schema's version.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/ids.h"
#include "common/result.h"
#include "sentinel/store/database.h"

namespace sentinel {

inline constexpr int kSchemaVersion = 1;

// Two processes that vote from one file would vote twice. Held as long as the
// object lives; the kernel drops it when the process dies.
class FileLock {
 public:
  // Locks "<file>.lock" (not the file itself: closing a second descriptor of it
  // would drop SQLite's own locks). The error names the file.
  static Result<std::unique_ptr<FileLock>> acquire(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Which file a path led to when it was opened.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};
std::optional<FileIdentity> identity_of(const std::filesystem::path& file);

struct OpenedState {
  std::unique_ptr<Database> database;
  NodeId sentinel_id;
};

// Opens the file, creating it (mode 0600) and its schema if it is not there or
// empty. A configured id replaces the stored one; without either, one is drawn
// from the kernel's generator. Refuses with a text for the operator: a newer
// schema, another program's database, a damaged file.
Result<OpenedState> open_state_file(const std::filesystem::path& file, const std::optional<NodeId>& configured_id);

// Opens it again after an error. Never creates: an empty file would forget the votes.
Result<std::unique_ptr<Database>> reopen_state_file(const std::filesystem::path& file, const NodeId& sentinel_id);

// 40 lower-case hex characters, the shape of a sentinel's id.
bool is_node_id(std::string_view text);

}  // namespace sentinel
