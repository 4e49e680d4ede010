// What Vigil sentinels say to each other, and its form on the wire: a RESP
// array of strings behind the words SENTINEL PEER. See docs/protocol.md.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/endpoint.h"
#include "common/ids.h"
#include "common/result.h"

namespace sentinel {

// R-D7: "this is how I see the group's master now". A newer version replaces
// an older one, so order on the wire doesn't matter.
struct ViewMessage {
  std::string group;
  std::uint64_t version = 0;
  Endpoint master;
  bool down = false;  // Subjectively down, and no evidence of life.
  bool operator==(const ViewMessage&) const = default;
};

// R-E1: asks for a vote. The lease is counted from before this was sent.
struct VoteRequest {
  std::string group;
  Epoch epoch;
  Epoch config_epoch;
  Endpoint master;
  bool forced = false;      // An operator asked for it.
  std::uint64_t round = 0;  // Echoed, so that a late answer is told from a new one.
  bool operator==(const VoteRequest&) const = default;
};

enum class VoteRefusal {
  None,
  AlreadyVoted,
  LeaseHeld,
  MasterHealthy,
  StaleEpoch,
  StaleConfig,
  UnknownGroup,
  NotMember,
  StoreUnavailable,
};

struct VoteReply {
  std::string group;
  Epoch epoch;  // Of the request.
  std::uint64_t round = 0;
  VoteRefusal refusal = VoteRefusal::None;  // None: granted.
  NodeId voted_for;                         // In seen_epoch, if known.
  Epoch seen_epoch;                         // The voter's, so that the next try is above it.
  bool operator==(const VoteReply&) const = default;
};

// R-E6: extends the voter's promise. Answered with LeaseReply.
struct LeaseRequest {
  std::string group;
  Epoch epoch;
  std::uint64_t round = 0;
  bool release = false;  // The leader has finished: the voter is free again. Not answered.
  bool operator==(const LeaseRequest&) const = default;
};
struct LeaseReply {
  std::string group;
  Epoch epoch;
  std::uint64_t round = 0;
  bool granted = false;
  bool operator==(const LeaseReply&) const = default;
};

// R-C2: a group's configuration. Sent when it changes and when a link comes up.
struct ConfigMessage {
  std::string group;
  Epoch epoch;
  Endpoint master;
  std::string run_id;
  NodeId leader;
  bool asks = false;  // The sender began to watch the group just now: tell it yours, and your view.
  bool operator==(const ConfigMessage&) const = default;
};

// R-C5: "is this still the newest configuration you know?" asked before a
// stray is corrected.
struct ConfirmRequest {
  std::string group;
  Epoch epoch;
  Endpoint master;
  std::uint64_t round = 0;
  bool operator==(const ConfirmRequest&) const = default;
};
struct ConfirmReply {
  std::string group;
  Epoch epoch;
  std::uint64_t round = 0;
  bool confirmed = false;
  bool operator==(const ConfirmReply&) const = default;
};

using PeerMessage = std::variant<ViewMessage, VoteRequest, VoteReply, LeaseRequest, LeaseReply, ConfigMessage,
                                 ConfirmRequest, ConfirmReply>;

// The words of a message, kind first, to be sent as one RESP array.
std::vector<std::string> encode(const PeerMessage& message);

// The reverse. The error says which word is wrong; unknown kinds and wrong
// counts are errors too. Trailing words are allowed: newer peers may add some.
Result<PeerMessage> decode(const std::vector<std::string>& words);

std::string_view describe(VoteRefusal refusal);

}  // namespace sentinel
