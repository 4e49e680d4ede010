// The command table over a real Coordinator: replies byte for byte, as a
// running redis-sentinel 7.0 gave them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/api/table_fixture.h"

namespace sentinel {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class CommandTest : public TableFixture {};

TEST_F(CommandTest, SimpleRepliesAndErrorsAreStocks) {
  struct Row {
    std::string_view request;
    std::string reply;
  };
  const std::vector<Row> rows{
      {"PING", "+PONG\r\n"},
      {"ping hello", "$5\r\nhello\r\n"},
      {"PING a b", "-ERR wrong number of arguments for 'ping' command\r\n"},
      {"FOO a b", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' \r\n"},
      {"FOO", "-ERR unknown command 'FOO', with args beginning with: \r\n"},
      {"sentinel|myid", "-ERR unknown command 'sentinel|myid', with args beginning with: \r\n"},
      {"SENTINEL", "-ERR wrong number of arguments for 'sentinel' command\r\n"},
      {"sentinel foo", "-ERR unknown subcommand 'foo'. Try SENTINEL HELP.\r\n"},
      {"sentinel myid x", "-ERR wrong number of arguments for 'sentinel|myid' command\r\n"},
      {"SENTINEL MASTER nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL REPLICAS nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL SENTINELS nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL CKQUORUM nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL EXPLAIN nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL TIMELINE nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL TIMELINE m", "$-1\r\n"},
      {"SENTINEL REPLICAS m", "*0\r\n"},
      {"SENTINEL SENTINELS m", "*0\r\n"},
      {"SENTINEL GET-MASTER-ADDR-BY-NAME m", "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n"},
      {"sentinel get-master-addr-by-name M", "*-1\r\n"},
      {"SENTINEL GET-PRIMARY-ADDR-BY-NAME m", "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n"},
      {"SENTINEL MYID", "$40\r\n" + std::string(40, 'b') + "\r\n"},
      {"SENTINEL CKQUORUM alone", "+OK 1 usable Sentinels. Quorum and failover authorization can be reached\r\n"},
      {"SENTINEL CKQUORUM m",
       "-NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified quorum for this "
       "master\r\n"},
      {"ROLE", "*2\r\n$8\r\nsentinel\r\n*2\r\n$1\r\nm\r\n$5\r\nalone\r\n"},
      {"PUBLISH a b", "-ERR Only HELLO messages are accepted by Sentinel instances.\r\n"},
      {"PUBLISH __sentinel__:hello garbage", ":1\r\n"},
      {"AUTH x",
       "-ERR AUTH <password> called without any password configured for the default user. Are you sure your "
       "configuration is correct?\r\n"},
      {"AUTH default x", "+OK\r\n"},
      {"AUTH foo x", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
      {"AUTH a b c", "-ERR syntax error\r\n"},
      {"HELLO 4", "-NOPROTO unsupported protocol version\r\n"},
      {"HELLO x", "-ERR Protocol version is not an integer or out of range\r\n"},
      {"HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'\r\n"},
      {"CLIENT GETNAME", "$-1\r\n"},
      {"CLIENT SETINFO lib-name redis-py", "+OK\r\n"},
      {"CLIENT SETINFO lib-size 3", "-ERR Unrecognized option 'lib-size'\r\n"},
      {"CLIENT TRACKING ON OPTIN", "+OK\r\n"},
      {"CLIENT MAINT_NOTIFICATIONS ON", "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.\r\n"},
      {"CLIENT KILL ID x", "-ERR client-id should be greater than 0\r\n"},
      {"CLIENT KILL TYPE foo", "-ERR Unknown client type 'foo'\r\n"},
      {"CLIENT KILL FOO bar", "-ERR syntax error\r\n"},
      {"CLIENT KILL 1.2.3.4:5", "-ERR No such client\r\n"},
      {"CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'\r\n"},
      {"INFO nothing", "$0\r\n\r\n"},
      {"COMMAND COUNT", ":15\r\n"},
      {"COMMAND INFO quit", "*1\r\n$-1\r\n"},
      {"COMMAND INFO sentinel|myid nope",
       "*2\r\n*10\r\n$13\r\nsentinel|myid\r\n:2\r\n*1\r\n+admin\r\n:0\r\n:0\r\n:0\r\n*3\r\n+@admin\r\n+@slow\r\n+@"
       "dangerous\r\n*0\r\n*0\r\n*0\r\n$-1\r\n"},
      {"ACL WHOAMI", "$7\r\ndefault\r\n"},
      {"SHUTDOWN foo", "-ERR syntax error\r\n"},
      {"SHUTDOWN ABORT", "-ERR No shutdown in progress.\r\n"},
      {"UNSUBSCRIBE", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"},
      {"SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 x 0 *", "-ERR value is not an integer or out of range\r\n"},
      {"SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *", "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n"},
      {"SENTINEL FAILOVER nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL SWITCHOVER nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL SWITCHOVER m TO 127.0.0.1", "-ERR syntax error\r\n"},
      {"SENTINEL SWITCHOVER m TO 127.0.0.1 0", "-ERR Invalid port number.\r\n"},
      {"SENTINEL SWITCHOVER m TIMEOUT 0", "-ERR TIMEOUT is 1 to 60000 milliseconds.\r\n"},
      {"SENTINEL SWITCHOVER m DRYRUN DRYRUN", "-ERR syntax error\r\n"},
      {"SENTINEL SWITCHOVER m",
       "-ERR The master can't hand over: it is not reached as a master. See SENTINEL EXPLAIN, or use SENTINEL "
       "FAILOVER.\r\n"},
      {"SENTINEL REMOVE nope", "-ERR No such master with that name\r\n"},
      {"SENTINEL RESET nope*", ":0\r\n"},
      {"SENTINEL FLUSHCONFIG", "+OK\r\n"},
      {"SENTINEL MONITOR a 127.0.0.1 1 x", "-ERR Invalid quorum\r\n"},
      {"SENTINEL MONITOR a 127.0.0.1 x 2", "-ERR Invalid port\r\n"},
      {"SENTINEL MONITOR a 127.0.0.1 1 0", "-ERR Quorum must be 1 or greater.\r\n"},
      {"SENTINEL MONITOR a foo.bar 1 1", "-ERR Invalid IP address or hostname specified\r\n"},
      {"SENTINEL MONITOR m 127.0.0.1 1 1", "-ERR Duplicate master name.\r\n"},
      {"SENTINEL MONITOR a 127.0.0.1 70000 1", "-ERR Invalid port number.\r\n"},
      {"SENTINEL CONFIG FOO bar",
       "-ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> [<param> <value> ...] are "
       "supported.\r\n"},
      {"SENTINEL CONFIG GET announce-p*", "*2\r\n$13\r\nannounce-port\r\n$1\r\n0\r\n"},
      {"SENTINEL SET nope quorum 1", "-ERR No such master with that name\r\n"},
      {"SENTINEL SET m foo bar", "-ERR Unknown option or number of arguments for SENTINEL SET 'foo'\r\n"},
      {"SENTINEL SET m quorum 0", "-ERR Invalid argument '0' for SENTINEL SET 'quorum'\r\n"},
      {"SENTINEL SET m priority 0", "-ERR Invalid argument '0' for SENTINEL SET 'priority'\r\n"},
      {"SENTINEL SET m rename-command a",
       "-ERR Unknown option or number of arguments for SENTINEL SET 'rename-command'\r\n"},
      {"SENTINEL SET m notification-script /bin/true",
       "-ERR Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig "
       "configuration directive in your Sentinel configuration\r\n"},
  };
  for (const Row& row : rows) {
    Client client({});
    table().connected(client);
    EXPECT_EQ(ask(client, row.request), row.reply) << row.request;
    table().disconnected(client);
  }
}

TEST_F(CommandTest, HelloChoosesTheProtocolAndHasNoRole) {
  Client client({.id = 7, .address = {}, .local_address = {}, .descriptor = -1, .since = {}});
  table().connected(client);
  EXPECT_EQ(ask(client, "HELLO 3 SETNAME me"),
            "%6\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:"
            "7\r\n$4\r\nmode\r\n$8\r\nsentinel\r\n$7\r\nmodules\r\n*0\r\n");
  EXPECT_EQ(client.name, "me");
  EXPECT_EQ(ask(client, "SENTINEL GET-MASTER-ADDR-BY-NAME nope"), "_\r\n");
  EXPECT_EQ(ask(client, "SENTINEL TIMELINE m"), "_\r\n");
  EXPECT_EQ(ask(client, "RESET"), "+RESET\r\n");
  EXPECT_EQ(client.protocol, RespVersion::Two);
}

TEST_F(CommandTest, MastersHaveStocksFieldsInStocksOrder) {
  EXPECT_EQ(field_names(ask("SENTINEL MASTER m")),
            "name ip port runid flags link-pending-commands link-refcount last-ping-sent last-ok-ping-reply "
            "last-ping-reply down-after-milliseconds info-refresh role-reported role-reported-time config-epoch "
            "num-slaves num-other-sentinels quorum failover-timeout parallel-syncs");
  EXPECT_THAT(ask("SENTINEL MASTERS"), StartsWith("*2\r\n*40\r\n$4\r\nname\r\n$1\r\nm\r\n"));
  Client three({});
  table().connected(three);
  ask(three, "HELLO 3");
  EXPECT_THAT(ask(three, "SENTINEL MASTERS"), StartsWith("*2\r\n%20\r\n$4\r\nname\r\n$1\r\nm\r\n"));
}

TEST_F(CommandTest, WithoutAPasswordGivenNothingIsAnswered) {
  start({.password = "secret"});
  Client client({});
  table().connected(client);
  EXPECT_EQ(ask(client, "PING"), "-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(ask(client, "SENTINEL GET-MASTER-ADDR-BY-NAME m"), "-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(ask(client, "SENTINEL PEER HELLO a b 1 1"), "-NOAUTH Authentication required.\r\n");
  EXPECT_THAT(ask(client, "HELLO 3"), StartsWith("-NOAUTH HELLO must be called"));
  for (const std::string_view wrong : {"AUTH secre", "AUTH secrets", "AUTH Secret", "AUTH other secret"}) {
    EXPECT_EQ(ask(client, wrong), "-WRONGPASS invalid username-password pair or user is disabled.\r\n") << wrong;
  }
  EXPECT_FALSE(client.proven);
  EXPECT_EQ(ask(client, "AUTH secret"), "+OK\r\n");
  EXPECT_EQ(ask(client, "PING"), "+PONG\r\n");
  EXPECT_TRUE(client.proven);
}

TEST_F(CommandTest, ASubscribedClientIsLimitedInRESP2Only) {
  Client client({});
  table().connected(client);
  EXPECT_EQ(ask(client, "SUBSCRIBE a b a"),
            "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n*3\r\n$9\r\nsubscribe"
            "\r\n$1\r\na\r\n:2\r\n");
  EXPECT_EQ(ask(client, "PING"), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  EXPECT_EQ(ask(client, "SENTINEL MYID"),
            "-ERR Can't execute 'sentinel|myid': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
            "allowed in this context\r\n");
  EXPECT_THAT(ask(client, "SENTINEL GET-MASTER-ADDR-BY-NAME m"), StartsWith("-ERR Can't execute"));
  table().disconnected(client);

  Client three({});
  table().connected(three);
  ask(three, "HELLO 3");
  EXPECT_EQ(ask(three, "SUBSCRIBE a"), ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(ask(three, "PING"), "+PONG\r\n");
  EXPECT_THAT(ask(three, "SENTINEL MYID"), StartsWith("$40\r\n"));
  table().disconnected(three);
}

TEST_F(CommandTest, EventsReachChannelsAndPatternsAndNobodyAfterwards) {
  Client two({});
  Client three({});
  table().connected(two);
  table().connected(three);
  ask(two, "SUBSCRIBE +switch-master");
  ask(three, "HELLO 3");
  ask(three, "PSUBSCRIBE [-+]s*");
  Event event{
      .name = "+switch-master", .level = Level::Warning, .message = "m a 1 b 2", .group = "m", .master_switch = {}};
  pubsub().publish(event);
  EXPECT_EQ(two.output, "*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$9\r\nm a 1 b 2\r\n");
  EXPECT_EQ(three.output, ">4\r\n$8\r\npmessage\r\n$6\r\n[-+]s*\r\n$14\r\n+switch-master\r\n$9\r\nm a 1 b 2\r\n");
  two.output.clear();
  three.output.clear();

  event.level = Level::Debug;
  pubsub().publish(event);
  event.level = Level::Warning;
  event.name = "+odown";
  pubsub().publish(event);
  table().disconnected(two);
  ask(three, "PUNSUBSCRIBE");
  event.name = "+switch-master";
  pubsub().publish(event);
  EXPECT_EQ(two.output + three.output, "");
  EXPECT_EQ(pubsub().channels() + pubsub().patterns(), 0U);
}

TEST_F(CommandTest, SubscriptionsOfOneClientAreLimited) {
  Client client({});
  table().connected(client);
  for (std::size_t i = 0; i < kSubscriptionsPerClientMax; ++i) ask(client, "SUBSCRIBE c" + std::to_string(i));
  EXPECT_THAT(ask(client, "SUBSCRIBE more"), StartsWith("-ERR too many"));
  EXPECT_THAT(ask(client, "SUBSCRIBE c0"), StartsWith("*3\r\n"));
  EXPECT_GT(client.held_bytes, kSubscriptionsPerClientMax * 256) << "they count as its memory";
  table().disconnected(client);
  EXPECT_EQ(client.held_bytes, 0U);
}

TEST_F(CommandTest, SetAppliesWhatStandsBeforeABadOption) {
  EXPECT_EQ(ask("SENTINEL SET m Quorum 1 auth-pass hidden down-after-milliseconds 0 failover-timeout 7"),
            "-ERR Invalid argument '0' for SENTINEL SET 'down-after-milliseconds'\r\n");
  const GroupSettings* settings = core().settings("m");
  EXPECT_EQ(settings->quorum, 1U);
  EXPECT_EQ(settings->auth_pass, "hidden");
  EXPECT_NE(settings->failover_timeout, Millis{7});
  EXPECT_EQ(last_changed(), (std::vector<std::string>{"Quorum 1", "auth-pass ******"}));
}

TEST_F(CommandTest, MonitorAndRemoveChangeWhatIsWatched) {
  EXPECT_EQ(ask("SENTINEL MONITOR other 127.0.0.1 7000 2"), "+OK\r\n");
  EXPECT_EQ(ask("SENTINEL GET-MASTER-ADDR-BY-NAME other"), "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n7000\r\n");
  EXPECT_EQ(ask("SENTINEL RESET o*"), ":1\r\n");
  EXPECT_EQ(ask("SENTINEL REMOVE other"), "+OK\r\n");
  EXPECT_EQ(ask("SENTINEL GET-MASTER-ADDR-BY-NAME other"), "*-1\r\n");
}

TEST_F(CommandTest, ReplyOffAndSkipSilenceSlowCommandsToo) {
  Client client({});
  table().connected(client);
  EXPECT_EQ(ask(client, "CLIENT REPLY SKIP"), "");
  EXPECT_EQ(ask(client, "SENTINEL FLUSHCONFIG"), "");
  EXPECT_EQ(ask(client, "PING"), "+PONG\r\n");
  EXPECT_EQ(ask(client, "CLIENT REPLY SKIP"), "");
  EXPECT_EQ(ask(client, "SENTINEL GET-MASTER-ADDR-BY-NAME m"), "");
  EXPECT_EQ(ask(client, "PING"), "+PONG\r\n");
  EXPECT_EQ(ask(client, "CLIENT REPLY OFF"), "");
  EXPECT_EQ(ask(client, "PING"), "");
  EXPECT_EQ(ask(client, "CLIENT REPLY ON"), "+OK\r\n");
}

TEST_F(CommandTest, KillClosesOthersAtOnceAndOneselfAfterTheReply) {
  Client own({.id = 1, .address = "127.0.0.1:1", .local_address = {}, .descriptor = -1, .since = {}});
  Client other({.id = 2, .address = "127.0.0.1:2", .local_address = {}, .descriptor = -1, .since = {}});
  clients().add(own);
  clients().add(other);
  table().connected(own);
  EXPECT_EQ(ask(own, "CLIENT KILL TYPE normal"), ":1\r\n");
  EXPECT_TRUE(other.closing);
  EXPECT_FALSE(own.closing || own.close_after_replies);
  EXPECT_EQ(ask(own, "CLIENT KILL ID 1 SKIPME no"), ":1\r\n");
  EXPECT_TRUE(own.close_after_replies);
  clients().remove(own);
  clients().remove(other);
}

TEST_F(CommandTest, AConnectionIsHandedOverOnlyForAPeersHello) {
  Client client({});
  table().connected(client);
  EXPECT_EQ(outcome_of(client, "SENTINEL PEER HELLO id 10.0.0.1 26379 1"), Outcome::Handover);
  EXPECT_EQ(outcome_of(client, "SENTINEL PEER VOTE id 10.0.0.1 26379 1"), Outcome::Answered);
  EXPECT_EQ(outcome_of(client, "POST / HTTP/1.1"), Outcome::Hangup);
  EXPECT_EQ(outcome_of(client, "Host: example.org"), Outcome::Hangup);
}

TEST_F(CommandTest, InfoHasStocksSectionsAndOurs) {
  const std::string info = ask("INFO");
  std::size_t last = 0;
  for (const std::string_view title :
       {"# Server\r\n", "# Clients\r\n", "# Stats\r\n", "# CPU\r\n", "# Sentinel\r\n", "# Vigil\r\n"}) {
    const std::size_t at = info.find(title);
    ASSERT_NE(at, std::string::npos) << title;
    EXPECT_GE(at, last) << title;
    last = at;
  }
  EXPECT_THAT(info, HasSubstr("redis_mode:sentinel\r\n"));
  EXPECT_THAT(info, HasSubstr("master0:name=m,status=ok,address=127.0.0.1:6379,slaves=0,sentinels=1\r\n"));
  EXPECT_THAT(ask("INFO sentinel"), Not(HasSubstr("# Server")));
}

TEST_F(CommandTest, HelpNamesEverySubcommandInSimpleStrings) {
  const std::string help = ask("SENTINEL HELP");
  for (const std::string_view word : {"+CKQUORUM", "+EXPLAIN", "+TIMELINE", "+IS-MASTER-DOWN-BY-ADDR", "+HELP"}) {
    EXPECT_THAT(help, HasSubstr(std::string(word)));
  }
}

TEST_F(CommandTest, EveryContainersHelpTellsAllItsSubcommandsAndItselfLast) {
  for (const std::string container : {"SENTINEL", "CLIENT", "ACL", "COMMAND"}) {
    const std::string help = ask(container + " HELP");
    const std::string list = ask("COMMAND LIST");
    EXPECT_TRUE(help.ends_with("+HELP\r\n+    Prints this help.\r\n")) << container;
    std::string prefix = container + "|";
    for (char& c : prefix) c = static_cast<char>(std::tolower(c));
    for (std::size_t at = list.find(prefix); at != std::string::npos; at = list.find(prefix, at + 1)) {
      std::string name = list.substr(at + prefix.size(), list.find('\r', at) - at - prefix.size());
      for (char& c : name) c = static_cast<char>(std::toupper(c));
      EXPECT_THAT(help, HasSubstr("\n+" + name)) << container;
    }
  }
}

TEST_F(CommandTest, APauseHoldsWhatPassedTheChecksAndWriteHoldsPublishOnly) {
  Client client({});
  table().connected(client);
  EXPECT_EQ(ask(client, "CLIENT PAUSE 60000 WRITE"), "+OK\r\n");
  EXPECT_EQ(ask(client, "PING"), "+PONG\r\n");
  EXPECT_EQ(outcome_of(client, "PUBLISH x y"), Outcome::Paused);
  EXPECT_EQ(ask(client, "CLIENT UNPAUSE"), "+OK\r\n");
  EXPECT_EQ(outcome_of(client, "PUBLISH x y"), Outcome::Answered);
  client.output.clear();

  EXPECT_EQ(ask(client, "CLIENT PAUSE 60000"), "+OK\r\n");
  EXPECT_EQ(ask(client, "FOO"), "-ERR unknown command 'FOO', with args beginning with: \r\n");
  for (const char* line : {"PING", "CLIENT UNPAUSE", "SENTINEL GET-MASTER-ADDR-BY-NAME m", "HELLO"})
    EXPECT_EQ(outcome_of(client, line), Outcome::Paused) << line;
  EXPECT_EQ(client.output, "");
  EXPECT_EQ(outcome_of(client, "SENTINEL PEER HELLO a b 1 2"), Outcome::Handover) << "peers are not clients";
  const auto end = clients().pause_end();
  clients().pause(ShellClock::now(), PauseOf::Publishing, ShellClock::now());
  EXPECT_EQ(clients().pause_end(), end) << "never shorter";
  EXPECT_EQ(outcome_of(client, "PING"), Outcome::Paused) << "nor weaker";
  clients().end_pause();
  EXPECT_EQ(ask(client, "CLIENT PAUSE 9223372036854775807"), "+OK\r\n");
  EXPECT_EQ(ask(client, "PING"), "+PONG\r\n");
  table().disconnected(client);
}

TEST_F(CommandTest, ExplainBeginsWithItsVerdict) {
  EXPECT_THAT(ask("SENTINEL EXPLAIN m"), HasSubstr("$7\r\nverdict\r\n$"));
}

}  // namespace
}  // namespace sentinel
