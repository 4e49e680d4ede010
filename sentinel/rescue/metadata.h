// What is known of a rescue file: the JSON beside it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/endpoint.h"
#include "common/result.h"

namespace sentinel {

enum class RescueKind {
  Stream,    // <name>.aof: the commands that only the old master had.
  Snapshot,  // <name>.rdb: all that the old master had.
};

// How the database at the start of a stream was found.
enum class DatabaseSource {
  Backlog,   // A SELECT stands in the stream before it: certain.
  Keyspace,  // The node has keys in one database only.
  Assumed,   // Nothing tells. Replay asks for --database.
};

struct RescueMetadata {
  RescueKind kind = RescueKind::Stream;
  std::string group;
  std::uint64_t epoch = 0;  // Of the configuration that the node was brought back to.
  Endpoint node;            // The old master.
  Endpoint master;          // The new one.
  std::string sentinel;     // Who rescued.
  std::string replication_id;
  std::uint64_t from_offset = 0;  // The first byte that the new master does not have.
  std::uint64_t to_offset = 0;    // The last byte that the old master had, once it was fenced.
  std::uint64_t saved_to = 0;     // The last byte that is in the file.
  std::uint64_t file_bytes = 0;
  std::uint64_t commands = 0;
  std::uint64_t keys = 0;
  bool keys_exact = true;
  std::map<unsigned, std::uint64_t> databases;  // Commands in each.
  unsigned start_database = 0;
  DatabaseSource database_source = DatabaseSource::Backlog;
  bool complete = true;
  std::string incomplete_because;
  std::int64_t fenced_at_ms = 0;   // Since 1970, by the sentinel's clock.
  std::int64_t rescued_at_ms = 0;  // ...
  bool operator==(const RescueMetadata&) const = default;
};

std::string to_json(const RescueMetadata& metadata);
Result<RescueMetadata> rescue_metadata_from_json(const std::string& text);

// "stream", "snapshot"; "backlog", "keyspace", "assumed".
const char* name_of(RescueKind kind);
const char* name_of(DatabaseSource source);

}  // namespace sentinel
