#include "sentinel/net/host_lookup.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/execution_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace sentinel {
namespace {

struct Waiter {
  const void* context;  // Whose executor it is.
  asio::any_io_executor executor;
  std::function<void(const Found&)> done;
};

Found ask(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0)
    return unexpected(std::string(error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error)));
  std::vector<asio::ip::address> found;
  for (const addrinfo* each = list; each != nullptr && found.size() < kAddressesMax; each = each->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    const asio::ip::address address = endpoint.address();
    if (std::find(found.begin(), found.end(), address) == found.end()) found.push_back(address);
  }
  ::freeaddrinfo(list);
  if (found.empty()) return unexpected(std::string("it has no address"));
  return found;
}

class Lookups {
 public:
  void add(const std::string& host, Waiter waiter) {
    const std::lock_guard lock(mutex_);
    const auto [waiters, fresh] = waiting_.try_emplace(host);
    waiters->second.push_back(std::move(waiter));
    if (!fresh) return;  // It is being looked up.
    hosts_.push_back(host);
    if (idle_ >= hosts_.size() || threads_ >= kLookupThreadsMax) return wake_.notify_one();
    ++threads_;
    std::thread([this] { work(); }).detach();
  }

  // That context ends: nothing may be posted to it any more.
  void forget(const void* context) {
    std::vector<Waiter> gone;  // Destroyed without the lock.
    const std::lock_guard lock(mutex_);
    for (auto& [host, waiters] : waiting_) {
      const auto rest = std::stable_partition(waiters.begin(), waiters.end(),
                                              [&](const Waiter& waiter) { return waiter.context != context; });
      std::move(rest, waiters.end(), std::back_inserter(gone));
      waiters.erase(rest, waiters.end());
    }
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      ++idle_;
      const bool asked = wake_.wait_for(lock, kLookupThreadIdle, [&] { return !hosts_.empty(); });
      --idle_;
      if (!asked) break;
      const std::string host = std::move(hosts_.front());
      hosts_.pop_front();
      lock.unlock();
      const Found found = ask(host);
      lock.lock();
      auto answered = waiting_.extract(host);
      for (Waiter& waiter : answered.mapped())
        asio::post(waiter.executor, [done = std::move(waiter.done), found] { done(found); });
    }
    --threads_;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> hosts_;  // Nobody looks them up yet.
  std::map<std::string, std::vector<Waiter>> waiting_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
};

// Never destroyed: a thread may be inside the C library when the process ends, and nobody waits for it.
Lookups& lookups() {
  static Lookups& all = *new Lookups;
  return all;
}

// Hears of an execution context's end.
class Anchor : public asio::execution_context::service {
 public:
  using key_type = Anchor;
  static asio::execution_context::id id;
  explicit Anchor(asio::execution_context& context) : service(context) {}

 private:
  void shutdown() override { lookups().forget(this); }
};
asio::execution_context::id Anchor::id;

}  // namespace

void look_up(const std::string& host, const asio::any_io_executor& executor, std::function<void(const Found&)> done) {
  const auto& anchor = asio::use_service<Anchor>(asio::query(executor, asio::execution::context));
  lookups().add(host, {&anchor, executor, std::move(done)});
}

}  // namespace sentinel
