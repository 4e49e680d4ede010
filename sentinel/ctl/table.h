// Columns of text, as wide as their longest cell.
#pragma once

#include <string>
#include <vector>

#include "sentinel/ctl/terminal.h"

namespace sentinel {

// The first row is the heading. Rows may be shorter than it. Control
// characters in cells are made harmless. Ends with a newline.
std::string render_table(const std::vector<std::vector<std::string>>& rows, const Style& style);

}  // namespace sentinel
