// The times that SENTINEL DEBUG shows and changes while the process runs, under
// stock's names. They hold until it ends: nothing of this is saved.
#pragma once

#include "common/time.h"

namespace sentinel {

struct Timers {
  Millis info_period{10000};
  Millis ping_period{1000};                 // The longest: R-D2 pings more often when down-after is short.
  Millis ask_period{1000};                  // Between questions to stock sentinels.
  Millis publish_period{2000};              // Between hellos.
  Millis default_down_after{30000};         // Of groups that SENTINEL MONITOR adds.
  Millis default_failover_timeout{180000};  // Likewise.
  Millis tilt_trigger{2000};                // R-D6.
  Millis tilt_period{5000};
  Millis reconf_timeout{10000};  // A replica that was told to follow and doesn't is no longer waited for.
  Millis link_silence{10000};    // A connection that owes an answer for so long is opened anew.
  Millis election_timeout{10000};
  Millis script_runtime_max{60000};
  Millis script_retry_delay{30000};
  bool operator==(const Timers&) const = default;
};

// SENTINEL SIMULATE-FAILURE: where this process ends itself when it leads a failover.
struct SimulatedFailures {
  bool after_election = false;   // Once it is elected, before it acts.
  bool after_promotion = false;  // Once the promotion is durable, before anybody was told.
};

inline constexpr int kSimulatedCrashStatus = 99;  // Stock's exit status.

}  // namespace sentinel
