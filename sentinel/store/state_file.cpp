#include "sentinel/store/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sentinel {
namespace {

constexpr int kApplicationId = 0x5647494c;  // "VGIL": tells our file from any other SQLite database.
constexpr mode_t kFileMode = 0600;          // Group settings hold passwords.
constexpr std::size_t kNodeIdChars = 40;

constexpr char kSchema[] = R"(
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE votes(grp TEXT PRIMARY KEY, epoch INTEGER NOT NULL, candidate TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE configs(grp TEXT PRIMARY KEY, epoch INTEGER NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL,
                     run_id TEXT NOT NULL, leader TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE replicas(grp TEXT, host TEXT, port INTEGER, PRIMARY KEY(grp, host, port)) WITHOUT ROWID;
CREATE TABLE peers(grp TEXT, id TEXT, host TEXT NOT NULL, port INTEGER NOT NULL, PRIMARY KEY(grp, id)) WITHOUT ROWID;
CREATE TABLE groups(seq INTEGER PRIMARY KEY AUTOINCREMENT, grp TEXT UNIQUE NOT NULL, monitored INTEGER NOT NULL,
                    settings TEXT NOT NULL);
CREATE TABLE failovers(seq INTEGER PRIMARY KEY AUTOINCREMENT, grp TEXT NOT NULL, epoch INTEGER NOT NULL,
                       leader TEXT NOT NULL, timeline TEXT NOT NULL, UNIQUE(grp, epoch, leader));
CREATE INDEX failovers_of_group ON failovers(grp, seq);
CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, key TEXT NOT NULL, event TEXT NOT NULL,
                    at_ms INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
                    not_before_ms INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
                    error TEXT NOT NULL DEFAULT '', UNIQUE(sink, key));
CREATE INDEX outbox_by_state ON outbox(dead, id);
)";

std::string errno_text(const std::filesystem::path& file, const char* what) {
  return fmt::format("{}: cannot {}: {}", file.string(), what, std::strerror(errno));
}

Result<void> create_if_missing(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (descriptor < 0) return unexpected(errno_text(file, "open"));
  ::close(descriptor);
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return unexpected(errno_text(folder, "open"));
  const bool synced = ::fsync(directory) == 0;
  ::close(directory);
  if (!synced) return unexpected(errno_text(folder, "fsync"));
  return {};
}

Result<NodeId> random_node_id() {
  std::array<unsigned char, kNodeIdChars / 2> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return unexpected(fmt::format("cannot read random bytes: {}", std::strerror(errno)));
  }
  std::string id;
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return NodeId{id};
}

std::int64_t read_number(Database& database, const char* sql) {
  std::int64_t number = 0;
  database.query(sql, [&](const Row& row) { number = row.integer(0); });
  return number;
}

NodeId read_id(Database& database) {
  NodeId id;
  database.query("SELECT value FROM meta WHERE name = 'sentinel_id'", [&](const Row& row) { id.value = row.text(0); });
  return id;
}

// The text that refuses the file, or nothing. `fresh` is set if it has no schema yet.
Result<void> examine(Database& database, const std::filesystem::path& file, bool& fresh) {
  const auto application = read_number(database, "PRAGMA application_id");
  const auto version = read_number(database, "PRAGMA user_version");
  const auto tables = read_number(database, "SELECT count(*) FROM sqlite_master");
  if (auto result = database.take_error(); !result) return result;
  fresh = application == 0 && version == 0 && tables == 0;
  if (fresh) return {};
  if (application != kApplicationId) {
    return unexpected(fmt::format("{}: is an SQLite database, but not a state file of Vigil", file.string()));
  }
  if (version > kSchemaVersion) {
    return unexpected(fmt::format("{}: has schema version {}, this program knows up to {}: a newer Vigil wrote it",
                                  file.string(), version, kSchemaVersion));
  }
  std::string finding;
  database.query("PRAGMA quick_check(1)", [&](const Row& row) { finding = row.text(0); });
  if (auto result = database.take_error(); !result) return result;
  if (finding != "ok") return unexpected(fmt::format("{}: {}", file.string(), finding));
  return {};
}

std::string damaged(const std::string& why) {
  return why +
         " (the state file is damaged or not one of Vigil's; restore it or move it away: a sentinel that starts "
         "without it has"
         " forgotten its votes)";
}

}  // namespace

bool is_node_id(std::string_view text) {
  return text.size() == kNodeIdChars && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::unique_ptr<FileLock>> FileLock::acquire(const std::filesystem::path& file) {
  const std::filesystem::path lock = file.string() + ".lock";
  const int descriptor = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (descriptor < 0) return unexpected(errno_text(lock, "open"));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = errno == EWOULDBLOCK;
    std::string text = taken ? fmt::format("{}: another sentinel process uses this state file", file.string())
                             : errno_text(lock, "lock");
    ::close(descriptor);
    return unexpected(std::move(text));
  }
  return std::unique_ptr<FileLock>(new FileLock(descriptor));
}

FileLock::~FileLock() { ::close(descriptor_); }

std::optional<FileIdentity> identity_of(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return std::nullopt;
  return FileIdentity{.device = found.st_dev, .inode = found.st_ino};
}

Result<OpenedState> open_state_file(const std::filesystem::path& file, const std::optional<NodeId>& configured_id) {
  if (configured_id && !is_node_id(configured_id->value)) {
    return unexpected(fmt::format("sentinel id '{}' is not 40 lower-case hex characters", configured_id->value));
  }
  if (auto created = create_if_missing(file); !created) return unexpected(created.error());
  auto opened = Database::open(file);
  if (!opened) return unexpected(damaged(opened.error()));
  Database& database = **opened;

  bool fresh = false;
  if (auto examined = examine(database, file, fresh); !examined) return unexpected(damaged(examined.error()));
  NodeId id = fresh ? NodeId{} : read_id(database);
  if (auto result = database.take_error(); !result) return unexpected(damaged(result.error()));
  const NodeId stored = id;
  if (configured_id) {
    id = *configured_id;
  } else if (!is_node_id(id.value)) {
    auto drawn = random_node_id();
    if (!drawn) return unexpected(drawn.error());
    id = *drawn;
  }
  if (fresh || id != stored) {
    // One transaction: a crash leaves an empty file, which is a fresh one.
    const std::string marks =
        fmt::format("PRAGMA application_id={}; PRAGMA user_version={};", kApplicationId, kSchemaVersion);
    auto written = database.transaction([&](Database& db) {
      if (fresh) {
        db.script(kSchema);
        db.script(marks.c_str());
      }
      db.run("INSERT OR REPLACE INTO meta(name, value) VALUES ('sentinel_id', ?1)", id.value);
    });
    if (!written) return unexpected(written.error());
  }
  return OpenedState{.database = std::move(*opened), .sentinel_id = id};
}

Result<std::unique_ptr<Database>> reopen_state_file(const std::filesystem::path& file, const NodeId& sentinel_id) {
  auto opened = Database::open(file);
  if (!opened) return opened;
  const NodeId found = read_id(**opened);
  // After a failed fsync the kernel may call pages of the log clean that never
  // reached the disk; whatever came behind them would be lost with them. So
  // nothing is appended: the log is copied into the file and begun anew.
  bool busy = true;
  (*opened)->query("PRAGMA wal_checkpoint(TRUNCATE)", [&](const Row& row) { busy = row.integer(0) != 0; });
  if (auto result = (*opened)->take_error(); !result) return unexpected(result.error());
  if (found != sentinel_id)
    return unexpected(fmt::format("{}: is not the state file of this sentinel any more", file.string()));
  return opened;
}

}  // namespace sentinel
