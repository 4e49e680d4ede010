#include "sentinel/api/help_texts.h"

#include <algorithm>
#include <array>

#include "common/check.h"

namespace sentinel {
namespace {

constexpr std::string_view kSentinel = R"(CKQUORUM <master-name>
    Check if the sentinels that can be reached now are enough: for the
    quorum that has to see a master down, and for the majority that has
    to elect a leader.
CONFIG SET <param> <value> [<param> <value> ...]
    Set parameters of the whole process: all of them, or none.
CONFIG GET <param> [<param> ...]
    Show parameters of the whole process; passwords are shown as stars.
DEBUG [<param> <value> ...]
    Show the times that this process works with, in milliseconds,
    or change them until it ends.
GET-MASTER-ADDR-BY-NAME <master-name>
    Return host and port of the present master of that name.
FAILOVER <master-name> [COORDINATED|FORCE]
    Fail over to the best replica now. FORCE: also when the last writes of
    a healthy master can't be waited for.
FLUSHCONFIG
    Answer when all that is known so far is on disk, and write the
    sentinel.conf anew where there is one.
INFO-CACHE <master-name> [<master-name> ...]
    Return the last INFO of the masters and their replicas, and its age.
IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>
    Tell another sentinel whether the master at this address is down as
    seen from here, and vote for it if it stands.
MASTER <master-name>
    Show the state of this master.
MASTERS
    Show all masters and their state.
MONITOR <name> <ip> <port> <quorum>
    Start to watch a master.
MYID
    Return the id of this sentinel.
PENDING-SCRIPTS
    Show the scripts that run or wait.
REMOVE <master-name>
    Stop to watch a master.
REPLICAS <master-name>
    Show the replicas of this master and their state.
RESET <pattern>
    Forget replicas and sentinels of the masters whose names match.
SENTINELS <master-name>
    Show the other sentinels that watch this master.
SET <master-name> <option> <value> [<option> <value> ...]
    Change how a master is watched.
SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]
    End this process at a point of a failover that it leads.
SWITCHOVER <master-name> [TO <ip> <port>] [TIMEOUT <milliseconds>] [DRYRUN]
    Hand a healthy master over without losing a write, or leave all as it is.
EXPLAIN <master-name>
    Say what holds now, and why there is or is no failover.
TIMELINE <master-name>
    Show the phases of the last failover led here.
GET-PRIMARY-ADDR-BY-NAME <master-name>
    The same as GET-MASTER-ADDR-BY-NAME.
IS-PRIMARY-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>
    The same as IS-MASTER-DOWN-BY-ADDR.
PRIMARY <master-name>
    The same as MASTER.
PRIMARIES
    The same as MASTERS.
SLAVES <master-name>
    The same as REPLICAS.
PEER HELLO <id> <host> <port> <version>
    Begin the protocol between Vigil sentinels.
HELP
    Prints this help.
)";

constexpr std::string_view kClient = R"(CACHING (YES|NO)
    Accepted while tracking with OPTIN or OPTOUT; there are no keys here.
GETREDIR
    Return the id of the client that messages about keys are redirected to.
GETNAME
    Return the name of this connection.
ID
    Return the id of this connection.
INFO
    Return what is known about this connection.
KILL <ip:port>
    Close the connection that came from <ip:port>.
KILL <option> <value> [<option> <value> [...]]
    Close all connections to which these options apply:
    * ADDR (<ip:port>|<unixsocket>:0)
      It came from this address.
    * LADDR (<ip:port>|<unixsocket>:0)
      It came to this address of ours.
    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
      It is of this type.
    * USER <username>
      It is this user's.
    * SKIPME (YES|NO)
      Spare the connection that asks (default: yes).
LIST [options ...]
    Return a line about each connection. Options:
    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
      Only those of this type.
UNPAUSE
    End the pause: what waits is answered.
PAUSE <timeout> [WRITE|ALL]
    Let all commands, or only PUBLISH, wait for <timeout> milliseconds.
REPLY (ON|OFF|SKIP)
    Choose whether this connection gets replies.
SETNAME <name>
    Give this connection a name.
UNBLOCK <clientid> [TIMEOUT|ERROR]
    Answers 0: nobody is blocked here.
TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]
         [OPTIN] [OPTOUT] [NOLOOP]
    Accepted; there are no keys to track.
TRACKINGINFO
    Report whether and how this connection tracks.
NO-EVICT (ON|OFF)
    Accepted; shown in the flags of CLIENT LIST.
SETINFO (LIB-NAME|LIB-VER) <value>
    Say which library this connection belongs to.
HELP
    Prints this help.
)";

constexpr std::string_view kAcl = R"(CAT [<category>]
    List the categories of commands, or the commands of one
    category.
DELUSER <username> [<username> ...]
    Delete users, and close their connections.
DRYRUN <username> <command> [<arg> ...]
    Tell whether the user may run the command, without running it.
GETUSER <username>
    Show what a user may do.
GENPASS [<bits>]
    Make a password of 256 random bits, or of
    as many as are given.
LIST
    Show all users, as lines of a file.
LOAD
    Read the users again from the ACL file.
LOG [<count> | RESET]
    Show what was refused lately, or forget it.
SAVE
    Write the users to the ACL file.
SETUSER <username> <attribute> [<attribute> ...]
    Make or change a user by rules.
USERS
    List the names of all users.
WHOAMI
    Return the user of this connection.
HELP
    Prints this help.
)";

constexpr std::string_view kCommand = R"((no subcommand)
    Describe all commands.
COUNT
    Return how many commands there are.
LIST
    Return the names of all commands.
INFO [<command-name> ...]
    Describe the commands of these names:
    arity, flags, categories and subcommands.
    Without names, all.
DOCS [<command-name> ...]
    Return the summaries and arguments of
    the commands of these names.
    Without names, of all.
GETKEYS <full-command>
    No command of a sentinel has keys.
GETKEYSANDFLAGS <full-command>
    Likewise.
HELP
    Prints this help.
)";

struct Entry {
  std::string_view name;
  std::string_view text;
};
constexpr std::array kTexts{Entry{"acl", kAcl}, Entry{"client", kClient}, Entry{"command", kCommand},
                            Entry{"sentinel", kSentinel}};

}  // namespace

std::string_view help_text(std::string_view name) {
  const auto* const found =
      std::find_if(kTexts.begin(), kTexts.end(), [&](const Entry& it) { return it.name == name; });
  CHECK(found != kTexts.end());
  return found->text;
}

}  // namespace sentinel
