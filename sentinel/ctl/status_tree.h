// Groups as a tree for people and as JSON for scripts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sentinel/ctl/group_view.h"
#include "sentinel/ctl/terminal.h"

namespace sentinel {

// Ends with a newline. Problems are red, and repeated under the tree in words.
std::string render_status(const GroupView& group, const Style& style);

// Documented in docs/vigilctl.md: keys are only ever added.
nlohmann::ordered_json status_json(const GroupView& group);

}  // namespace sentinel
