// One connected client as commands see it: who it is, which protocol it
// speaks, what it subscribed to, and the replies it has yet to get. The socket
// belongs to ClientSession, which derives from this; a Client alone is a client
// whose replies stay in `output`.
//
// Threading: the server's executor only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/resp/reply_writer.h"

namespace sentinel {

class AclUser;  // Of sentinel/acl: what a client may do is decided above this layer.

using ShellClock = std::chrono::steady_clock;

enum class ReplyMode { On, Off, SkipNext };

// CLIENT TRACKING: accepted for clients that insist; there are no keys to track.
struct Tracking {
  bool on = false;
  bool broadcast = false;
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  bool caching = false;  // CLIENT CACHING was called.
  std::uint64_t redirect = 0;
  std::vector<std::string> prefixes = {};
};

struct ClientFacts {
  std::uint64_t id = 0;
  std::string address;  // "10.0.0.1:4711", "[::1]:4711".
  std::string local_address = {};
  int descriptor = -1;
  ShellClock::time_point since{};
};

class Client {
 public:
  explicit Client(ClientFacts facts) : facts_(std::move(facts)), last_request(facts_.since) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const ClientFacts& facts() const { return facts_; }
  ReplyWriter reply() { return {output, protocol}; }
  bool subscribed() const { return !channels.empty() || !patterns.empty(); }

  // Sends what is in `output` as far as the peer takes it. Never blocks.
  virtual void flush() {}
  // Looks again at what it waits for.
  virtual void wake() {}
  // Ends the connection; replies not sent yet are lost.
  virtual void close() { closing = true; }
  // Bytes of replies on their way out of `output`.
  virtual std::size_t bytes_in_flight() const { return 0; }
  // Bytes of requests read and not yet handled.
  virtual std::size_t bytes_unread() const { return 0; }

 private:
  ClientFacts facts_;

 public:
  RespVersion protocol = RespVersion::Two;
  bool authenticated = false;
  bool unrestricted = false;            // May run every command on every channel now.
  std::shared_ptr<const AclUser> user;  // Set when it connects.
  bool proven = false;                  // Has completed a valid command: evicted last.
  bool close_after_replies = false;
  bool closing = false;
  ReplyMode reply_mode = ReplyMode::On;
  Tracking tracking;
  bool no_evict = false;
  std::string name;
  std::string library_name;
  std::string library_version;
  std::string_view last_command = "NULL";  // Full name; stock's word for none yet. Static text.
  ShellClock::time_point last_request;
  std::size_t held_bytes = 0;  // Of its subscriptions: they count like buffers.
  std::set<std::string, std::less<>> channels;
  std::set<std::string, std::less<>> patterns;
  std::string output;
};

}  // namespace sentinel
