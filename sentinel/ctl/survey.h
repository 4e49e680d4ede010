// Asks every sentinel of a group, and its master, for what a GroupView holds.
#pragma once

#include <string>

#include "common/result.h"
#include "sentinel/ctl/group_view.h"
#include "sentinel/ctl/session.h"

namespace sentinel {

// An error if no given sentinel answers or knows the group. A sentinel found
// on the way that can't be asked is part of the view, not an error.
Result<GroupView> survey_group(Session& session, const std::string& name);

// What the sentinel runs, from its INFO: "vigil 0.1.0", "redis-sentinel 7.0.15".
std::string software_of(const Fields& info);

}  // namespace sentinel
