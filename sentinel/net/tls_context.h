// An OpenSSL context from settings: one side of TLS, with its certificate, key,
// authorities and protocol versions.
//
// Errors are in the words of redis-server's log, so that they are found where
// operators look for them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/tls_settings.h"
#include "sentinel/net/tls_session.h"

namespace sentinel {

struct FreeTlsContext {
  void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTlsContext>;

// REQUIRES: for Accepting, a certificate and its key are set.
Result<TlsContext> make_tls_context(const TlsSettings& settings, TlsRole role);

// When the context's own certificate ends to be valid. nullopt: it has none.
std::optional<std::chrono::system_clock::time_point> valid_until(ssl_ctx_st* context);

}  // namespace sentinel
