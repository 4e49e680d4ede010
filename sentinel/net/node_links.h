// The links to all watched Redis nodes: what the core's actions are done with.
//
//   NodeLinks links(io.get_executor(), [&](Input input) { ... }, {.name = self_id.substr(0, 8)});
//   links.perform(OpenLink{...});     // LinkUp or LinkDown comes through the sink,
//   links.perform(SendPing{link});    // and every failed attempt to connect.
//
// Actions for a link that is not open or not up are dropped; those with a
// token are answered. The sink is never called from inside perform().
//
// Threading: everything on one executor, this object included. The sink is not
// called any more once this object is destroyed.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "sentinel/core/output.h"
#include "sentinel/core/status.h"
#include "sentinel/net/node_link.h"

namespace sentinel {

inline constexpr std::chrono::milliseconds kSweepPeriod{250};  // How exact handshake and silence deadlines are.

class NodeLinks {
 public:
  NodeLinks(asio::any_io_executor executor, InputSink sink, LinkOptions options);
  ~NodeLinks();
  NodeLinks(const NodeLinks&) = delete;
  NodeLinks& operator=(const NodeLinks&) = delete;

  void perform(const OpenLink& action);
  void perform(const CloseLink& action);
  void perform(const SetUrgent& action);
  void perform(const SendPing& action);
  void perform(const SendInfo& action);
  void perform(const SetHelloListening& action);
  void perform(const PublishHello& action);
  void perform(const ScriptKill& action);
  void perform(const AbortServerFailover& action);
  void perform(const Promote& action);
  void perform(const Repoint& action);
  void perform(const ConfigSet& action);
  void perform(const ReadConfig& action);
  void perform(const PauseWrites& action);

  // A connection that owes an answer for so long is opened anew.
  void set_silence_max(std::chrono::milliseconds max) { *options_.silence_max = max; }

  // Commands that this node has not answered yet. 0 for an unknown link.
  unsigned pending(LinkId link) const;
  // SENTINEL INFO-CACHE. Without a text for an unknown link.
  CachedInfo last_info(LinkId link) const;
  std::size_t size() const { return links_.size(); }
  // Messages on hello channels that were not hellos. Of the open links.
  std::uint64_t malformed_hellos() const;

 private:
  NodeLink* find(LinkId link) const;
  template <typename Kind, typename Command>
  void exchange(const Command& command);
  void sweep();

  asio::any_io_executor executor_;
  InputSink sink_;
  LinkOptions options_;
  struct LinkHash {
    std::size_t operator()(LinkId link) const { return std::hash<std::uint64_t>{}(link.value); }
  };
  std::unordered_map<LinkId, std::shared_ptr<NodeLink>, LinkHash> links_;
  asio::steady_timer sweep_timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For handlers that may outlive us.
};

}  // namespace sentinel
