// Readiness on real sockets: every request is told, the executor's other work goes on, ends and stops are seen.
#include "sentinel/net/readiness.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <thread>

namespace sentinel {
namespace {

using namespace std::chrono_literals;

constexpr int kRoundTrips = 3000;

class Readinesses : public testing::Test {
 protected:
  Readinesses() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()), 0);
    readiness_->start();
    watch_ = std::make_unique<Readiness::Watch>(*readiness_, ends_[0]);
  }
  ~Readinesses() override {
    watch_->cancel();
    for (const int end : ends_)
      if (end >= 0) ::close(end);
  }
  // Answers every byte with the same byte, until the stream ends or `stop` says so.
  void echo() {
    while (watch_->ready()) {
      char byte = 0;
      const auto count = ::read(ends_[0], &byte, 1);
      if (count == 0) return executor_.stop();
      if (count < 0) {
        watch_->spent();
        continue;
      }
      ++echoed_;
      EXPECT_EQ(::write(ends_[0], &byte, 1), 1);
      if (after_echo_) after_echo_();
    }
    watch_->async_wait([this](const asio::error_code& error) {
      if (!error) echo();
    });
  }
  // The other end asks and waits for the answer, as fast as it can.
  void ask(int times) const {
    char byte = 'x';
    for (int n = 0; n < times; ++n) {
      if (::write(ends_[1], &byte, 1) != 1) return;
      while (::read(ends_[1], &byte, 1) != 1) std::this_thread::yield();
    }
    ::shutdown(ends_[1], SHUT_WR);
  }

  asio::io_context executor_;
  std::array<int, 2> ends_{-1, -1};
  std::shared_ptr<Readiness> readiness_ = std::make_shared<Readiness>(executor_.get_executor());
  std::unique_ptr<Readiness::Watch> watch_;
  std::function<void()> after_echo_;
  int echoed_ = 0;
};

TEST_F(Readinesses, EveryRequestOfAQuickClientIsToldAndTimersHaveTheirTurn) {
  int ticks = 0;
  asio::steady_timer timer(executor_);
  const std::function<void(const asio::error_code&)> tick = [&](const asio::error_code& error) {
    if (error) return;
    ++ticks;
    timer.expires_after(1ms);
    timer.async_wait(tick);
  };
  timer.expires_after(1ms);
  timer.async_wait(tick);
  echo();
  std::thread client([this] { ask(kRoundTrips); });
  executor_.run();
  client.join();
  EXPECT_EQ(echoed_, kRoundTrips);
  EXPECT_GT(ticks, 0) << "waiting for the next request kept the executor from everything else";
}

TEST_F(Readinesses, MayBeStoppedByWhoIsTold) {
  after_echo_ = [this] {
    if (echoed_ == 100) {
      readiness_->stop();
      executor_.stop();
    }
  };
  echo();
  std::thread client([this] { ask(100); });
  executor_.run();
  client.join();
  EXPECT_EQ(echoed_, 100);
}

TEST_F(Readinesses, ACancelledWatchIsToldNothing) {
  asio::error_code told;
  watch_->spent();
  watch_->async_wait([&](const asio::error_code& error) { told = error; });
  watch_->cancel();
  EXPECT_EQ(::write(ends_[1], "x", 1), 1);
  executor_.run_for(20ms);
  EXPECT_EQ(told, asio::error::operation_aborted);
}

}  // namespace
}  // namespace sentinel
