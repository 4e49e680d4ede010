// Starts a coroutine that belongs to nobody, without losing what it throws.
// asio::detached swallows exceptions; a session that dies of a bug must be seen.
//
//   spawn(executor, "peer_link 10.0.0.1:26379", link->run());
//
// Threading: the coroutine runs on `executor`; call from any thread.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <exception>
#include <string>

namespace sentinel {

// Runs `work` to its end. An exception that leaves it is logged as an error
// with `name` and counted; cancellation (operation_aborted) is an ordinary end.
void spawn(const asio::any_io_executor& executor, std::string name, asio::awaitable<void> work);

// How many spawned coroutines ended with an exception since the process started.
std::uint64_t spawn_failures();

// What spawn() does with an exception: for callbacks that cannot throw further.
void report_failure(const std::string& name, const std::exception_ptr& failure);

}  // namespace sentinel
