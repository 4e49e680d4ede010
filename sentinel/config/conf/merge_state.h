// Joins what a sentinel.conf tells of the past with what the state file
// remembers, so that neither Vigil nor a redis-sentinel that ran in between
// loses what the other learned or promised.
//
//   StateMerge merge = merge_state(config, store.restored());
//   Coordinator core(process, merge.groups, merge.restored, ...);
//   store.commit({.records = merge.imported});
//
// The file says which groups there are and what their settings are. Of epochs
// the higher one counts, with the master that belongs to it; with equal ones the
// file's, which the operator may have edited. Settings that a sentinel.conf has
// no words for (crash-detection, write-safety ...) come from the state file.
//
// Nodes that only the state file knows are kept when the file is as we left it
// (the state file is at least as new), or when no sentinel has written it yet.
// Otherwise a sentinel in between has forgotten them on purpose.
#pragma once

#include <vector>

#include "sentinel/config/daemon_config.h"
#include "sentinel/core/record.h"

namespace sentinel::conf {

struct StateMerge {
  std::vector<GroupSettings> groups;
  RestoredState restored;
  std::vector<Record> imported;  // What the state file did not know, or must forget.
};

StateMerge merge_state(const DaemonConfig& config, RestoredState stored);

}  // namespace sentinel::conf
