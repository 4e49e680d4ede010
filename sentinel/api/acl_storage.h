// The ACL file on disk. Both calls block, as an operator's rare command may.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"

namespace sentinel {

// The error is stock's: "Error loading ACLs, opening file ...".
Result<std::string> read_acl_file(const std::string& path);

// Replaces the file as a whole: whoever reads it, also after a crash, finds
// the old or the new users. It keeps its permissions; a new one is its owner's only.
Result<void> write_acl_file(const std::string& path, const std::vector<std::string>& lines);

}  // namespace sentinel
