// What INFO says of a node right after it was fenced, and what that means for a rescue (R-L6). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sentinel/core/node_info.h"
#include "sentinel/core/rescue.h"

namespace sentinel {

struct FencedNode {
  NodeInfo info;
  std::uint64_t backlog_first = 0;  // The first offset that it still has as a stream. 0: none.
  unsigned databases = 0;           // That hold keys.
  unsigned database = 0;            // The last of these.
};

FencedNode parse_fenced_node(std::string_view info);

struct RescuePlan {
  enum class Kind {
    Nothing,   // The master has all of it, or it has no data.
    Stream,    // What it has beyond order.from.
    Snapshot,  // All that it has.
    Lost,      // `why` says why nothing can be saved.
  };
  Kind kind = Kind::Nothing;
  std::uint64_t bytes = 0;  // That the master does not have; 0: unknown.
  std::string why;          // Of Snapshot and Lost: why it is no stream.
};

RescuePlan plan_rescue(const RescueOrder& order, const FencedNode& node);

}  // namespace sentinel
