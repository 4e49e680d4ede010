#include "sentinel/ctl/deployment.h"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

namespace sentinel {

namespace {

class Reader {
 public:
  explicit Reader(std::string file_name) : file_name_(std::move(file_name)) {}

  Deployment deployment(const YAML::Node& root) {
    Deployment result;
    if (!root.IsMap()) {
      complain(root, "expected the keys 'sentinels' and 'nodes'");
      return result;
    }
    for (const auto& entry : root) {
      const auto key = entry.first.Scalar();
      if (key == "sentinels") {
        each(entry.second, [&](const YAML::Node& item) { result.sentinels.push_back(endpoint(item)); });
      } else if (key == "nodes") {
        each(entry.second, [&](const YAML::Node& item) { result.nodes.push_back(node(item)); });
      } else {
        complain(entry.first, fmt::format("unknown key '{}': only 'sentinels' and 'nodes' are known", key));
      }
    }
    return result;
  }

  const std::string& errors() const { return errors_; }

 private:
  void complain(const YAML::Node& where, const std::string& what) {
    errors_ += fmt::format("{}{}:{}: {}", errors_.empty() ? "" : "\n", file_name_, where.Mark().line + 1, what);
  }

  template <typename Take>
  void each(const YAML::Node& list, Take take) {
    if (!list.IsSequence()) return complain(list, "expected a list");
    for (const auto& item : list) take(item);
  }

  std::string scalar(const YAML::Node& node) {
    if (!node.IsScalar()) complain(node, "expected a text");
    return node.IsScalar() ? node.Scalar() : std::string{};
  }

  Endpoint endpoint(const YAML::Node& node) {
    const auto at = parse_endpoint(scalar(node));
    if (!at) complain(node, "expected an address such as 127.0.0.1:6379");
    return at.value_or(Endpoint{});
  }

  DeploymentNode node(const YAML::Node& item) {
    DeploymentNode result;
    if (!item.IsMap()) {
      complain(item, "expected a node with an 'address'");
      return result;
    }
    for (const auto& entry : item) {
      const auto key = entry.first.Scalar();
      if (key == "address") {
        result.at = endpoint(entry.second);
      } else if (key == "pid") {
        const auto pid = parse_unsigned(scalar(entry.second), std::numeric_limits<int>::max());
        if (!pid || *pid < 2) complain(entry.second, "expected the number of a process, 2 or more");
        result.pid = static_cast<int>(pid.value_or(0));
      } else if (key == "pidfile") {
        result.pidfile = scalar(entry.second);
      } else if (key == "restart") {
        result.restart = scalar(entry.second);
      } else {
        complain(entry.first, fmt::format("unknown key '{}': a node has address, pid, pidfile, restart", key));
      }
    }
    if (!item["address"]) complain(item, "this node has no 'address'");
    return result;
  }

  std::string file_name_;
  std::string errors_;
};

}  // namespace

const DeploymentNode* Deployment::find(const Endpoint& at) const {
  for (const DeploymentNode& node : nodes) {
    if (node.at == at) return &node;
  }
  return nullptr;
}

Result<Deployment> parse_deployment(const std::string& text, const std::string& file_name) {
  try {
    Reader reader(file_name);
    Deployment deployment = reader.deployment(YAML::Load(text));
    if (!reader.errors().empty()) return unexpected(reader.errors());
    return deployment;
  } catch (const YAML::Exception& error) {
    return unexpected(fmt::format("{}:{}: {}", file_name, error.mark.line + 1, error.msg));
  }
}

Result<Deployment> load_deployment(const std::string& path) {
  std::ifstream file(path);
  if (!file) return unexpected(fmt::format("can't read {}: {}", path, std::strerror(errno)));
  std::stringstream text;
  text << file.rdbuf();
  return parse_deployment(text.str(), path);
}

Result<int> process_of(const DeploymentNode& node) {
  if (node.pid != 0 || node.pidfile.empty()) return node.pid;
  std::ifstream file(node.pidfile);
  std::string word;
  if (!file || !(file >> word)) return unexpected(fmt::format("can't read a process number from {}", node.pidfile));
  const auto pid = parse_unsigned(word, std::numeric_limits<int>::max());
  if (!pid || *pid < 2) return unexpected(fmt::format("{} holds no process number", node.pidfile));
  return static_cast<int>(*pid);
}

}  // namespace sentinel
