// What the command line says about whom to talk to and how to print, and the
// connections to sentinels made so far. One thread uses a session.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/result.h"
#include "sentinel/ctl/connection.h"
#include "sentinel/ctl/deployment.h"
#include "sentinel/ctl/terminal.h"

namespace sentinel {

struct SessionOptions {
  std::vector<Endpoint> sentinels;  // At least one.
  ConnectOptions sentinel;
  ConnectOptions node;
  bool ask_nodes = true;  // false: never connect to data nodes.
  bool json = false;
  Style style;
  Deployment deployment;
};

class Session {
 public:
  explicit Session(SessionOptions options) : options_(std::move(options)) {}

  const SessionOptions& options() const { return options_; }

  // A connection to this sentinel, made once and kept; also a failure is kept.
  // The pointer lives as long as the session.
  Result<Connection*> sentinel(const Endpoint& at);

  // The first of the given sentinels that answers; an error names all of them.
  Result<Connection*> any_sentinel();

  // Forgets a broken connection, so that the next call opens another.
  void forget(const Endpoint& at) { links_.erase(at); }

  // Asks for something about a group. An unknown group's error lists the groups there are.
  Result<Reply> ask_group(Connection& link, const std::vector<std::string>& words, const std::string& group);

  // The names of the groups this sentinel watches, sorted.
  static Result<std::vector<std::string>> groups(Connection& link);

  // The given sentinels and those that the reachable ones know for the group,
  // in that order, each address once.
  std::vector<Endpoint> all_sentinels(const std::string& group);

  // Opens a new connection to a data node.
  Result<Connection> node(const Endpoint& at) const { return Connection::open(at, options_.node); }

 private:
  SessionOptions options_;
  std::map<Endpoint, Result<Connection>> links_;
};

}  // namespace sentinel
