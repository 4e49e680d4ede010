#include "sentinel/store/database.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace sentinel {
namespace {

// Nobody else may hold the file (see file_lock.h); a backup tool that reads it
// for a moment must not make a commit fail.
constexpr int kBusyTimeoutMs = 2000;

std::string describe(sqlite3* connection, const std::filesystem::path& file) {
  std::string text = fmt::format("{}: {}", file.string(), sqlite3_errmsg(connection));
  const int system_error = sqlite3_system_errno(connection);
  const int code = sqlite3_errcode(connection);
  if (system_error != 0 && (code == SQLITE_IOERR || code == SQLITE_CANTOPEN)) {
    text += fmt::format(" ({})", std::strerror(system_error));
  }
  return text;
}

}  // namespace

std::string Row::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data == nullptr ? std::string()
                         : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file) {
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(file.c_str(), &connection, flags, nullptr) != SQLITE_OK) {
    std::string text = connection == nullptr ? file.string() + ": out of memory" : describe(connection, file);
    sqlite3_close_v2(connection);
    return unexpected(std::move(text));
  }
  sqlite3_extended_result_codes(connection, 0);
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  std::unique_ptr<Database> database(new Database(connection, file));
  // FULL: in WAL mode NORMAL would lose confirmed votes with the power.
  database->script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
  if (auto result = database->take_error(); !result) return unexpected(result.error());
  return database;
}

Database::Database(sqlite3* connection, std::filesystem::path file) : connection_(connection), file_(std::move(file)) {}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(connection_);
}

Result<void> Database::transaction(const std::function<void(Database&)>& body) {
  error_.clear();
  run("BEGIN IMMEDIATE");
  if (!failed()) body(*this);
  run("COMMIT");
  if (!failed()) return {};
  // Some errors (disk full) have rolled back already; then this only says so.
  sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
  return take_error();
}

Result<void> Database::take_error() {
  if (error_.empty()) return {};
  return unexpected(std::exchange(error_, {}));
}

void Database::script(const char* sql) {
  if (failed()) return;
  if (sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

sqlite3_stmt* Database::prepare(const char* sql) {
  if (failed()) return nullptr;
  auto [found, inserted] = statements_.try_emplace(sql, nullptr);
  if (inserted &&
      sqlite3_prepare_v3(connection_, sql, -1, SQLITE_PREPARE_PERSISTENT, &found->second, nullptr) != SQLITE_OK) {
    fail();
    statements_.erase(found);
    return nullptr;
  }
  return found->second;
}

bool Database::step(sqlite3_stmt* statement) {
  if (failed()) return false;
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail();
  return false;
}

void Database::bind(sqlite3_stmt* statement, int index, std::string_view text) {
  const auto size = static_cast<sqlite3_uint64>(text.size());
  const char* data = text.data() == nullptr ? "" : text.data();
  if (sqlite3_bind_text64(statement, index, data, size, SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK) fail();
}

void Database::bind(sqlite3_stmt* statement, int index, std::int64_t number) {
  if (sqlite3_bind_int64(statement, index, number) != SQLITE_OK) fail();
}

void Database::bind(sqlite3_stmt* statement, int index, std::uint64_t number) {
  bind(statement, index, static_cast<std::int64_t>(number));
}

void Database::fail() {
  if (error_.empty()) error_ = describe(connection_, file_);
}

}  // namespace sentinel
