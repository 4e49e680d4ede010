// The tls-* lines of a redis.conf or sentinel.conf, read as redis-server reads them.
//
//   TlsSettings tls;
//   apply_tls_directive({"tls-cert-file", "/etc/redis/tls/redis.crt"}, tls)   // Empty: well.
//   tls_directive_value("tls-cert-file", tls)                                 // "/etc/redis/tls/redis.crt"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/tls_settings.h"

namespace sentinel::conf {

// Returns stock's words for what is wrong with the line; empty if nothing is.
// REQUIRES: words.front() begins with "tls-".
std::string apply_tls_directive(const std::vector<std::string>& words, TlsSettings& tls);

// The names of those that can be changed while the process runs: all but tls-port and tls-replication, which
// decide where it listens and how others are reached, and tls-cluster, which says nothing here.
std::vector<std::string_view> changeable_tls_directives();

// The word behind the name. Passwords are told like all others. REQUIRES: name is one of changeable_tls_directives().
std::string tls_directive_value(std::string_view name, const TlsSettings& tls);

}  // namespace sentinel::conf
