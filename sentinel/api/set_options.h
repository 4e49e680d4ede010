// The options of SENTINEL SET.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/settings.h"

namespace sentinel {

struct SetRequest {
  GroupSettings settings;            // With what was good applied.
  std::vector<std::string> changed;  // "option value" of each, secrets as stars: the payload of +set.
  std::string error;                 // Stock's, of the first bad option; empty if there is none.
};

// Applies option and value words from left to right and stops at the first bad
// one. Pure but for a look at whether a script can be run.
SetRequest apply_set_options(GroupSettings settings, const std::vector<std::string>& words, bool deny_scripts);

// 0x00 to 0x1f and 0x7f: such a value could add lines to a configuration file.
bool has_control_characters(std::string_view text);

}  // namespace sentinel
