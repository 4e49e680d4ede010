// Opens a TCP connection with a deadline on each step, and says what went
// wrong in the core's words.
//
//   Dialed dialed = co_await dial(executor, Endpoint{"redis-1", 6379});
//   if (!dialed) return report(dialed.error().cause, dialed.error().text);
//
// Threading: resumes on `executor`. Name lookups run on Asio's resolver thread
// and never block it; a numeric address needs no lookup.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <string>

#include "common/endpoint.h"
#include "common/result.h"
#include "sentinel/core/input.h"

namespace sentinel {

inline constexpr std::chrono::seconds kResolveDeadline{2};
inline constexpr std::chrono::seconds kConnectDeadline{1};

// Why there is no connection, or no longer.
struct Loss {
  DownCause cause = DownCause::Failed;
  std::string text;
};

using Dialed = Result<asio::ip::tcp::socket, Loss>;

// A connected socket with TCP_NODELAY. A name with several addresses: the first
// that answers, each with its own deadline.
asio::awaitable<Dialed> dial(asio::any_io_executor executor, Endpoint at);

// How the end of a connection with this error is reported.
Loss loss_of(const asio::error_code& error);

}  // namespace sentinel
