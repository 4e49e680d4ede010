// Opens a connection, with TLS or without, with a deadline on each step, and says what went
// wrong in the core's words.
//
//   Dialed dialed = co_await dial(executor, addresses, options);   // An Addresses (resolve.h); DialOptions{.tls = tls}
//   if (!dialed) return report(dialed.error().cause, dialed.error().text);
//
// Threading: resumes on `executor`.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "common/endpoint.h"
#include "common/result.h"
#include "sentinel/net/resolve.h"
#include "sentinel/net/stream.h"
#include "sentinel/net/tls.h"

namespace sentinel {

inline constexpr std::chrono::seconds kConnectDeadline{1};

using Dialed = Result<Stream, Loss>;

struct DialOptions {
  std::shared_ptr<const Tls> tls = nullptr;  // Null: in plain text.
  std::string source;                        // Our own numeric address to connect from. Empty: the system chooses.
};

// A connected stream with TCP_NODELAY, its TLS handshake done. A name
// with several addresses: the first that answers, each with its own deadline.
asio::awaitable<Dialed> dial(asio::any_io_executor executor, std::shared_ptr<Addresses> at, DialOptions options);

// For one connection alone.
asio::awaitable<Dialed> dial(asio::any_io_executor executor, Endpoint at, DialOptions options);

// How the end of a connection with this error is reported.
Loss loss_of(const asio::error_code& error);

}  // namespace sentinel
