// The master that a rescue is compared with or replayed to, and what it has of the rescued keys.
#pragma once

#include <map>
#include <set>
#include <string>

#include "common/result.h"
#include "sentinel/ctl/changes_since.h"
#include "sentinel/ctl/rescue_catalogue.h"
#include "sentinel/ctl/session.h"

namespace sentinel {

enum class KeyState {
  Missing,    // The master has no such key, and has not touched it: it was new, or the master never had it.
  Untouched,  // The master has it, and has not changed it since the histories parted.
  Changed,    // The master has written it since, or removed it.
  Unknown,    // It has the key, and nobody can tell any more whether it changed it.
};
const char* name_of(KeyState state);

struct KeyStates {
  std::map<DatabaseKey, KeyState> keys;
  std::string unknown_because;  // Not empty: Changed and Untouched could not be told apart.
};

// A connection to `to`, or to the group's present master as a sentinel names it. An error unless it is a master.
Result<Connection> connect_master(Session& session, const std::string& group, const std::string& to);

Result<KeyStates> key_states(Session& session, Connection& master, const RescueEntry& entry,
                             const std::set<DatabaseKey>& keys);

}  // namespace sentinel
