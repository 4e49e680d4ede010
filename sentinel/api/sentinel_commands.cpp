// The subcommands of SENTINEL, stock's and ours.
#include "common/resp/text.h"
#include "sentinel/api/changes.h"
#include "sentinel/api/command.h"
#include "sentinel/api/debug_commands.h"
#include "sentinel/api/queries.h"

namespace sentinel {
namespace {

constexpr std::string_view kFlags = "admin";
constexpr std::string_view kCategories = "admin slow dangerous";

const Command& container() {
  static const Command command = sentinel_command();
  return command;
}

Outcome run_help(CommandContext&, Client& client, Arguments) { return reply_help(container(), client); }

// From here on the connection speaks the peer protocol.
Outcome run_peer(CommandContext&, Client& client, Arguments arguments) {
  if (is_word(arguments[2], "hello")) return Outcome::Handover;
  client.reply().error("ERR SENTINEL PEER begins with HELLO");
  return Outcome::Answered;
}

}  // namespace

Command sentinel_command() {
  Command command{"sentinel", -2, kFlags, kCategories, "SENTINEL", "A container for Sentinel commands."};
  const auto query = [&](std::string name, int arity, std::string_view usage, std::string_view summary,
                         Handler handler) {
    command.subcommands.push_back({std::move(name), arity, kFlags, kCategories, usage, summary, handler});
  };
  const auto change = [&](std::string name, int arity, std::string_view usage, std::string_view summary,
                          SlowHandler handler) {
    command.subcommands.push_back({std::move(name), arity, kFlags, kCategories, usage, summary, nullptr, handler});
  };
  query("ckquorum", 3, "CKQUORUM <master-name>",
        "Check if the sentinels that are reachable now suffice for the quorum and for an election.", sentinel_ckquorum);
  change("config", -3, "CONFIG GET <param> [<param> ...] | SET <param> <value> [<param> <value> ...]",
         "Get or set parameters of the process; passwords are shown as stars.", sentinel_config);
  query("debug", -2, "DEBUG [<param> <milliseconds> ...]", "Show or set times of the process, until it ends.",
        sentinel_debug);
  query("explain", 3, "EXPLAIN <master-name>", "Say what holds now, and why there is or is no failover.",
        sentinel_explain);
  change("failover", -3, "FAILOVER <master-name> [COORDINATED|FORCE]",
         "Fail over to the best replica now; FORCE: also if a healthy master's last writes do not reach it.",
         sentinel_failover);
  change("flushconfig", 2, "FLUSHCONFIG", "Answer when everything known so far is on disk.", sentinel_flushconfig);
  query("get-master-addr-by-name", 3, "GET-MASTER-ADDR-BY-NAME <master-name>",
        "Return host and port of the current master.", sentinel_get_master_address);
  query("get-primary-addr-by-name", 3, "GET-PRIMARY-ADDR-BY-NAME <master-name>", "The same.",
        sentinel_get_master_address);
  query("info-cache", -3, "INFO-CACHE <master-name> [<master-name> ...]",
        "Return the last INFO of the master and its replicas, and its age.", sentinel_info_cache);
  change("is-master-down-by-addr", 6, "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
         "Tell a sentinel if we see this master down, and vote if it stands.", sentinel_is_master_down);
  change("is-primary-down-by-addr", 6, "IS-PRIMARY-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>", "The same.",
         sentinel_is_master_down);
  query("master", 3, "MASTER <master-name>", "Show the state of the master.", sentinel_master);
  query("masters", 2, "MASTERS", "Show all masters and their state.", sentinel_masters);
  change("monitor", 6, "MONITOR <name> <ip> <port> <quorum>", "Start to watch a master.", sentinel_monitor);
  query("myid", 2, "MYID", "Return the id of this sentinel.", sentinel_myid);
  query("pending-scripts", 2, "PENDING-SCRIPTS", "Show the scripts that run or wait.", sentinel_pending_scripts);
  query("peer", -7, "PEER HELLO <id> <host> <port> <version>", "Begin the protocol between Vigil sentinels.", run_peer);
  query("primaries", 2, "PRIMARIES", "The same as MASTERS.", sentinel_masters);
  query("primary", 3, "PRIMARY <master-name>", "The same as MASTER.", sentinel_master);
  change("remove", 3, "REMOVE <master-name>", "Stop to watch a master.", sentinel_remove);
  query("replicas", 3, "REPLICAS <master-name>", "Show the replicas of the master and their state.", sentinel_replicas);
  change("reset", 3, "RESET <pattern>", "Forget replicas and sentinels of the masters whose names match.",
         sentinel_reset);
  query("sentinels", 3, "SENTINELS <master-name>", "Show the other sentinels of the master.", sentinel_sentinels);
  change("set", -5, "SET <master-name> <option> <value> [<option> <value> ...]", "Change how a master is watched.",
         sentinel_set);
  query("simulate-failure", -3, "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]",
        "End this process at a point of a failover that it leads.", sentinel_simulate_failure);
  query("slaves", 3, "SLAVES <master-name>", "The same as REPLICAS.", sentinel_replicas);
  change("switchover", -3, "SWITCHOVER <master-name> [TO <ip> <port>] [TIMEOUT <milliseconds>] [DRYRUN]",
         "Hand a healthy master over without losing a write, or leave everything as it is.", sentinel_switchover);
  query("timeline", 3, "TIMELINE <master-name>", "Show the phases of the last failover led here.", sentinel_timeline);
  command.subcommands.push_back({"help", 2, "loading stale", "slow", "HELP", "Prints this help.", run_help});
  return command;
}

}  // namespace sentinel
