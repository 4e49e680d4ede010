// What host names stand for, as far as this process knows: a name is one of a
// node's addresses, and two spellings of an address are one. The core never
// waits for a lookup: it works with what was last learned, asks for what it
// lacks (ResolveHost), and goes on when the answer (HostResolved) is there.
//
//   names.address_of("redis-1")        // "10.0.0.1"; "" while nothing is known.
//   names.told({"redis-1", 6379})      // What clients hear: the address, or with announce-hostnames the name.
//
// Which address of a name with several counts is the one that a link reached it at.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/time.h"

namespace sentinel {

inline constexpr std::size_t kHostNamesMax = 20'000;  // Then the one not asked for the longest is forgotten.
inline constexpr Millis kHostNameFresh{10'000};       // An older answer is used, and asked for again.
inline constexpr Millis kHostNameRetry{1'000};        // After a lookup that failed.
inline constexpr Millis kHostNamePatience{10'000};    // Whose lookup was never answered is asked for again.

class HostNames {
 public:
  // resolve: names that nodes and sentinels tell are looked up; else only those of the operator's are, by their links.
  // announce: names are told where a node is known by one, else always addresses.
  void set_policy(bool resolve, bool announce) {
    resolve_ = resolve;
    announce_ = announce;
  }
  bool resolves() const { return resolve_; }
  // Whether a node may be known by this host: an address, or a name while names are looked up.
  bool accepts(const std::string& host) const { return resolve_ || numeric_address(host).has_value(); }

  // Of an address its usual spelling; of a name the address last learned, empty while there is none.
  std::string address_of(const std::string& host) const;
  // Whether both are known to be one place.
  bool same_host(const std::string& a, const std::string& b) const;
  bool same(const Endpoint& a, const Endpoint& b) const { return a.port == b.port && same_host(a.host, b.host); }
  // As clients, servers and events are told of it. `reached` is the address it is reached at now, empty if it is not.
  Endpoint told(const Endpoint& at, const std::string& reached = {}) const;

  // Whether this name must be looked up now. Says so once, then waits for learn().
  bool wants(TimePoint now, const std::string& host);
  // Its first lookup is not answered yet.
  bool waits_for(const std::string& host) const;
  // A lookup ended; without addresses it failed, and what was known stays. true: its address has changed.
  bool learn(TimePoint now, const std::string& host, const std::vector<std::string>& addresses);
  // A link to this host was made at this address. true: likewise.
  bool reached(TimePoint now, const std::string& host, const std::string& address);

 private:
  struct Name {
    std::string address;
    TimePoint asked{};     // By us, or told without.
    TimePoint answered{};  // TimePoint{}: never.
    bool waiting = false;
  };
  Name& entry(const std::string& host);

  bool resolve_ = false;
  bool announce_ = false;
  std::map<std::string, Name> names_;
};

}  // namespace sentinel
