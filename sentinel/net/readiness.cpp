#include "sentinel/net/readiness.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/check.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

constexpr int kEventsPerCall = 128;

// Going to sleep costs the next client the waking of this process. So where requests have come faster than that is
// done, the next one is waited for with open eyes. Otherwise, and so for all usual loads, nothing is spent.
constexpr auto kLookAtMost = 40us;
constexpr auto kTurnAtMost = 200us;  // Then whatever else this executor has to do.
constexpr int kShortGapsToLook = 8;  // So many more short gaps than long ones.
constexpr int kShortGapsAtMost = 16;

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
                      self->serve();
                      if (self->epoll_.is_open())
                        self->arm();  // Completes at once if more is ready than one call tells.
                    });
}

void Readiness::note_gap(Clock::duration gap) {
  short_gaps_ = gap < kLookAtMost ? std::min(short_gaps_ + 1, kShortGapsAtMost) : std::max(short_gaps_ - 2, 0);
}

void Readiness::serve() {
  const Clock::time_point began = Clock::now();
  note_gap(began - idle_since_);
  dispatch();
  Clock::time_point now = idle_since_ = Clock::now();
  while (short_gaps_ >= kShortGapsToLook && now < idle_since_ + kLookAtMost && now < began + kTurnAtMost &&
         epoll_.is_open()) {
    const bool found = dispatch();
    now = Clock::now();
    if (!found) continue;
    note_gap(0us);
    idle_since_ = now;
  }
}

bool Readiness::dispatch() {
  std::array<epoll_event, kEventsPerCall> events{};
  const int count = epoll_wait(epoll_.native_handle(), events.data(), kEventsPerCall, 0);
  for (int at = 0; at < count; ++at) {
    const epoll_event& event = events[static_cast<std::size_t>(at)];
    // The session before may have closed this one.
    if (const auto found = watches_.find(event.data.u64); found != watches_.end()) found->second->signal(event.events);
  }
  return count > 0;
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
