// An operation and its deadline. The operation's handler owns this too: a
// lookup that hangs in the C library outlives the coroutine that gave up on it.
//
//   auto attempt = std::make_shared<Racing<tcp::socket>>(executor, executor);
//   attempt->timer.expires_after(deadline);
//   attempt->operation.async_connect(to, [attempt](asio::error_code error) { attempt->finish(error); });
//   co_await attempt->timer.async_wait(...);   // Then: done, or late.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/error_code.hpp>
#include <asio/steady_timer.hpp>
#include <utility>

namespace sentinel {

template <typename Operation>
struct Racing {
  template <typename... Arguments>
  explicit Racing(const asio::any_io_executor& executor, Arguments&&... arguments)
      : timer(executor), operation(std::forward<Arguments>(arguments)...) {}

  void finish(const asio::error_code& result) {
    done = true;
    error = result;
    timer.cancel();
  }

  asio::steady_timer timer;  // Waited for; the operation's end cancels it.
  Operation operation;
  bool done = false;
  asio::error_code error;
};

}  // namespace sentinel
