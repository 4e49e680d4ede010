// Which keys a master has changed since a point of its stream: it is asked for the stream from there, as a replica
// would ask, and only if it still has it (a full synchronisation is never started).
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "common/result.h"
#include "sentinel/ctl/connection.h"
#include "sentinel/rescue/rescued_units.h"

namespace sentinel {

struct ChangesSince {
  std::set<DatabaseKey> keys;
  bool whole_databases = false;  // It was flushed, or databases were swapped: any key may have changed.
};

// `link` is used up. The error says why it can't be known.
Result<ChangesSince> changes_since(Connection link, std::uint64_t from_offset);

}  // namespace sentinel
