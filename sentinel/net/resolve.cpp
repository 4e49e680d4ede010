#include "sentinel/net/resolve.h"

#include <algorithm>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

namespace sentinel {

Addresses::Addresses(asio::any_io_executor executor, Endpoint at, std::function<void(HostResolved)> told)
    : executor_(std::move(executor)), at_(std::move(at)), told_(std::move(told)) {
  asio::error_code no_address;
  const asio::ip::address address = asio::ip::make_address(at_.host, no_address);
  is_name_ = bool(no_address);
  if (!is_name_) known_.push_back(address);
}

TcpEndpoints Addresses::endpoints() const {
  TcpEndpoints all;
  for (const asio::ip::address& address : known_) all.emplace_back(address, at_.port);
  return all;
}

bool Addresses::has(const std::string& address) const {
  return std::any_of(known_.begin(), known_.end(), [&](const auto& each) { return each.to_string() == address; });
}

asio::awaitable<Result<TcpEndpoints, Loss>> Addresses::get() {
  if (!is_name_) co_return endpoints();
  refresh();
  const auto patience =
      std::make_shared<asio::steady_timer>(executor_, known_.empty() ? kResolveDeadline : kResolveSoon);
  waiting_.push_back(patience);
  co_await patience->async_wait(asio::experimental::as_tuple(asio::use_awaitable));
  if (!known_.empty()) co_return endpoints();
  const std::string why = looking_ ? "no answer to the name lookup in time" : failure_;
  co_return unexpected(Loss{DownCause::Unresolvable, at_.host + ": " + why});
}

void Addresses::refresh() {
  if (!is_name_ || std::exchange(looking_, true)) return;
  look_up(at_.host, executor_, [weak = weak_from_this()](const Found& result) {
    if (const auto self = weak.lock()) self->found(result);
  });
}

void Addresses::found(const Found& result) {
  looking_ = false;
  const bool news = result ? *result != known_ : !std::exchange(told_failure_, true);
  if (result) {
    known_ = *result;
    told_failure_ = false;
  } else {
    failure_ = result.error();
  }
  for (const auto& waiter : std::exchange(waiting_, {}))
    if (const auto patience = waiter.lock()) patience->cancel();
  if (!news || !told_) return;
  HostResolved told{.host = at_.host, .addresses = {}};
  if (result)
    for (const asio::ip::address& address : known_) told.addresses.push_back(address.to_string());
  told_(std::move(told));
}

}  // namespace sentinel
