// One rescue (R-L6): connects to a fenced node as a replica would, and writes what only it has to a file.
//
//   RescueReport report = co_await run_rescue(executor, place, target, order, node, plan);
//
//   AUTH; MULTI, CLIENT SETNAME sentinel-<id>-rescue, CLIENT LIST, EXEC       who else is at it?
//   REPLCONF capa psync2; PSYNC <replication id> <offset>                     +CONTINUE, then the commands
//   PSYNC ? -1                                                                +FULLRESYNC, then an RDB: a snapshot
//
// The connection's name is the lock: the transaction that takes it also tells whether another sentinel has
// it, so one rescues a node at a time, without a word between sentinels, and the lock ends with its holder's
// connection. A holder that hangs past its deadline is disconnected.
//
// Threading: runs on `executor`; the disk is written by the place's own thread.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sentinel/core/rescue.h"
#include "sentinel/net/dial.h"
#include "sentinel/net/fenced_node.h"
#include "sentinel/net/resp_command.h"

namespace sentinel {

// Where the process keeps what it rescues. NodeLinks joins the thread when it ends: rescues that run then are given up.
struct RescuePlace {
  RescuePlace(std::string folder_path, std::string sentinel_id)
      : folder(std::move(folder_path)), sentinel(std::move(sentinel_id)) {}
  const std::string folder;
  const std::string sentinel;  // 40 hex characters.
  asio::thread_pool disk{1};
};

// How to reach the node.
struct RescueTarget {
  Endpoint at;
  Endpoint master;                    // The new one, for the file's metadata.
  std::function<Words(Words)> named;  // Commands as this server knows them.
  std::optional<Words> credentials;   // AUTH and its arguments.
  DialOptions dialing;                // How the node is reached.
};

struct RescueReport {
  std::optional<RescueOutcome> outcome;  // None: it had nothing after all.
  std::string busy;                      // Not empty: who else rescues it at present.
};

asio::awaitable<RescueReport> run_rescue(asio::any_io_executor executor, std::shared_ptr<RescuePlace> place,
                                         RescueTarget target, RescueOrder order, FencedNode node, RescuePlan plan);

}  // namespace sentinel
