// SENTINEL's commands that change something: each answers when what it did is
// durable, with stock's error texts.
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "sentinel/api/command.h"

namespace sentinel {

asio::awaitable<void> sentinel_failover(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply);
// [TO host port] [TIMEOUT milliseconds] [DRYRUN]: a failover that loses nothing, or does not happen (R-L4).
asio::awaitable<void> sentinel_switchover(CommandContext& context, std::vector<std::string> arguments,
                                          ReplyWriter reply);
asio::awaitable<void> sentinel_monitor(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply);
asio::awaitable<void> sentinel_remove(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply);
// Options apply from left to right; those before a bad one stay applied, as in stock.
asio::awaitable<void> sentinel_set(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply);
asio::awaitable<void> sentinel_reset(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply);
// CONFIG GET and SET: the process's own parameters. Nothing of a list with an error in it is set.
asio::awaitable<void> sentinel_config(CommandContext& context, std::vector<std::string> arguments, ReplyWriter reply);
asio::awaitable<void> sentinel_flushconfig(CommandContext& context, std::vector<std::string> arguments,
                                           ReplyWriter reply);
asio::awaitable<void> sentinel_is_master_down(CommandContext& context, std::vector<std::string> arguments,
                                              ReplyWriter reply);

}  // namespace sentinel
