#include "sentinel/net/resolve.h"

#include <asio/experimental/as_tuple.hpp>
#include <asio/ip/address.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>

#include "sentinel/net/racing.h"

namespace sentinel {

using asio::ip::tcp;

bool is_numeric(const std::string& host) {
  asio::error_code failure;
  asio::ip::make_address(host, failure);
  return !failure;
}

asio::awaitable<Result<std::vector<tcp::endpoint>, Loss>> resolve(asio::any_io_executor executor, Endpoint at) {
  asio::error_code not_numeric;
  const asio::ip::address address = asio::ip::make_address(at.host, not_numeric);
  if (!not_numeric) co_return std::vector<tcp::endpoint>{tcp::endpoint(address, at.port)};

  auto lookup = std::make_shared<Racing<tcp::resolver>>(executor, executor);
  auto found = std::make_shared<std::vector<tcp::endpoint>>();
  lookup->timer.expires_after(kResolveDeadline);
  lookup->operation.async_resolve(at.host, std::to_string(at.port), tcp::resolver::numeric_service,
                                  [lookup, found](asio::error_code error, tcp::resolver::results_type results) {
                                    for (const auto& entry : results) found->push_back(entry.endpoint());
                                    lookup->finish(error);
                                  });
  co_await lookup->timer.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
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

}  // namespace sentinel
