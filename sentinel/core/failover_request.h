// What an operator asks of a failover (SENTINEL FAILOVER and SWITCHOVER), and what a dry run of it answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/endpoint.h"
#include "common/time.h"

namespace sentinel {

inline constexpr Millis kDrainMaxDefault{1000};  // Writers wait at most this long in a planned failover.
inline constexpr Millis kDrainMaxMost{60'000};   // ... and never longer, whatever is asked for.

struct FailoverRequest {
  bool past_drain = false;     // FORCE: also if a healthy master's last writes do not reach the replica in time.
  bool lossless = false;       // SWITCHOVER: only if the master is there and takes the pause; else nothing happens.
  std::optional<Endpoint> to;  // Nobody else is promoted.
  Millis drain_max = kDrainMaxDefault;
};

// SWITCHOVER DRYRUN: what would happen now. Offsets are those of the last INFO.
struct SwitchoverPlan {
  Endpoint from;
  Endpoint to;               // Port 0: nobody.
  std::string refusal;       // Why it would be refused, empty: it would not.
  std::uint64_t behind = 0;  // Bytes that `to` lacks of the master's stream.
  Millis offsets_age{0};     // Of the older of the two offsets.
  Millis drain_max = kDrainMaxDefault;
  unsigned connected = 0;  // Sentinels, with ourselves, and the votes it takes.
  unsigned needed = 0;
  std::vector<std::pair<Endpoint, std::string>> replicas;  // And why each may, or may not, be promoted.
};

}  // namespace sentinel
