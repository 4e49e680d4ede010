// One io_context with node links, and everything they told.
#pragma once

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "redis_server.h"
#include "sentinel/net/node_links.h"

namespace sentinel {

inline constexpr std::chrono::seconds kPatience{20};  // Of a test; conditions come much earlier.

class LinkWorld {
 public:
  explicit LinkWorld(std::string name = "0123abcd", std::shared_ptr<RescuePlace> rescues = nullptr)
      : links(io.get_executor(),
              [this](Input input) {
                EXPECT_FALSE(performing) << "the sink was called from inside perform()";
                inputs.push_back(std::move(input));
              },
              {.name = std::move(name), .rescues = std::move(rescues)}) {}

  // Runs until the condition holds. false: it never did.
  bool until(const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    io.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      io.run_one_for(std::chrono::milliseconds(50));
    }
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }

  template <typename Action>
  void perform(const Action& action) {
    performing = true;
    links.perform(action);
    performing = false;
  }

  template <typename Kind>
  std::vector<Kind> all(LinkId link) const {
    std::vector<Kind> found;
    for (const Input& input : inputs) {
      if (const Kind* it = std::get_if<Kind>(&input); it && it->link == link) found.push_back(*it);
    }
    return found;
  }
  // The next input of this kind for the link, counted from the last clear().
  template <typename Kind>
  std::optional<Kind> next(LinkId link) {
    std::optional<Kind> found;
    until([&] {
      const auto every = all<Kind>(link);
      if (!every.empty()) found = every.front();
      return found.has_value();
    });
    return found;
  }

  // Opens a link and waits until it is up.
  bool open(LinkId link, const RedisServer& server, NodeAccess access = {}) {
    perform(OpenLink{link, server.at(), std::move(access)});
    return next<LinkUp>(link).has_value();
  }
  std::optional<CommandReply> answer_to(const auto& command) {
    clear();
    perform(command);
    return next<CommandReply>(command.link);
  }
  void clear() { inputs.clear(); }

  asio::io_context io;
  std::vector<Input> inputs;
  bool performing = false;
  NodeLinks links;
};

}  // namespace sentinel
