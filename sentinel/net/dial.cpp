#include "sentinel/net/dial.h"

#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "sentinel/net/racing.h"

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes Asio's recycled coroutine frames for memory of plain new where it inlines one coroutine in another.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace sentinel {
namespace {

using asio::ip::tcp;
constexpr auto kTuple = asio::experimental::as_tuple(asio::use_awaitable);

// Binds to our own address; the port is the system's choice.
Result<void, Loss> leave_from(tcp::socket& socket, const std::string& source, const tcp::endpoint& to) {
  if (source.empty()) return {};
  const auto fail = [&](const std::string& why) {
    return unexpected(Loss{DownCause::Failed, "can't connect from " + source + ": " + why});
  };
  asio::error_code error;
  const auto address = asio::ip::make_address(source, error);
  if (error) return fail("not an IP address");
  socket.open(to.protocol(), error);
  if (!error) socket.bind(tcp::endpoint(address, 0), error);
  if (error) return fail(error.message());
  return {};
}

asio::awaitable<Result<tcp::socket, Loss>> connect(asio::any_io_executor executor, tcp::endpoint to,
                                                   std::string source) {
  auto attempt = std::make_shared<Racing<tcp::socket>>(executor, executor);
  if (auto bound = leave_from(attempt->operation, source, to); !bound) co_return unexpected(bound.error());
  attempt->timer.expires_after(kConnectDeadline);
  attempt->operation.async_connect(to, [attempt](asio::error_code error) { attempt->finish(error); });
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

asio::awaitable<Dialed> secure(Stream stream) {
  const asio::error_code error = co_await stream.handshake(kTlsHandshakeDeadline);
  if (!error) co_return std::move(stream);
  if (error == asio::error::timed_out)
    co_return unexpected(Loss{DownCause::TimedOut, "no answer to the TLS handshake"});
  co_return unexpected(Loss{loss_of(error).cause, "TLS handshake: " + stream.why_failed(error)});
}

}  // namespace

asio::awaitable<Dialed> dial(asio::any_io_executor executor, std::shared_ptr<Addresses> at, DialOptions options) {
  const auto addresses = co_await at->get();
  if (!addresses) co_return unexpected(addresses.error());
  Dialed result = unexpected(Loss{});
  for (const tcp::endpoint& address : *addresses) {
    auto socket = co_await connect(executor, address, options.source);
    if (!socket) {
      result = unexpected(socket.error());
    } else if (!options.tls) {
      result = Stream(std::move(*socket));
    } else {
      result = co_await secure(options.tls->connect(std::move(*socket)));
    }
    if (result) break;
  }
  co_return result;
}

asio::awaitable<Dialed> dial(asio::any_io_executor executor, Endpoint at, DialOptions options) {
  return dial(executor, std::make_shared<Addresses>(executor, std::move(at), nullptr), std::move(options));
}

Loss loss_of(const asio::error_code& error) {
  if (error == asio::error::eof) return {DownCause::Closed, "connection closed"};
  if (error == asio::error::connection_refused) return {DownCause::Refused, "connection refused"};
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
    return {DownCause::Closed, "connection reset"};
  }
  if (error == asio::error::timed_out) return {DownCause::TimedOut, "timed out"};
  return {DownCause::Failed, (error.category() == tls_category() ? "TLS: " : "") + error.message()};
}

}  // namespace sentinel
