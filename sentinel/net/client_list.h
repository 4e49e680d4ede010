// What a server's CLIENT LIST says: a line a client, "id=7 addr=10.0.0.1:5000 name=app age=3 ...".
#pragma once

#include <string_view>

namespace sentinel {

// The value of `key` in one line. Empty if the line has no such field, or an empty one.
std::string_view client_list_field(std::string_view line, std::string_view key);

}  // namespace sentinel
