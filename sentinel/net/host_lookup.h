// Looks host names up on threads of its own, since the C library can only
// block: a name server that is silent for ten seconds holds up one thread, and
// no other name. Asio's resolver has one thread for all, and waits for it at the end.
//
//   look_up("redis-1", executor, [](Found found) { ... });   // Called once, on the executor.
//
// Who asks for a name that is being looked up hears the same answer. There is no
// deadline: whoever can't wait stops waiting. Threading: any thread.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "common/result.h"

namespace sentinel {

inline constexpr std::size_t kLookupThreadsMax = 32;  // Of names that are not answered; then others wait for one.
inline constexpr std::chrono::seconds kLookupThreadIdle{10};  // Then a thread ends.
inline constexpr std::size_t kAddressesMax = 4;               // Of one name.

// At least one address, each once, in the C library's order; or its words for why there is none.
using Found = Result<std::vector<asio::ip::address>>;

void look_up(const std::string& host, const asio::any_io_executor& executor, std::function<void(const Found&)> done);

}  // namespace sentinel
