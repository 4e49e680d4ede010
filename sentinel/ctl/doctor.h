// What could go wrong in the next failover of a group: judged from facts that were read from its sentinels and nodes.
// Pure: facts in, findings out. doctor_command.cpp collects the facts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/time.h"
#include "sentinel/ctl/fields.h"
#include "sentinel/ctl/terminal.h"

namespace sentinel {

enum class Severity { Error, Warning, Note };

struct Finding {
  Severity severity = Severity::Note;
  std::string topic;  // "write-safety", "persistence" ...: stable, for scripts.
  std::string where;  // A node or sentinel; empty: the group.
  std::string what, why, fix;
};

struct NodeFacts {
  Endpoint at;
  bool is_master = false;
  std::string problem;                     // Not empty: it could not be asked, and the rest is unknown.
  Fields info;                             // INFO.
  std::vector<std::string> config_unread;  // Parameters that it does not tell.
  std::vector<std::pair<std::string, std::string>> config;
  std::vector<std::string> missing_commands;  // Renamed or disabled, of those that a failover needs.
  std::string acl_user;                       // Whose rights were tried.
  bool acl_tried = false;                     // ACL DRYRUN is known (Redis 7).
  std::vector<std::string> denied;            // Commands that this user may not use.

  std::optional<std::string> parameter(const std::string& name) const;
  std::optional<std::int64_t> number(const std::string& name) const;
};

struct SentinelFacts {
  Endpoint at;
  std::string problem;
};

struct GroupFacts {
  std::string group;
  std::vector<NodeFacts> nodes;
  std::vector<SentinelFacts> sentinels;
  std::int64_t quorum = 0;
  Millis down_after{0};
  std::optional<double> bytes_per_second;  // Of the replication stream.
};

// Errors first.
std::vector<Finding> examine(const GroupFacts& facts);

bool is_well(const std::vector<Finding>& findings);  // Nothing but notes.
std::string render(const std::string& group, const std::vector<Finding>& findings, const Style& style);
nlohmann::ordered_json to_json(const std::string& group, const std::vector<Finding>& findings);

}  // namespace sentinel
