// What an operator may choose, for a group and for the process. Plain data: the
// configuration readers fill it, the core obeys it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/ids.h"
#include "common/time.h"
#include "common/tls_settings.h"
#include "sentinel/core/rescue.h"
#include "sentinel/core/timers.h"

namespace sentinel {

enum class WriteSafety { Off, Audit, Enforce };
enum class OnEmptyRestart { Ignore, Failover };

struct GroupSettings {
  std::string name;
  Endpoint master;  // Where the master was when the operator wrote it; see rules R-C.
  unsigned quorum = 2;
  Millis down_after{30000};
  Millis failover_timeout{180000};
  unsigned parallel_syncs = 1;
  unsigned priority = 100;  // R-F6: small numbers fail over first, as replica-priority counts.

  bool crash_detection = false;     // R-D4: a refused connection is evidence of a crash.
  Millis crash_confirm{300};        // ... once it was refused for this long.
  Millis evidence_hold_max{30000};  // R-D5: evidence of life holds a failover back at most this long.

  WriteSafety write_safety = WriteSafety::Off;  // R-L1.
  unsigned min_replicas = 1;
  Millis max_lag{10000};

  Rescue rescue = Rescue::Off;  // R-L6.
  Millis rescue_deadline{10000};
  std::uint64_t rescue_bytes_max = std::uint64_t{256} << 20;  // Of one file.
  unsigned rescue_keep = 10;                                  // Files of the group.

  OnEmptyRestart on_empty_restart = OnEmptyRestart::Ignore;  // R-L20.
  Millis loading_timeout{0};                                 // R-D11. 0: off.

  std::string auth_user;
  std::string auth_pass;
  std::map<std::string, std::string> rename_commands;  // Upper-case name -> name on the server.
  std::string notification_script;
  std::string client_reconfig_script;
  Millis master_reboot_down_after{0};  // 0: off.

  bool operator==(const GroupSettings&) const = default;
};

// What SENTINEL CONFIG GET and SET know, of the whole process.
struct GlobalSettings {
  bool resolve_hostnames = false;
  bool announce_hostnames = false;
  std::string announce_ip;          // Empty: the local address of a connection to a master.
  std::uint16_t announce_port = 0;  // 0: the one we listen on.
  std::string sentinel_user;        // As whom we log in to other sentinels. Empty: "default".
  std::string sentinel_password;
  std::string log_level = "notice";   // debug, verbose, notice, warning or nothing.
  bool deny_scripts_reconfig = true;  // In the file only: SENTINEL SET may not name programs.
  TlsSettings tls;                    // `port` and `links` stay what they were at the start.
  bool operator==(const GlobalSettings&) const = default;
};

struct ProcessSettings {
  NodeId self;                  // 40 lower-case hex characters.
  Endpoint announce;            // Where peers and clients reach this process.
  std::vector<Endpoint> peers;  // The other sentinels. Empty: peers are discovered by hello.

  bool resolve_hostnames = false;   // Names that others tell are looked up.
  bool announce_hostnames = false;  // Nodes are told by name where they are known by one.

  Timers timers;

  Millis lease{3000};  // R-E6.
  Millis lease_renew{1000};
  Millis rank_stagger{50};              // R-E4.
  Millis vote_timeout{500};             // A candidate asks again after this much silence.
  Millis info_period_urgent{100};       // While a master is suspected or a failover runs.
  Millis refresh_timeout{100};          // R-F1.
  Millis promote_timeout{2000};         // R-F3.
  unsigned max_parallel_failovers = 0;  // R-F6: that this process leads at a time. 0: no limit.
};

}  // namespace sentinel
