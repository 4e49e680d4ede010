// A file that tells vigilctl about a deployment, so that drills need no guesses.
// YAML, and JSON, which is YAML too:
//
//   sentinels: ["10.0.0.1:26379", "10.0.0.2:26379", "10.0.0.3:26379"]
//   nodes:
//     - address: "127.0.0.1:6379"
//       pid: 4711                       # or
//       pidfile: /run/redis/redis.pid   # read when the drill starts
//       restart: systemctl start redis  # shown after a kill, never run
//
// Unknown keys are errors: a misspelt "pid" must not turn into a guess.
#pragma once

#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/result.h"

namespace sentinel {

struct DeploymentNode {
  Endpoint at;
  int pid = 0;          // 0: not given.
  std::string pidfile;  // Empty: not given.
  std::string restart;  // How to start the node again, for people.
};

struct Deployment {
  std::vector<Endpoint> sentinels;
  std::vector<DeploymentNode> nodes;

  // nullptr if the file does not name this node.
  const DeploymentNode* find(const Endpoint& at) const;
};

// All errors of the text at once, each with its line.
Result<Deployment> parse_deployment(const std::string& text, const std::string& file_name);

Result<Deployment> load_deployment(const std::string& path);

// The process the file names for a node: 0 if it names none, an error if its pidfile is unusable.
Result<int> process_of(const DeploymentNode& node);

}  // namespace sentinel
