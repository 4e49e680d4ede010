// SENTINEL's questions: answered at once from committed state.
#pragma once

#include <string_view>

#include "sentinel/api/command.h"

namespace sentinel {

inline constexpr std::string_view kNoSuchMaster = "ERR No such master with that name";

// SENTINEL GET-MASTER-ADDR-BY-NAME: host and port, null for an unknown name.
void reply_master_address(CommandContext& context, Client& client, std::string_view group);

Outcome sentinel_masters(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_master(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_replicas(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_sentinels(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_get_master_address(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_myid(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_ckquorum(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_pending_scripts(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_info_cache(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_explain(CommandContext& context, Client& client, Arguments arguments);
Outcome sentinel_timeline(CommandContext& context, Client& client, Arguments arguments);

}  // namespace sentinel
