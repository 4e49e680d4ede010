// Ties an object's life to a coroutine of its own. A member coroutine holds a
// bare `this`, and a spawned one takes its first step only later: by then the object
// may be gone, unless something held it from the start.
//
//   spawn(executor, "node_link", keep_alive(shared_from_this(), run()));
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <utility>

namespace sentinel {

inline asio::awaitable<void> keep_alive([[maybe_unused]] std::shared_ptr<const void> owner,
                                        asio::awaitable<void> work) {
  co_await std::move(work);
}

}  // namespace sentinel
