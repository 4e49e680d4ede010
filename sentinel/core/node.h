// One watched Redis node of a group, and what is known of it.
#pragma once

#include <optional>
#include <string>

#include "sentinel/core/host_names.h"
#include "sentinel/core/input.h"
#include "sentinel/core/liveness.h"
#include "sentinel/core/node_info.h"
#include "sentinel/core/reborn.h"

namespace sentinel {

enum class Repointing { None, Sent, InProgress, Done };

// Where a correction of a node that disagrees with the configuration stands (R-C5).
struct Correction {
  TimePoint wrong_since{};
  TimePoint not_before{};
  std::uint64_t round = 0;  // Of the running confirmation, 0 if none runs.
  TimePoint asked_at{};
  unsigned confirmations = 0;
  unsigned stock_awaited = 0;  // Stock sentinels that have not confirmed yet (R-M7).
  bool sent = false;           // The command is on its way; wait for its reply.
};

struct Node {
  Node(LinkId link_id, Endpoint where, const HostNames& host_names, TimePoint ear, Millis down_after,
       Millis ping_period_max)
      : link(link_id), at(std::move(where)), names(&host_names), liveness(ear, down_after) {
    liveness.set_ping_period_max(ping_period_max);
  }

  LinkId link;
  Endpoint at;  // As it was made known: by the operator, or by its master. A name, if it is one.
  const HostNames* names;
  std::string ip;         // Of the present connection or the last one, empty before the first.
  std::string proved_ip;  // Where it last said who it is, and was ours.
  bool moved = false;     // It is reached at another address since, and has not said who it is there.
  std::string local_ip;   // Ours, as this node sees us.

  // Connection and liveness. Times of liveness are listening time.
  bool connected = false;
  bool urgent = false;
  bool listening = false;  // To its hello channel.
  DownCause last_cause = DownCause::Failed;
  std::string last_error;
  std::string ping_error;  // Of the last unacceptable reply.
  Liveness liveness;
  std::optional<TimePoint> refused_since;  // R-D4: refused at every attempt since (listening time).
  bool busy_killed = false;
  // R-D10: not heard since, and no longer the master (listening time).
  std::optional<TimePoint> demoted_silent_since;
  bool s_down = false;
  TimePoint s_down_since{};
  std::string s_down_why;

  // INFO. Times are monotonic.
  NodeInfo info;
  bool has_info = false;
  bool identified = false;  // INFO came over the present connection: we know who is there (R-C6).
  bool info_asked = false;
  TimePoint info_at{};
  TimePoint next_info{};
  NodeRole role_reported = NodeRole::Unknown;
  TimePoint role_since{};
  std::string run_id;
  TimePoint lost_at{};   // Its connection ended then.
  TimePoint heard_at{};  // The process that we know it by answered last (monotonic time).
  bool foreign = false;  // R-C6.
  bool claimed = false;  // R-M6: watched only to see whether it is what a stock sentinel says. Foreign until then.
  std::optional<TimePoint> rebooted_at;  // R-D9: the master came back as another process and has not answered +PONG.

  std::optional<TimePoint> loading_since;  // R-D11: it has answered nothing but -LOADING since.
  std::optional<HeldData> held;            // R-L20: of our master's history. Replicas only.

  // R-D5: the stream position last seen, and when.
  std::uint64_t stream_offset = 0;
  TimePoint stream_seen_at{};

  // Failover and correction.
  Repointing repointing = Repointing::None;
  TimePoint repoint_sent_at{};
  std::optional<Token> repoint_token;
  bool repoint_refused = false;  // By its last answer.
  std::optional<Correction> correction;
  TimePoint next_correction{};

  // Write safety (R-L).
  std::optional<unsigned> min_replicas;
  std::optional<unsigned> max_lag_s;
  TimePoint next_safety_check{};
  TimePoint next_safety_set{};
  std::optional<Token> safety_token;
  bool safety_setting = false;  // The token is of a CONFIG SET, not of a GET.
  std::optional<TimePoint> drift_since;
  bool drift_reported = false;
  bool was_safe = false;  // Carried what we want; a change since is somebody else's.
  std::string safety_error;

  // R-C8: by any of its names and addresses.
  bool is_at(const Endpoint& address) const {
    return address.port == at.port && (names->same_host(address.host, at.host) ||
                                       (connected && !ip.empty() && names->same_host(address.host, ip)));
  }
  // R-C9. Where it is ours, not where its name has come to lead.
  Endpoint told() const { return names->told(at, proved_ip); }
  bool answering() const { return connected && !s_down; }
};

}  // namespace sentinel
