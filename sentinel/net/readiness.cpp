#include "sentinel/net/readiness.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "common/check.h"

namespace sentinel {
namespace {

constexpr int kEventsPerCall = 128;

int make_epoll() {
  const int descriptor = epoll_create1(EPOLL_CLOEXEC);
  CHECK(descriptor >= 0);
  return descriptor;
}

}  // namespace

Readiness::Readiness(asio::any_io_executor executor) : epoll_(std::move(executor), make_epoll()) {}

void Readiness::start() { arm(); }

void Readiness::stop() {
  asio::error_code ignored;
  epoll_.close(ignored);
}

void Readiness::arm() {
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [weak = weak_from_this()](const asio::error_code& error) {
                      const auto self = weak.lock();
                      if (!self || error) return;
                      self->dispatch();
                      if (self->epoll_.is_open())
                        self->arm();  // Completes at once if more is ready than one call tells.
                    });
}

void Readiness::dispatch() {
  std::array<epoll_event, kEventsPerCall> events{};
  const int count = epoll_wait(epoll_.native_handle(), events.data(), kEventsPerCall, 0);
  for (int at = 0; at < count; ++at) {
    const epoll_event& event = events[static_cast<std::size_t>(at)];
    // The session before may have closed this one.
    if (const auto found = watches_.find(event.data.u64); found != watches_.end()) found->second->signal(event.events);
  }
}

Readiness::Watch::Watch(Readiness& readiness, int descriptor)
    : readiness_(&readiness),
      executor_(readiness.epoll_.get_executor()),
      descriptor_(descriptor),
      id_(++readiness.last_id_) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  event.data.u64 = id_;
  readiness.watches_.emplace(id_, this);
  ended_ = epoll_ctl(readiness.epoll_.native_handle(), EPOLL_CTL_ADD, descriptor_, &event) != 0;
}

void Readiness::Watch::cancel() {
  if (!readiness_) return;
  Readiness& readiness = *std::exchange(readiness_, nullptr);
  readiness.watches_.erase(id_);
  epoll_ctl(readiness.epoll_.native_handle(), EPOLL_CTL_DEL, descriptor_, nullptr);  // It may be closed already.
  if (waiter_) complete_soon(asio::error::operation_aborted);
}

// An end that comes together with bytes makes one edge for both: it stays known while the bytes are read.
void Readiness::Watch::signal(std::uint32_t events) {
  ready_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ended_ = true;
  if (const auto waiter = std::move(waiter_)) waiter->complete({});
}

void Readiness::Watch::complete_soon(asio::error_code error) {
  asio::post(executor_, [waiter = std::shared_ptr<Waiter>(std::move(waiter_)), error] { waiter->complete(error); });
}

}  // namespace sentinel
