#include "sentinel/systemd_notifier.h"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace sentinel {

SystemdNotifier::SystemdNotifier(asio::io_context& io) : timer_(io) {
  std::uint64_t limit_us = 0;
  // Half of the limit, as systemd advises.
  if (::sd_watchdog_enabled(0, &limit_us) > 0) period_ = std::chrono::microseconds(limit_us / 2);
}

void SystemdNotifier::ready(std::size_t groups) {
  ::sd_notifyf(0, "READY=1\nSTATUS=ready; %zu group%s at start", groups, groups == 1 ? "" : "s");
  if (period_.count() > 0) feed_watchdog();
}

void SystemdNotifier::stopping() {
  timer_.cancel();
  ::sd_notify(0, "STOPPING=1\nSTATUS=stops");
}

// From the event loop itself: a loop that hangs must be noticed.
void SystemdNotifier::feed_watchdog() {
  ::sd_notify(0, "WATCHDOG=1");
  timer_.expires_after(period_);
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) feed_watchdog();
  });
}

}  // namespace sentinel
