#include "sentinel/rescue/metadata.h"

#include <nlohmann/json.hpp>

namespace sentinel {
namespace {

using nlohmann::json;

Endpoint endpoint_of(const json& value) { return parse_endpoint(value.get<std::string>()).value_or(Endpoint{}); }

}  // namespace

const char* name_of(RescueKind kind) {
  switch (kind) {
    case RescueKind::Stream: return "stream";
    case RescueKind::Snapshot: return "snapshot";
  }
  return "?";
}

const char* name_of(DatabaseSource source) {
  switch (source) {
    case DatabaseSource::Backlog: return "backlog";
    case DatabaseSource::Keyspace: return "keyspace";
    case DatabaseSource::Assumed: return "assumed";
  }
  return "?";
}

std::string to_json(const RescueMetadata& m) {
  json databases = json::object();
  for (const auto& [database, commands] : m.databases) databases[std::to_string(database)] = commands;
  return json{{"kind", name_of(m.kind)},
              {"group", m.group},
              {"epoch", m.epoch},
              {"node", to_string(m.node)},
              {"master", to_string(m.master)},
              {"sentinel", m.sentinel},
              {"replication_id", m.replication_id},
              {"from_offset", m.from_offset},
              {"to_offset", m.to_offset},
              {"saved_to", m.saved_to},
              {"file_bytes", m.file_bytes},
              {"commands", m.commands},
              {"keys", m.keys},
              {"keys_exact", m.keys_exact},
              {"databases", databases},
              {"start_database", m.start_database},
              {"database_source", name_of(m.database_source)},
              {"complete", m.complete},
              {"incomplete_because", m.incomplete_because},
              {"fenced_at_ms", m.fenced_at_ms},
              {"rescued_at_ms", m.rescued_at_ms}}
             .dump(2, ' ', false, json::error_handler_t::replace) +
         "\n";
}

Result<RescueMetadata> rescue_metadata_from_json(const std::string& text) {
  try {
    const json value = json::parse(text);
    RescueMetadata m;
    const auto kind = value.at("kind").get<std::string>();
    const auto source = value.at("database_source").get<std::string>();
    if (kind != "stream" && kind != "snapshot") return unexpected("an unknown kind: " + kind);
    m.kind = kind == "stream" ? RescueKind::Stream : RescueKind::Snapshot;
    m.database_source = source == "backlog"    ? DatabaseSource::Backlog
                        : source == "keyspace" ? DatabaseSource::Keyspace
                                               : DatabaseSource::Assumed;
    value.at("group").get_to(m.group);
    value.at("epoch").get_to(m.epoch);
    m.node = endpoint_of(value.at("node"));
    m.master = endpoint_of(value.at("master"));
    value.at("sentinel").get_to(m.sentinel);
    value.at("replication_id").get_to(m.replication_id);
    value.at("from_offset").get_to(m.from_offset);
    value.at("to_offset").get_to(m.to_offset);
    value.at("saved_to").get_to(m.saved_to);
    value.at("file_bytes").get_to(m.file_bytes);
    value.at("commands").get_to(m.commands);
    value.at("keys").get_to(m.keys);
    value.at("keys_exact").get_to(m.keys_exact);
    for (const auto& [database, commands] : value.at("databases").items())
      m.databases[static_cast<unsigned>(parse_unsigned(database, 1'000'000).value_or(0))] =
          commands.get<std::uint64_t>();
    value.at("start_database").get_to(m.start_database);
    value.at("complete").get_to(m.complete);
    value.at("incomplete_because").get_to(m.incomplete_because);
    value.at("fenced_at_ms").get_to(m.fenced_at_ms);
    value.at("rescued_at_ms").get_to(m.rescued_at_ms);
    return m;
  } catch (const json::exception& error) {
    return unexpected(std::string("not the metadata of a rescue: ") + error.what());
  }
}

}  // namespace sentinel
