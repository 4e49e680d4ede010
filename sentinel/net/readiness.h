// Tells sessions that their sockets have something to read, for less than Asio's own waiting costs: an
// edge-triggered epoll that Asio watches as one descriptor. A session that waits makes no system call for it, and one
// wake-up serves all sockets that are ready. With Asio alone each request costs one call more: a read that finds
// nothing, or a poll. While requests come in quick succession the next one is waited for without sleeping (at most
// 40 us), because waking a sleeping process costs the client that sends it.
//
//   auto readiness = std::make_shared<Readiness>(executor);
//   readiness->start();
//   Readiness::Watch watch(*readiness, socket.native_handle());
//   while (...) {
//     if (!watch.ready()) co_await watch.async_wait(token);    // Token: void(error_code).
//     count = read as much as fits;                            // Non-blocking.
//     if (would block, or the buffer wasn't filled) watch.spent();
//   }
//   watch.cancel();                                            // Before the socket is closed or given away.
//
// Threading: one executor, also its Watches.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

namespace sentinel {

class Readiness : public std::enable_shared_from_this<Readiness> {
 public:
  class Watch;

  // REQUIRES: a file descriptor is left.
  explicit Readiness(asio::any_io_executor executor);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // From now on it tells. REQUIRES: owned by a shared_ptr.
  void start();
  // Tells nothing any more. Who still waits stays until it cancels.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  void arm();
  // True if something was ready.
  bool dispatch();
  void serve();
  void note_gap(Clock::duration gap);

  asio::posix::stream_descriptor epoll_;
  std::unordered_map<std::uint64_t, Watch*> watches_;
  std::uint64_t last_id_ = 0;
  Clock::time_point idle_since_{};
  int short_gaps_ = 0;
};

// One socket. REQUIRES: outlived by its Readiness.
class Readiness::Watch {
 public:
  // If the kernel refuses, the socket counts as ended: the next read tells why.
  Watch(Readiness& readiness, int descriptor);
  ~Watch() { cancel(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // A read may bring something: at first, and after each edge until spent(). At the stream's end always.
  bool ready() const { return ready_; }
  void spent() { ready_ = ended_; }

  // Completes when ready, or with operation_aborted when cancelled. REQUIRES: nothing else waits here.
  template <typename Token>
  auto async_wait(Token&& token) {
    return asio::async_initiate<Token, void(asio::error_code)>(
        [this](auto handler) {
          waiter_ = std::make_unique<WaiterOf<decltype(handler)>>(std::move(handler));
          if (ready_ || !readiness_) complete_soon(readiness_ ? asio::error_code{} : asio::error::operation_aborted);
        },
        token);
  }

  // Stops watching. Who waits is told, not from inside.
  void cancel();

 private:
  friend class Readiness;
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void complete(const asio::error_code& error) = 0;
  };
  template <typename Handler>
  struct WaiterOf final : Waiter {
    explicit WaiterOf(Handler&& then) : handler(std::move(then)) {}
    void complete(const asio::error_code& error) override { std::move(handler)(error); }
    Handler handler;
  };

  void signal(std::uint32_t events);
  void complete_soon(asio::error_code error);

  Readiness* readiness_;  // Null: cancelled.
  asio::any_io_executor executor_;
  int descriptor_;
  std::uint64_t id_;
  bool ready_ = true;
  bool ended_ = false;
  std::unique_ptr<Waiter> waiter_;
};

}  // namespace sentinel
