#include "sentinel/store/outbox.h"

#include "common/overloaded.h"
#include "sentinel/store/record_json.h"

namespace sentinel {
namespace {

OutboxRow row_of(const Row& row) {
  OutboxRow result;
  result.id = row.integer(0);
  result.entry.sink = row.text(1);
  result.entry.key = row.text(2);
  result.entry.event = event_from_json(row.text(3));
  result.entry.at = row.integer(4);
  result.attempts = static_cast<unsigned>(row.integer(5));
  result.not_before = row.integer(6);
  return result;
}

std::size_t count(Database& database, const char* sql) {
  std::size_t rows = 0;
  database.query(sql, [&](const Row& row) { rows = static_cast<std::size_t>(row.integer(0)); });
  return rows;
}

}  // namespace

std::size_t insert_outbox(Database& database, const std::vector<OutboxEntry>& entries, const OutboxLimits& limits) {
  if (entries.empty()) return 0;
  for (const OutboxEntry& entry : entries) {
    database.run(
        "INSERT INTO outbox(sink, key, event, at_ms) VALUES (?1, ?2, ?3, ?4) ON CONFLICT(sink, key) DO NOTHING",
        entry.sink, entry.key, to_json(entry.event), entry.at);
  }
  const std::size_t rows = count(database, "SELECT count(*) FROM outbox WHERE dead = 0");
  if (rows <= limits.rows_max) return 0;
  const std::size_t surplus = rows - limits.rows_max;
  database.run("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE dead = 0 ORDER BY id LIMIT ?1)",
               static_cast<std::uint64_t>(surplus));
  return surplus;
}

void update_outbox(Database& database, const std::vector<OutboxUpdate>& updates, const OutboxLimits& limits) {
  bool died = false;
  for (const OutboxUpdate& update : updates) {
    std::visit(overloaded{
                   [&](const OutboxDelivered& it) { database.run("DELETE FROM outbox WHERE id = ?1", it.id); },
                   [&](const OutboxRetry& it) {
                     database.run("UPDATE outbox SET attempts = ?2, not_before_ms = ?3, error = ?4 WHERE id = ?1",
                                  it.id, std::uint64_t{it.attempts}, it.not_before, it.error);
                   },
                   [&](const OutboxDead& it) {
                     died = true;
                     database.run("UPDATE outbox SET dead = 1, attempts = ?2, error = ?3 WHERE id = ?1", it.id,
                                  std::uint64_t{it.attempts}, it.error);
                   },
               },
               update);
  }
  if (!died) return;
  database.run(
      "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE dead = 1 ORDER BY id DESC LIMIT -1 OFFSET ?1)",
      static_cast<std::uint64_t>(limits.dead_max));
}

std::vector<OutboxRow> read_outbox(Database& database, OutboxId after, std::size_t limit) {
  std::vector<OutboxRow> rows;
  database.query(
      "SELECT id, sink, key, event, at_ms, attempts, not_before_ms FROM outbox"
      " WHERE dead = 0 AND id > ?1 ORDER BY id LIMIT ?2",
      [&](const Row& row) { rows.push_back(row_of(row)); }, after, static_cast<std::uint64_t>(limit));
  return rows;
}

std::vector<OutboxRow> read_dead_letters(Database& database, std::size_t limit) {
  std::vector<OutboxRow> rows;
  database.query(
      "SELECT id, sink, key, event, at_ms, attempts, not_before_ms FROM outbox"
      " WHERE dead = 1 ORDER BY id DESC LIMIT ?1",
      [&](const Row& row) { rows.push_back(row_of(row)); }, static_cast<std::uint64_t>(limit));
  return rows;
}

}  // namespace sentinel
