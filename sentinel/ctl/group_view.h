// One group as its sentinels and its master describe it, side by side: what
// `vigilctl status` shows. Decoding and judging are pure; survey.h asks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/result.h"
#include "common/time.h"
#include "sentinel/ctl/explain.h"
#include "sentinel/ctl/fields.h"

namespace sentinel {

struct MasterView {
  Endpoint at;
  std::string flags;          // As on the wire: "master", "s_down,master,disconnected".
  std::string role_reported;  // What the node says of itself.
  std::int64_t config_epoch = 0;
  Millis down_after{0};
  std::optional<Millis> last_reply;    // Age of its last acceptable reply.
  std::optional<std::int64_t> offset;  // Bytes of its replication stream.
  std::string failover_state;          // Empty when no failover runs.

  bool down() const { return has_word(flags, "s_down") || has_word(flags, "o_down"); }
};

struct ReplicaView {
  Endpoint at;
  std::string flags;
  bool link_up = false;             // Its replication link to the master.
  std::optional<Millis> link_down;  // For how long it is not.
  std::optional<std::int64_t> offset;
  std::optional<std::int64_t> lag_bytes;  // Behind the master, both read in one INFO of the master.
  std::int64_t priority = 100;
  std::string master;      // "host:port" it replicates from, as it says.
  std::string ineligible;  // Why it may not be promoted; empty if it may, or nobody says.

  bool down() const { return has_word(flags, "s_down") || has_word(flags, "disconnected"); }
  // A failover could promote it, as far as can be told from here.
  bool good() const { return !down() && link_up && priority > 0 && ineligible.empty(); }
};

struct SentinelView {
  Endpoint at;
  std::string id;
  std::string software;  // "vigil 0.1.0", "redis-sentinel 7.0.15".
  std::string problem;   // Why it could not be asked; then the rest is empty.
  std::optional<Endpoint> master;
  std::int64_t config_epoch = 0;
  bool sees_master_down = false;
  bool quorum_ok = false;
  std::string quorum_text;  // Its answer to CKQUORUM.
};

struct WriteSafetyView {
  std::optional<std::int64_t> min_replicas;  // min-replicas-to-write of the master.
  std::optional<std::int64_t> max_lag;       // min-replicas-max-lag, seconds.
  std::string unknown_because;               // Why the two are not known.
};

struct GroupView {
  std::string name;
  MasterView master;  // As the sentinel with the highest config epoch says.
  std::vector<ReplicaView> replicas;
  std::vector<SentinelView> sentinels;
  bool quorum_ok = false;
  std::string quorum_text;
  WriteSafetyView write_safety;
};

// From one entry of SENTINEL MASTERS, REPLICAS. An error if there is no address in it.
Result<MasterView> decode_master(const Fields& fields);
Result<ReplicaView> decode_replica(const Fields& fields);

// Fills in offsets and lags from the master's own INFO replication.
void apply_master_info(GroupView& group, const Fields& info);

// Fills in why replicas are not eligible, from a Vigil sentinel's findings about "replica HOST:PORT".
void apply_explanation(GroupView& group, const ExplanationView& explanation);

// What is wrong with the group, worst first, a sentence each. Empty: healthy.
std::vector<std::string> problems_of(const GroupView& group);

// What the write safety setting promises, in a sentence.
std::string describe(const WriteSafetyView& safety);

// A sentinel agrees if it names the master the group has.
bool agrees(const SentinelView& sentinel, const GroupView& group);

// How many replicas a failover could promote now.
std::size_t good_replicas(const GroupView& group);

}  // namespace sentinel
