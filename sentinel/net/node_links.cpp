#include "sentinel/net/node_links.h"

#include <asio/post.hpp>
#include <utility>

#include "sentinel/net/exchange.h"
#include "sentinel/net/rescue_session.h"
#include "sentinel/net/role_change.h"

namespace sentinel {

NodeLinks::NodeLinks(asio::any_io_executor executor, InputSink sink, LinkOptions options)
    : executor_(std::move(executor)), sink_(std::move(sink)), options_(std::move(options)), sweep_timer_(executor_) {
  sweep();
}

NodeLinks::~NodeLinks() {
  for (const auto& [id, link] : links_) link->stop();
  // What it writes belongs to coroutines that end with the io_context.
  if (options_.rescues) options_.rescues->disk.join();
}

NodeLink* NodeLinks::find(LinkId link) const {
  const auto found = links_.find(link);
  return found == links_.end() ? nullptr : found->second.get();
}

// One timer for all links: thousands of timers that hardly ever fire would
// cost more than looking at each link four times a second.
void NodeLinks::sweep() {
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const auto& [id, link] : links_) link->sweep(now);
  sweep_timer_.expires_at(now + kSweepPeriod);
  sweep_timer_.async_wait([this, alive = std::weak_ptr(alive_)](asio::error_code error) {
    if (!error && !alive.expired()) sweep();
  });
}

void NodeLinks::perform(const OpenLink& action) {
  perform(CloseLink{action.link});
  const auto link = std::make_shared<NodeLink>(executor_, sink_, options_, action);
  links_.emplace(action.link, link);
  link->start();
}

void NodeLinks::perform(const CloseLink& action) {
  const auto found = links_.find(action.link);
  if (found == links_.end()) return;
  found->second->stop();
  links_.erase(found);
}

void NodeLinks::perform(const SetUrgent& action) {
  if (NodeLink* link = find(action.link)) link->set_urgent(action.urgent);
}
void NodeLinks::perform(const SendPing& action) {
  if (NodeLink* link = find(action.link)) link->ping();
}
void NodeLinks::perform(const SendInfo& action) {
  if (NodeLink* link = find(action.link)) link->info();
}
void NodeLinks::perform(const SetHelloListening& action) {
  if (NodeLink* link = find(action.link)) link->set_listening(action.listen);
}
void NodeLinks::perform(const PublishHello& action) {
  if (NodeLink* link = find(action.link)) link->publish(action.payload);
}
void NodeLinks::perform(const ScriptKill& action) {
  if (NodeLink* link = find(action.link)) link->script_kill();
}

void NodeLinks::perform(const AbortServerFailover& action) {
  if (NodeLink* link = find(action.link)) link->abort_failover();
}

template <typename Kind, typename Command>
void NodeLinks::exchange(const Command& command) {
  const auto found = links_.find(command.link);
  if (found != links_.end()) return Exchange::start(std::make_shared<Kind>(found->second, command), command.timeout);
  CommandReply answer;
  answer.link = command.link;
  answer.token = command.token;
  answer.error = "not connected";
  asio::post(executor_, [this, alive = std::weak_ptr(alive_), answer = std::move(answer)] {
    if (!alive.expired()) sink_(answer);
  });
}

void NodeLinks::perform(const Promote& action) { exchange<RoleChange>(action); }
void NodeLinks::perform(const Repoint& action) { exchange<RoleChange>(action); }
void NodeLinks::perform(const ConfigSet& action) { exchange<ConfigSetExchange>(action); }
void NodeLinks::perform(const ReadConfig& action) { exchange<ReadConfigExchange>(action); }
void NodeLinks::perform(const PauseWrites& action) { exchange<PauseWritesExchange>(action); }

unsigned NodeLinks::pending(LinkId link) const {
  const NodeLink* found = find(link);
  return found ? found->pending() : 0;
}

CachedInfo NodeLinks::last_info(LinkId link) const {
  const NodeLink* found = find(link);
  if (found == nullptr || found->info_text().empty()) return {};
  const auto age = std::chrono::steady_clock::now() - found->info_at();
  return {.age = std::chrono::duration_cast<Millis>(age), .text = found->info_text()};
}

std::uint64_t NodeLinks::malformed_hellos() const {
  std::uint64_t sum = 0;
  for (const auto& [id, link] : links_) sum += link->malformed_hellos();
  return sum;
}

}  // namespace sentinel
