// What the dispatcher's tests share: a store in a temporary folder, a loop run
// by the test itself, scripts that write down what they were started with.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "sentinel/notify/dispatcher.h"
#include "sentinel/store/store.h"

namespace sentinel {

// Generous: reached only by a failure.
inline constexpr std::chrono::seconds kTestPatience{60};

inline Event event_of(const std::string& group, const std::string& message, const std::string& name = "+sdown") {
  return {.name = name, .level = Level::Warning, .message = message, .group = group, .master_switch = {}};
}

inline Event switch_of(const std::string& group, std::uint16_t to_port, FailoverRole role = FailoverRole::Leader) {
  Event event = event_of(group, group + " 10.0.0.1 6379 10.0.0.2 " + std::to_string(to_port), "+switch-master");
  event.master_switch = MasterSwitch{.role = role,
                                     .from = {.host = "10.0.0.1", .port = 6379},
                                     .to = {.host = "10.0.0.2", .port = to_port},
                                     .epoch = Epoch{7}};
  return event;
}

// Runs the loop until the condition holds; false after kTestPatience.
inline bool run_until(asio::io_context& loop, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kTestPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_for(std::chrono::milliseconds(5));
  }
  return true;
}

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vigil-notify-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) folder = pattern;
    // Quick retries; each test sets what it is about.
    settings.policy.script_retry = {.first = Millis(1), .max = Millis(20), .attempts_max = 10};
    settings.policy.webhook_retry = {.first = Millis(1), .max = Millis(20), .attempts_max = 10};
  }
  ~DispatcherTest() override {
    close();
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
  }

  void open() {
    auto opened = Store::open(folder / "state.db");
    ASSERT_TRUE(opened.has_value()) << opened.error();
    store = std::move(*opened);
    store->start([](const StoreReport&) {});
    dispatcher = std::make_unique<Dispatcher>(loop.get_executor(), *store, settings,
                                              [this](Event event) { events.push_back(std::move(event)); });
    dispatcher->wake();
  }
  void close() {
    dispatcher.reset();
    store.reset();
  }

  // What the driver does with the events of one output.
  void emit(const std::vector<Event>& from_core, const GroupSettings& group) {
    Batch batch{.number = ++number, .records = {}, .outbox = {}};
    for (const Event& event : from_core) {
      for (OutboxEntry& entry : dispatcher->route(event, &group)) batch.outbox.push_back(std::move(entry));
    }
    store->commit(std::move(batch));
    dispatcher->wake();
  }

  std::vector<OutboxRow> read(bool dead) {
    std::promise<std::vector<OutboxRow>> rows;
    const auto found = [&](std::vector<OutboxRow> result) { rows.set_value(std::move(result)); };
    dead ? store->read_dead_letters(10000, found) : store->read_outbox(0, 10000, found);
    return rows.get_future().get();
  }
  std::vector<OutboxRow> undelivered() { return read(false); }
  std::vector<OutboxRow> dead_letters() { return read(true); }

  bool until(const std::function<bool()>& condition) { return run_until(loop, condition); }
  bool until_idle() {
    return until([&] { return dispatcher->queued() + dispatcher->running_scripts() == 0 && undelivered().empty(); });
  }
  bool saw(const std::string& name) const {
    for (const Event& event : events) {
      if (event.name == name) return true;
    }
    return false;
  }

  // An executable shell script. $LOG is a file of the test's folder.
  std::string script(const std::string& name, const std::string& body) const {
    const auto path = folder / name;
    std::ofstream(path) << "#!/bin/sh\nLOG='" << (folder / "log").string() << "'\n" << body << "\n";
    ::chmod(path.c_str(), 0700);
    return path.string();
  }
  std::vector<std::string> log() const {
    std::vector<std::string> lines;
    std::ifstream file(folder / "log");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  std::filesystem::path folder;
  asio::io_context loop;
  DispatcherSettings settings;
  std::vector<Event> events;
  std::unique_ptr<Store> store;
  std::unique_ptr<Dispatcher> dispatcher;
  std::uint64_t number = 0;
};

inline GroupSettings group_with(const std::string& name, const std::string& notification,
                                const std::string& reconfig = {}) {
  GroupSettings group;
  group.name = name;
  group.notification_script = notification;
  group.client_reconfig_script = reconfig;
  return group;
}

}  // namespace sentinel
