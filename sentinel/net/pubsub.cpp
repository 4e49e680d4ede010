#include "sentinel/net/pubsub.h"

#include <algorithm>

#include "common/resp/text.h"

namespace sentinel {
namespace {

std::set<std::string, std::less<>>& names_of(Client& client, PubSub::Kind kind) {
  return kind == PubSub::Kind::Channel ? client.channels : client.patterns;
}

// Both tables and the client hold the name.
std::size_t cost_of(std::string_view name) { return 3 * name.size() + 256; }

std::string encode_message(RespVersion version, const Event& event) {
  std::string frame;
  ReplyWriter(frame, version).push(3).bulk("message").bulk(event.name).bulk(event.message);
  return frame;
}

std::string encode_pattern_message(RespVersion version, std::string_view pattern, const Event& event) {
  std::string frame;
  ReplyWriter(frame, version).push(4).bulk("pmessage").bulk(pattern).bulk(event.name).bulk(event.message);
  return frame;
}

// Encodes once a protocol, however many clients get it.
template <typename Encode>
void deliver(const std::vector<Client*>& clients, Encode encode) {
  std::string two;
  std::string three;
  for (Client* client : clients) {
    if (client->closing) continue;
    std::string& frame = client->protocol == RespVersion::Two ? two : three;
    if (frame.empty()) frame = encode(client->protocol);
    client->output += frame;
    client->flush();
  }
}

}  // namespace

bool PubSub::subscribe(Client& client, Kind kind, std::string_view name) {
  auto& names = names_of(client, kind);
  if (names.find(name) != names.end()) return true;
  if (client.channels.size() + client.patterns.size() >= kSubscriptionsPerClientMax) return false;
  if (name.size() > kChannelNameBytesMax) return false;
  names.emplace(name);
  client.held_bytes += cost_of(name);
  table(kind)[std::string(name)].push_back(&client);
  return true;
}

void PubSub::unsubscribe(Client& client, Kind kind, std::string_view name) {
  auto& names = names_of(client, kind);
  const auto own = names.find(name);
  if (own == names.end()) return;
  Subscribers& subscribers = table(kind);
  const auto entry = subscribers.find(name);
  std::erase(entry->second, &client);
  if (entry->second.empty()) subscribers.erase(entry);
  names.erase(own);
  client.held_bytes -= cost_of(name);
}

void PubSub::remove(Client& client) {
  while (!client.channels.empty()) unsubscribe(client, Kind::Channel, std::string(*client.channels.begin()));
  while (!client.patterns.empty()) unsubscribe(client, Kind::Pattern, std::string(*client.patterns.begin()));
}

void PubSub::publish(const Event& event) {
  if (event.level == Level::Debug) return;
  ++published_;
  if (const auto found = channels_.find(event.name); found != channels_.end()) {
    deliver(found->second, [&](RespVersion version) { return encode_message(version, event); });
  }
  for (const auto& [pattern, clients] : patterns_) {
    if (!glob_matches(pattern, event.name)) continue;
    deliver(clients,
            [&, &name = pattern](RespVersion version) { return encode_pattern_message(version, name, event); });
  }
}

}  // namespace sentinel
