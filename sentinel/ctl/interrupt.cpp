#include "sentinel/ctl/interrupt.h"

#include <atomic>
#include <csignal>

namespace sentinel {

namespace {
std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may set lock-free atomics only");
void set_flag(int) { flag.store(true); }
}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = set_flag;  // No SA_RESTART: a read of the confirmation must end.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return flag.load(); }

}  // namespace sentinel
