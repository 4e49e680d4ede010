// The tls-* lines of a sentinel.conf: redis.conf's, read as redis-server reads them.
#pragma once

#include <string>
#include <vector>

#include "common/tls_settings.h"

namespace sentinel::conf {

// Returns stock's words for what is wrong with the line; empty if nothing is.
// REQUIRES: words.front() begins with "tls-".
std::string apply_tls_directive(const std::vector<std::string>& words, TlsSettings& tls);

}  // namespace sentinel::conf
