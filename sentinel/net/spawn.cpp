#include "sentinel/net/spawn.h"

#include <spdlog/spdlog.h>

#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/system_error.hpp>
#include <atomic>
#include <utility>

namespace sentinel {
namespace {

std::atomic<std::uint64_t> failures{0};

}  // namespace

void report_failure(const std::string& name, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const asio::system_error& error) {
    if (error.code() == asio::error::operation_aborted) return;
    spdlog::error("{} ended with an exception: {}", name, error.what());
  } catch (const std::exception& error) {
    spdlog::error("{} ended with an exception: {}", name, error.what());
  } catch (...) {
    spdlog::error("{} ended with an exception of unknown type", name);
  }
  failures.fetch_add(1, std::memory_order_relaxed);
}

void spawn(const asio::any_io_executor& executor, std::string name, asio::awaitable<void> work) {
  asio::co_spawn(executor, std::move(work), [name = std::move(name)](const std::exception_ptr& failure) {
    if (failure) report_failure(name, failure);
  });
}

std::uint64_t spawn_failures() { return failures.load(std::memory_order_relaxed); }

}  // namespace sentinel
