// The field maps of SENTINEL MASTERS, REPLICAS and SENTINELS: names, order and
// conditions are stock's, since clients read them by position too.
#pragma once

#include "common/resp/reply_writer.h"
#include "sentinel/core/status.h"

namespace sentinel {

void write_master(ReplyWriter& reply, const GroupStatus& group);
void write_replica(ReplyWriter& reply, const NodeStatus& replica);
void write_peer(ReplyWriter& reply, const PeerStatus& peer);

}  // namespace sentinel
