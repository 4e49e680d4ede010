// Events as Pub/Sub messages: the channel is the event's name, the message its
// payload, as stock publishes them. Everything above Level::Debug is sent.
//
//   pubsub.subscribe(client, "+switch-master");
//   pubsub.publish(event);   // RESP2 arrays, RESP3 push frames; never blocks.
//   pubsub.remove(client);   // Before the client goes away.
//
// A subscriber that does not read is closed by its session's output limit, so
// a slow one costs others nothing. Threading: the server's executor only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/event.h"
#include "sentinel/net/client.h"

namespace sentinel {

inline constexpr std::size_t kSubscriptionsPerClientMax = 1024;
inline constexpr std::size_t kChannelNameBytesMax = 1024;

class PubSub {
 public:
  enum class Kind { Channel, Pattern };

  // False if the client has too many or the name is too long. Repeating a
  // subscription changes nothing.
  bool subscribe(Client& client, Kind kind, std::string_view name);
  void unsubscribe(Client& client, Kind kind, std::string_view name);
  void remove(Client& client);

  void publish(const Event& event);

  std::size_t channels() const { return channels_.size(); }
  std::size_t patterns() const { return patterns_.size(); }
  std::uint64_t published() const { return published_; }

 private:
  using Subscribers = std::map<std::string, std::vector<Client*>, std::less<>>;

  Subscribers& table(Kind kind) { return kind == Kind::Channel ? channels_ : patterns_; }

  Subscribers channels_;
  Subscribers patterns_;
  std::uint64_t published_ = 0;
};

}  // namespace sentinel
