// CLIENT TRACKING and what belongs to it. There are no keys here, so nothing is
// ever invalidated; clients that insist on it get stock's answers.
#pragma once

#include "sentinel/api/command.h"

namespace sentinel {

Outcome client_tracking(CommandContext& context, Client& client, Arguments arguments);
Outcome client_caching(CommandContext& context, Client& client, Arguments arguments);
Outcome client_getredir(CommandContext& context, Client& client, Arguments arguments);
Outcome client_trackinginfo(CommandContext& context, Client& client, Arguments arguments);

}  // namespace sentinel
