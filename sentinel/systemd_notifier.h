// Tells systemd how we are, for units of Type=notify: ready, with how many groups,
// stopping, and, with WatchdogSec=, that the event loop still turns. Without
// systemd (no NOTIFY_SOCKET) every call does nothing.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>

namespace sentinel {

class SystemdNotifier {
 public:
  explicit SystemdNotifier(asio::io_context& io);

  void ready(std::size_t groups);
  void stopping();

 private:
  void feed_watchdog();

  asio::steady_timer timer_;
  std::chrono::microseconds period_{0};  // Zero: no watchdog is wanted.
};

}  // namespace sentinel
