// What a sentinel.conf says about the present: the durable facts, as lines.
// The same records that go to the state file keep it up to date.
//
//   ConfFacts facts = initial_facts(config, self, restored);
//   fold(facts, out.persist);
//   write(rewrite_text(old_text, facts));
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sentinel/config/daemon_config.h"
#include "sentinel/core/record.h"

namespace sentinel::conf {

struct GroupFacts {
  GroupSettings settings;
  Endpoint master;  // Now; settings.master is where it was once.
  Epoch config_epoch;
  Epoch leader_epoch;
  std::vector<Endpoint> replicas;  // May hold the master's address.
  std::map<NodeId, Endpoint> sentinels;
};

struct ConfFacts {
  NodeId self;
  Epoch current_epoch;
  ConfSettings process;
  std::vector<ConfOverride> overrides;  // Server directives that differ from the file's.
  std::vector<GroupFacts> groups;       // In the order of creation.
  // Every "user <name> <rules>" line there is to be; none: users stand elsewhere, and such lines stay as they are.
  std::optional<std::vector<std::string>> user_lines;
  std::map<std::string, Epoch> removed_votes;  // R-E2: of a removed group, should it come back.
};

// REQUIRES: config.groups and config.conf_state.groups are of one reading; restored is their merge_state().
ConfFacts initial_facts(const DaemonConfig& config, const NodeId& self, const RestoredState& restored);

void fold(ConfFacts& facts, const std::vector<Record>& records);

}  // namespace sentinel::conf
