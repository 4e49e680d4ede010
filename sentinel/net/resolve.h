// Looks a host name up without blocking anybody, with a deadline.
//
//   auto found = co_await resolve(executor, Endpoint{"redis-1", 6379});
//   if (!found) report(found.error().text);
//
// Threading: resumes on `executor`. Lookups run on Asio's resolver thread.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/result.h"
#include "sentinel/core/input.h"

namespace sentinel {

inline constexpr std::chrono::seconds kResolveDeadline{2};
inline constexpr std::size_t kAddressesMax = 4;  // Of one name.

// Why there is no connection, or no longer.
struct Loss {
  DownCause cause = DownCause::Failed;
  std::string text;
};

// At least one address; a numeric one needs no lookup.
asio::awaitable<Result<std::vector<asio::ip::tcp::endpoint>, Loss>> resolve(asio::any_io_executor executor,
                                                                            Endpoint at);

// Whether the host is an IPv4 or IPv6 address and no name.
bool is_numeric(const std::string& host);

}  // namespace sentinel
