// A client in one line, as CLIENT LIST and ACL LOG show it.
#pragma once

#include <string>

#include "sentinel/net/client.h"

namespace sentinel {

std::string client_line(const Client& client);  // Ends with a line end.

}  // namespace sentinel
