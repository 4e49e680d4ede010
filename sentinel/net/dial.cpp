#include "sentinel/net/dial.h"

#include <asio/experimental/as_tuple.hpp>
#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace sentinel {
namespace {

using asio::ip::tcp;
constexpr auto kTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kAddressesMax = 4;  // Of one name, tried in turn.

// An operation and its deadline. The operation's handler owns this too: a
// lookup that hangs in the C library outlives the coroutine that gave up on it.
template <typename Operation>
struct Racing {
  template <typename... Arguments>
  explicit Racing(const asio::any_io_executor& executor, Arguments&&... arguments)
      : timer(executor), operation(std::forward<Arguments>(arguments)...) {}

  asio::steady_timer timer;  // Waited for; the operation's end cancels it.
  Operation operation;
  bool done = false;
  asio::error_code error;
};

asio::awaitable<Result<std::vector<tcp::endpoint>, Loss>> resolve(asio::any_io_executor executor, Endpoint at) {
  asio::error_code not_numeric;
  const asio::ip::address address = asio::ip::make_address(at.host, not_numeric);
  if (!not_numeric) co_return std::vector<tcp::endpoint>{tcp::endpoint(address, at.port)};

  auto lookup = std::make_shared<Racing<tcp::resolver>>(executor, executor);
  auto found = std::make_shared<std::vector<tcp::endpoint>>();
  lookup->timer.expires_after(kResolveDeadline);
  lookup->operation.async_resolve(at.host, std::to_string(at.port), tcp::resolver::numeric_service,
                                  [lookup, found](asio::error_code error, tcp::resolver::results_type results) {
                                    lookup->done = true;
                                    lookup->error = error;
                                    for (const auto& entry : results) found->push_back(entry.endpoint());
                                    lookup->timer.cancel();
                                  });
  co_await lookup->timer.async_wait(kTuple);
  if (!lookup->done) {
    lookup->operation.cancel();  // Spares the queued lookup, if it has not begun.
    co_return unexpected(Loss{DownCause::Unresolvable, at.host + ": no answer to the name lookup in time"});
  }
  if (lookup->error || found->empty()) {
    co_return unexpected(Loss{DownCause::Unresolvable, at.host + ": " + lookup->error.message()});
  }
  if (found->size() > kAddressesMax) found->resize(kAddressesMax);
  co_return *found;
}

asio::awaitable<Dialed> connect(asio::any_io_executor executor, tcp::endpoint to) {
  auto attempt = std::make_shared<Racing<tcp::socket>>(executor, executor);
  attempt->timer.expires_after(kConnectDeadline);
  attempt->operation.async_connect(to, [attempt](asio::error_code error) {
    attempt->done = true;
    attempt->error = error;
    attempt->timer.cancel();
  });
  co_await attempt->timer.async_wait(kTuple);
  asio::error_code ignored;
  if (!attempt->done) {
    attempt->operation.close(ignored);
    co_return unexpected(Loss{DownCause::TimedOut, "no answer to the connection request"});
  }
  if (attempt->error) co_return unexpected(loss_of(attempt->error));
  attempt->operation.set_option(tcp::no_delay(true), ignored);
  co_return std::move(attempt->operation);
}

}  // namespace

asio::awaitable<Dialed> dial(asio::any_io_executor executor, Endpoint at) {
  const auto addresses = co_await resolve(executor, std::move(at));
  if (!addresses) co_return unexpected(addresses.error());
  Dialed result = unexpected(Loss{});
  for (const tcp::endpoint& address : *addresses) {
    result = co_await connect(executor, address);
    if (result) break;
  }
  co_return result;
}

Loss loss_of(const asio::error_code& error) {
  if (error == asio::error::eof) return {DownCause::Closed, "connection closed"};
  if (error == asio::error::connection_refused) return {DownCause::Refused, "connection refused"};
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
    return {DownCause::Closed, "connection reset"};
  }
  if (error == asio::error::timed_out) return {DownCause::TimedOut, "timed out"};
  return {DownCause::Failed, error.message()};
}

}  // namespace sentinel
