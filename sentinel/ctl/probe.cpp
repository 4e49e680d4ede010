#include "sentinel/ctl/probe.h"

#include <fmt/core.h>

#include <algorithm>

#include "sentinel/ctl/fields.h"

namespace sentinel {

namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kRetryPause{10};           // Between failed attempts: an outage is measured to about this.
constexpr std::size_t kReadChunk = 10'000;  // Numbers a LRANGE.

ConnectOptions with_timeout(ConnectOptions options, Millis timeout) {
  options.connect_timeout = timeout;
  options.command_timeout = timeout;
  return options;
}

}  // namespace

Result<Connection> connect_to_master(const std::vector<Endpoint>& sentinels, const std::string& group,
                                     const ConnectOptions& sentinel, const ConnectOptions& node, std::size_t& first) {
  std::string error = "no sentinel to ask";
  for (std::size_t i = 0; i < sentinels.size(); ++i) {
    const std::size_t at = (first + i) % sentinels.size();
    auto link = Connection::open(sentinels[at], sentinel);
    auto reply = link ? link->ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group}) : unexpected(link.error());
    auto address = reply ? to_endpoint(*reply) : unexpected(reply.error());
    if (!address) {
      error = address.error();
      continue;
    }
    auto master = Connection::open(*address, node);
    auto role = master ? master->ask({"ROLE"}) : unexpected(master.error());
    if (role && !role->items.empty() && role->items[0].text == "master") {
      first = at;
      return master;
    }
    error = role ? fmt::format("node {} is not a master", to_string(*address)) : role.error();
  }
  return unexpected(error);
}

Result<std::vector<std::uint64_t>> read_back(Connection& master, const std::string& key) {
  std::vector<std::uint64_t> numbers;
  for (;;) {
    const auto chunk =
        master.ask({"LRANGE", key, std::to_string(numbers.size()), std::to_string(numbers.size() + kReadChunk - 1)});
    if (!chunk) return unexpected(chunk.error());
    for (const Reply& item : chunk->items) {
      const auto number = parse_unsigned(item.text, UINT64_MAX);
      if (!number) return unexpected(fmt::format("{} holds something that vigilctl did not write", key));
      numbers.push_back(*number);
    }
    if (chunk->items.size() < kReadChunk) return numbers;
  }
}

ProbeWriter::ProbeWriter(ProbeOptions options) : options_(std::move(options)) {
  options_.sentinel = with_timeout(options_.sentinel, options_.client_timeout);
  options_.node = with_timeout(options_.node, options_.client_timeout);
  thread_ = std::thread([this] { run(); });
}

ProbeWriter::~ProbeWriter() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

ProbeStatus ProbeWriter::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

Ledger ProbeWriter::stop() {
  stopping_ = true;
  thread_.join();
  return std::move(ledger_);
}

void ProbeWriter::note_error(const std::string& error) {
  const std::lock_guard lock(mutex_);
  status_.last_error = error;
}

Result<Connection> ProbeWriter::find_master() {
  auto master = connect_to_master(options_.sentinels, options_.group, options_.sentinel, options_.node, next_sentinel_);
  if (!master) ++next_sentinel_;  // The next attempt starts with another.
  return master;
}

Result<void> ProbeWriter::write(Connection& master, std::uint64_t id) {
  const auto reply = master.ask({"RPUSH", options_.key, std::to_string(id)});
  if (!reply) return unexpected(reply.error());
  const std::lock_guard lock(mutex_);
  ledger_.push_back({.id = id, .at = Steady::now(), .node = master.at()});
  ++status_.acknowledged;
  status_.last_node = master.at();
  status_.last_error.clear();
  return {};
}

void ProbeWriter::run() {
  const auto interval = std::chrono::nanoseconds(1'000'000'000 / std::max(1U, options_.writes_per_second));
  std::optional<Connection> master;
  bool new_connection = false;
  auto next_write = Steady::now();
  for (std::uint64_t id = 0; !stopping_;) {
    if (!master) {
      auto found = find_master();
      if (!found) {
        note_error(found.error());
        std::this_thread::sleep_for(kRetryPause);
        continue;
      }
      master.emplace(std::move(*found));
      new_connection = true;
    }
    // A write that failed may have happened: its number is never used again.
    const std::uint64_t this_id = id++;
    auto written = write(*master, this_id);
    // Each new connection may lead to a master whose list began without a time to live.
    if (written && new_connection) {
      new_connection = false;
      const auto ttl = master->ask({"EXPIRE", options_.key, std::to_string(options_.key_ttl.count())});
      if (!ttl) written = unexpected(ttl.error());
    }
    if (!written) {
      note_error(written.error());
      master.reset();
      std::this_thread::sleep_for(kRetryPause);
      continue;
    }
    next_write = std::max(next_write + interval, Steady::now());  // No burst to catch up after an outage.
    std::this_thread::sleep_until(next_write);
  }
}

}  // namespace sentinel
