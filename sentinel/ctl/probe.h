// A client that writes at a steady rate and finds its master as clients do: it
// asks a sentinel, connects, checks ROLE, and asks again after every error.
// One list under a scratch key takes a new number with each write.
//
//   ProbeWriter probe(options);       // Starts writing.
//   probe.status().acknowledged;      // From any thread.
//   Ledger ledger = probe.stop();
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sentinel/ctl/connection.h"
#include "sentinel/ctl/ledger.h"

namespace sentinel {

struct ProbeOptions {
  std::string group;
  std::string key;  // Unique to this run.
  std::vector<Endpoint> sentinels;
  ConnectOptions sentinel;
  ConnectOptions node;
  Millis client_timeout{250};  // Of each connect and each command.
  unsigned writes_per_second = 100;
  std::chrono::seconds key_ttl{3600};  // Should vigilctl die before it removes the key.
};

struct ProbeStatus {
  std::uint64_t acknowledged = 0;
  std::optional<Endpoint> last_node;  // Who acknowledged the last write.
  std::string last_error;             // Empty since the last acknowledged write.
};

class ProbeWriter {
 public:
  explicit ProbeWriter(ProbeOptions options);
  ~ProbeWriter();
  ProbeWriter(const ProbeWriter&) = delete;
  ProbeWriter& operator=(const ProbeWriter&) = delete;

  ProbeStatus status() const;

  // Ends the writing and hands over what was acknowledged. REQUIRES: not called before.
  Ledger stop();

 private:
  void run();
  Result<Connection> find_master();
  Result<void> write(Connection& master, std::uint64_t id);
  void note_error(const std::string& error);

  ProbeOptions options_;
  std::size_t next_sentinel_ = 0;  // The one that answered last is asked first.
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // Guards the two below.
  Ledger ledger_;
  ProbeStatus status_;
  std::thread thread_;
};

// Whom the sentinels name as the master, asking in turn and checking ROLE as
// clients must. `first` is where to start, and ends at the one that answered.
Result<Connection> connect_to_master(const std::vector<Endpoint>& sentinels, const std::string& group,
                                     const ConnectOptions& sentinel, const ConnectOptions& node, std::size_t& first);

// Every number in the scratch list.
Result<std::vector<std::uint64_t>> read_back(Connection& master, const std::string& key);

}  // namespace sentinel
