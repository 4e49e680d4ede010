// Keeps a sentinel.conf up to date behind the daemon's back: its own thread
// rewrites the file whenever durable facts have changed.
//
//   ConfWriter writer(path, state_folder, facts, [&](ConfWritten done) { asio::post(loop, ...); });
//   writer.commit(ticket, out.persist);
//   ... later, on the writer's thread: ConfWritten{ticket, {}}
//
// What is committed while a rewrite runs goes into the next one: a slow disk makes
// rewrites fewer, not the queue longer. The state file is what safety rests on;
// this one is the operator's, and redis-sentinel's on the way back. So nothing
// waits for it but an operator's command.
//
// A file that can't be written is tried again every retry period, and with each commit.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/result.h"
#include "sentinel/config/conf/conf_facts.h"

namespace sentinel {

struct ConfWritten {
  std::uint64_t ticket = 0;  // This and all before it.
  Result<void> result;       // The error tells why the file is as it was.
};

class ConfWriter {
 public:
  using OnWritten = std::function<void(ConfWritten)>;

  // Called on the writer's thread; must not call the destructor.
  ConfWriter(std::string path, std::string state_folder, conf::ConfFacts facts, OnWritten on_written);
  // Writes once more what is not written, then ends.
  ~ConfWriter();
  ConfWriter(const ConfWriter&) = delete;
  ConfWriter& operator=(const ConfWriter&) = delete;

  // Writes now, on the caller's thread, if the file does not say what the facts
  // say. REQUIRES: before start().
  Result<void> write_first();
  void start();

  // Any thread. `ticket` grows.
  void commit(std::uint64_t ticket, std::vector<Record> records);
  // Settings of the process and server directives, changed at run time.
  void commit(std::uint64_t ticket, std::function<void(conf::ConfFacts&)> change);
  // An operator waits for this ticket: the file is written even if it would not change.
  void demand(std::uint64_t ticket);

 private:
  void run();
  Result<void> write(bool even_unchanged);
  Result<void> replace(const std::string& text) const;

  const std::string path_;
  const std::string mark_path_;  // Holds the fingerprint of what was written last.
  conf::ConfFacts facts_;        // The writer's thread.
  std::string last_text_;        // Likewise. Stands in for a file that has vanished.
  OnWritten on_written_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::function<void(conf::ConfFacts&)>> changes_;
  std::uint64_t ticket_ = 0;
  bool demanded_ = false;
  bool pending_ = false;
  bool stop_ = false;
  std::thread thread_;
};

// Whether the file is as a ConfWriter with this state folder left it.
bool left_by_conf_writer(const std::string& path, const std::string& state_folder);

}  // namespace sentinel
