// One SQLite connection with the durability a vote needs: WAL, and an fsync
// before every COMMIT returns.
//
//   Result<void> done = database.transaction([](Database& db) {
//     db.run("INSERT INTO meta VALUES (?1, ?2)", "sentinel_id", id);
//   });
//
// Errors stick: after the first failure nothing runs any more until the
// transaction has rolled back, so a body needs no check behind each statement.
// Used by one thread at a time.
#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

namespace sentinel {

// The current row of a query; valid inside the callback only.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  std::string text(int column) const;
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  // SQLite knows signed numbers only; the 64 bits are kept.
  std::uint64_t bits(int column) const { return static_cast<std::uint64_t>(integer(column)); }

 private:
  sqlite3_stmt* statement_;
};

class Database {
 public:
  // Opens an existing file (it may be empty). The error names the file.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs one statement; its rows, if any, are dropped. Arguments are text,
  // integers (unsigned ones keep their bits) and bool.
  // REQUIRES: sql outlives this object (a literal): it is prepared once.
  template <typename... Args>
  void run(const char* sql, const Args&... args) {
    query(
        sql, [](const Row&) {}, args...);
  }

  template <typename OnRow, typename... Args>
  void query(const char* sql, OnRow on_row, const Args&... args) {
    sqlite3_stmt* statement = prepare(sql);
    if (statement == nullptr) return;
    int index = 0;
    (bind(statement, ++index, args), ...);
    while (step(statement)) on_row(Row(statement));
    sqlite3_reset(statement);
  }

  // Rows that the last INSERT, UPDATE or DELETE changed.
  int changes() const { return sqlite3_changes(connection_); }

  // All of body is durable, or nothing of it happened and the text says why.
  Result<void> transaction(const std::function<void(Database&)>& body);

  // The first error since the last call, and forgets it.
  Result<void> take_error();
  bool failed() const { return !error_.empty(); }

  // Several statements without arguments: schema, pragmas.
  void script(const char* sql);

 private:
  Database(sqlite3* connection, std::filesystem::path file);
  sqlite3_stmt* prepare(const char* sql);
  bool step(sqlite3_stmt* statement);  // True: there is a row.
  void bind(sqlite3_stmt* statement, int index, std::string_view text);
  void bind(sqlite3_stmt* statement, int index, std::int64_t number);
  void bind(sqlite3_stmt* statement, int index, std::uint64_t number);
  // A template, or a char pointer would become a bool.
  void bind(sqlite3_stmt* statement, int index, std::same_as<bool> auto flag) {
    bind(statement, index, static_cast<std::int64_t>(flag ? 1 : 0));
  }
  void fail();

  sqlite3* connection_;
  std::filesystem::path file_;
  std::map<const char*, sqlite3_stmt*> statements_;
  std::string error_;
};

}  // namespace sentinel
