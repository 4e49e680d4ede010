#include "sentinel/net/resp_server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <asio/ip/v6_only.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "common/check.h"
#include "sentinel/net/spawn.h"

namespace sentinel {
namespace {

using asio::ip::tcp;

constexpr std::size_t kOtherDescriptors = 512;         // Left for links, the store and logs.
constexpr std::chrono::milliseconds kAcceptRetry{50};  // After accept failed for want of descriptors.
constexpr std::chrono::seconds kSweepPeriod{1};

std::string text_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    const auto plain = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    return fmt::format("{}:{}", plain.to_string(), endpoint.port());
  }
  if (address.is_v6()) return fmt::format("[{}]:{}", address.to_string(), endpoint.port());
  return fmt::format("{}:{}", address.to_string(), endpoint.port());
}

bool is_loopback(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

void set_keepalive(tcp::socket& socket, std::chrono::seconds after) {
  if (after.count() == 0) return;
  const int seconds = static_cast<int>(after.count());
  asio::error_code ignored;  // Best effort: the link works without.
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  using Idle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  using Count = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
  socket.set_option(Idle(seconds), ignored);
  socket.set_option(Interval(std::max(seconds / 3, 1)), ignored);
  socket.set_option(Count(3), ignored);
}

}  // namespace

struct RespServer::Listener {
  tcp::acceptor acceptor;
  bool tls;
};

RespServer::RespServer(asio::any_io_executor executor, ServerOptions options, ClientRegistry& registry,
                       ClientHandler& handler, AdoptPeer adopt_peer, std::shared_ptr<const Tls> tls)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      registry_(registry),
      context_(std::make_shared<SessionContext>(SessionContext{handler, registry, std::move(adopt_peer),
                                                               options_.subscriber_output_max, options_.buffered_max,
                                                               std::make_shared<Readiness>(executor_)})),
      tls_(std::move(tls)),
      sweep_timer_(std::make_shared<asio::steady_timer>(executor_)),
      stopped_(std::make_shared<bool>(false)) {}

RespServer::~RespServer() {
  stop();
  // Sessions end with their coroutines, perhaps when the executor's context is
  // destroyed: long after the handler.
  std::vector<Client*> left;
  for (const auto& [id, client] : registry_.all()) left.push_back(client);
  for (Client* client : left) static_cast<ClientSession&>(*client).detach();
  context_->server_gone = true;
}

Result<void> RespServer::start() {
  raise_file_limit();
  CHECK(tls_ || !options_.tls_port);
  port_ = options_.port.value_or(0);
  tls_port_ = options_.tls_port.value_or(0);
  for (const std::string& address : options_.bind) {
    if (options_.port) {
      if (auto listening = listen(address, false); !listening) return listening;
    }
    if (options_.tls_port) {
      if (auto listening = listen(address, true); !listening) return listening;
    }
  }
  if (listeners_.empty()) return unexpected(std::string("no address to listen on"));
  for (const auto& listener : listeners_) spawn(executor_, "accept loop", accept_loop(listener));
  spawn(executor_, "client sweep", sweep_loop());
  context_->readiness->start();
  return {};
}

Result<void> RespServer::listen(std::string address, bool tls) {
  std::uint16_t& port = tls ? tls_port_ : port_;
  const bool optional = address.starts_with('-');
  if (optional) address.erase(0, 1);
  const std::string literal = address == "*" ? "0.0.0.0" : address == "::*" ? "::" : address;

  asio::error_code failure;
  const auto fail = [&](std::string_view step) -> Result<void> {
    const std::string text = fmt::format("cannot {} {} port {}: {}", step, address, port, failure.message());
    const bool missing = failure == asio::error::address_family_not_supported ||
                         failure == asio::error_code(EADDRNOTAVAIL, asio::system_category());
    if (!optional || !missing) return unexpected(text);
    spdlog::info("{}; it is optional", text);
    return {};
  };
  asio::ip::address ip = asio::ip::make_address(literal, failure);
  if (failure) {
    // A name, as redis-server takes them. Nothing else runs yet: the lookup may block.
    const auto found = tcp::resolver(executor_).resolve(tcp::v4(), literal, "", failure);
    if (failure || found.empty()) return fail("find the address");
    ip = found.begin()->endpoint().address();
  }
  auto listener = std::make_shared<Listener>(Listener{tcp::acceptor(executor_), tls});
  tcp::acceptor* const acceptor = &listener->acceptor;
  const tcp::endpoint endpoint(ip, port);
  acceptor->open(endpoint.protocol(), failure);
  if (failure) return fail("open a socket for");
  acceptor->set_option(asio::socket_base::reuse_address(true), failure);
  if (ip.is_v6()) acceptor->set_option(asio::ip::v6_only(true), failure);
  acceptor->bind(endpoint, failure);
  if (failure) return fail("bind");
  acceptor->listen(options_.backlog, failure);
  if (failure) return fail("listen on");
  port = acceptor->local_endpoint().port();
  listeners_.push_back(std::move(listener));
  return {};
}

void RespServer::raise_file_limit() {
  registry_.clients_max = options_.clients_max;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const std::size_t usable =
      limit.rlim_cur > 2 * kOtherDescriptors ? limit.rlim_cur - kOtherDescriptors : limit.rlim_cur / 2;
  if (usable < options_.clients_max) {
    spdlog::warn("at most {} clients instead of {}: the limit of open files is {}", usable, options_.clients_max,
                 limit.rlim_cur);
    registry_.clients_max = usable;
  }
}

asio::awaitable<void> RespServer::accept_loop(std::shared_ptr<Listener> listener) {
  const auto stopped = stopped_;
  tcp::acceptor* const acceptor = &listener->acceptor;
  asio::steady_timer pause(acceptor->get_executor());
  while (!*stopped) {
    asio::error_code failure;
    tcp::socket socket = co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, failure));
    if (*stopped || failure == asio::error::operation_aborted) co_return;
    if (!failure) {
      admit(std::move(socket), listener->tls);
      continue;
    }
    // Out of descriptors, most likely: make room, and do not spin meanwhile.
    spdlog::warn("accept failed: {}", failure.message());
    if (Client* oldest = registry_.oldest_unproven()) {
      ++registry_.statistics.evicted_clients;
      oldest->close();
    }
    pause.expires_after(kAcceptRetry);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
  }
}

void RespServer::admit(tcp::socket socket, bool tls) {
  asio::error_code failure;
  const tcp::endpoint remote = socket.remote_endpoint(failure);
  if (failure) return;  // Gone before we looked.
  const tcp::endpoint local = socket.local_endpoint(failure);
  socket.non_blocking(true, failure);
  ++registry_.statistics.connections;
  if (const std::string_view denial = context_->handler.denial(is_loopback(remote.address())); !denial.empty()) {
    ++registry_.statistics.rejected_connections;
    socket.write_some(asio::buffer(fmt::format("-{}\r\n", denial)), failure);
    return;
  }
  if (registry_.all().size() >= registry_.clients_max) {
    Client* const oldest = registry_.oldest_unproven();
    if (oldest == nullptr) {
      ++registry_.statistics.rejected_connections;
      if (!tls) socket.write_some(asio::buffer(std::string_view("-ERR max number of clients reached\r\n")), failure);
      return;
    }
    ++registry_.statistics.evicted_clients;
    registry_.remove(*oldest);
    oldest->close();
  }
  socket.set_option(tcp::no_delay(true), failure);
  set_keepalive(socket, options_.keepalive);
  ClientFacts facts{.id = registry_.next_id(),
                    .address = text_of(remote),
                    .local_address = text_of(local),
                    .descriptor = socket.native_handle(),
                    .since = ShellClock::now()};
  auto session = std::make_shared<ClientSession>(tls ? tls_->accept(std::move(socket)) : Stream(std::move(socket)),
                                                 std::move(facts), context_);
  spawn(executor_, session->describe(), session->run());
}

asio::awaitable<void> RespServer::sweep_loop() {
  const auto timer = sweep_timer_;
  const auto stopped = stopped_;
  while (!*stopped) {
    asio::error_code cancelled;
    timer->expires_after(kSweepPeriod);
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (*stopped) co_return;
    sweep(ShellClock::now());
  }
}

void RespServer::sweep(ShellClock::time_point now) {
  ClientStatistics& total = registry_.statistics;
  total.commands_per_second = total.commands - last_sweep_.commands;
  total.input_bytes_per_second = total.input_bytes - last_sweep_.input_bytes;
  total.output_bytes_per_second = total.output_bytes - last_sweep_.output_bytes;
  last_sweep_ = total;
  context_->handshake_warnings = 0;
  std::vector<Client*> stalled;
  std::vector<Client*> idle;
  for (const auto& [id, client] : registry_.all()) {
    if (client->closing) continue;
    const auto& session = static_cast<const ClientSession&>(*client);
    if (now - session.write_stalled_since(now) > options_.write_timeout) {
      stalled.push_back(client);
    } else if (options_.idle_timeout.count() > 0 && !client->subscribed() &&
               now - client->last_request > options_.idle_timeout) {
      idle.push_back(client);
    }
  }
  for (Client* client : stalled) {
    spdlog::warn("client {} closed: it took no byte of its replies for {} s", client->facts().address,
                 options_.write_timeout.count());
    ++total.evicted_clients;
    client->close();
  }
  for (Client* client : idle) {
    ++total.idle_clients;
    client->close();
  }
}

void RespServer::stop() {
  if (*stopped_) return;
  *stopped_ = true;
  asio::error_code ignored;
  for (const auto& listener : listeners_) listener->acceptor.close(ignored);
  sweep_timer_->cancel();
  std::vector<Client*> open;
  for (const auto& [id, client] : registry_.all()) open.push_back(client);
  for (Client* client : open) client->close();
  context_->readiness->stop();
}

}  // namespace sentinel
