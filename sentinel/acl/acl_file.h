// The text of an ACL file (aclfile): a line "user <name> <rule> ..." for each
// user, read by ACL LOAD and written by ACL SAVE.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "sentinel/acl/user.h"

namespace sentinel {

inline constexpr std::size_t kAclFileBytesMax = std::size_t{16} << 20;

// Every user of the file, or everything that is wrong with it, in stock's
// words: "users.acl:3: Error in applying operation '+foo': ...".
Result<std::vector<AclUser>> read_acl_text(std::string_view text, const std::string& path, NewUser start);

}  // namespace sentinel
