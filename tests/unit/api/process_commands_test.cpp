// CONFIG, DEBUG, SIMULATE-FAILURE, PENDING-SCRIPTS, INFO-CACHE: the process itself.
#include <gtest/gtest.h>

#include <string>

#include "table_fixture.h"

namespace sentinel {
namespace {

using ProcessCommands = TableFixture;

TEST_F(ProcessCommands, ConfigSetsAllOfAListOrNothing) {
  EXPECT_EQ(ask("SENTINEL CONFIG SET announce-port 7000 ANNOUNCE-IP 10.0.0.9 loglevel Debug"), "+OK\r\n");
  EXPECT_EQ(daemon().global_settings().announce_port, 7000);
  EXPECT_EQ(daemon().global_settings().announce_ip, "10.0.0.9");
  EXPECT_EQ(daemon().global_settings().log_level, "debug");
  const std::pair<const char*, const char*> errors[] = {
      {"announce-port 1 foo bar", "-ERR Invalid argument 'foo' to SENTINEL CONFIG SET\r\n"},
      {"announce-port 1 announce-PORT 2", "-ERR Duplicate argument 'announce-PORT' to SENTINEL CONFIG SET\r\n"},
      {"announce-port 1 loglevel", "-ERR Missing argument 'loglevel' value\r\n"},
      {"announce-port 1 loglevel loud", "-ERR Invalid value 'loud' to SENTINEL CONFIG SET 'loglevel'\r\n"},
      {"announce-port 65536", "-ERR Invalid value '65536' to SENTINEL CONFIG SET 'announce-port'\r\n"},
      {"resolve-hostnames 1", "-ERR Invalid value '1' to SENTINEL CONFIG SET 'resolve-hostnames'\r\n"},
  };
  for (const auto& [words, error] : errors) EXPECT_EQ(ask(std::string("SENTINEL CONFIG SET ") + words), error) << words;
  EXPECT_EQ(daemon().global_settings().announce_port, 7000) << "nothing of a list with an error is set";
}

TEST_F(ProcessCommands, ConfigNeverShowsAPassword) {
  EXPECT_EQ(ask("SENTINEL CONFIG SET sentinel-pass open-sesame sentinel-user me"), "+OK\r\n");
  const std::string all = ask("SENTINEL CONFIG GET * sentinel-pass");
  EXPECT_NE(all.find("******"), std::string::npos);
  EXPECT_EQ(all.find("open-sesame"), std::string::npos);
  EXPECT_TRUE(
      field_names(all).starts_with("resolve-hostnames announce-hostnames announce-ip announce-port "
                                   "sentinel-user sentinel-pass loglevel tls-cert-file tls-key-file "))
      << "stock's first, in its order";
}

TEST_F(ProcessCommands, ConfigHasTheTlsDirectivesButForPorts) {
  EXPECT_EQ(ask("SENTINEL CONFIG SET TLS-cert-file /a tls-key-file-pass open-sesame tls-auth-clients Optional"),
            "+OK\r\n");
  EXPECT_EQ(daemon().global_settings().tls.cert_file, "/a");
  EXPECT_EQ(daemon().global_settings().tls.key_file_pass, "open-sesame");
  EXPECT_EQ(daemon().global_settings().tls.auth_clients, TlsClientCertificate::Optional);
  EXPECT_EQ(ask("SENTINEL CONFIG GET tls-key-file-pass"), "*2\r\n$17\r\ntls-key-file-pass\r\n$6\r\n******\r\n");
  EXPECT_EQ(ask("SENTINEL CONFIG GET tls-auth-clients"), "*2\r\n$16\r\ntls-auth-clients\r\n$8\r\noptional\r\n");
  for (const std::string name : {"tls-port", "tls-replication", "tls-cluster"})
    EXPECT_EQ(ask("SENTINEL CONFIG SET " + name + " 1"),
              "-ERR Invalid argument '" + name + "' to SENTINEL CONFIG SET\r\n");
  EXPECT_EQ(ask("SENTINEL CONFIG SET tls-session-cache-size -1"),
            "-ERR Invalid value '-1' to SENTINEL CONFIG SET 'tls-session-cache-size'\r\n");
}

TEST_F(ProcessCommands, DebugShowsThirteenTimesAndKeepsWhatStandsBeforeAnError) {
  EXPECT_EQ(field_names(ask("SENTINEL DEBUG")),
            "INFO-PERIOD PING-PERIOD ASK-PERIOD PUBLISH-PERIOD DEFAULT-DOWN-AFTER DEFAULT-FAILOVER-TIMEOUT "
            "TILT-TRIGGER TILT-PERIOD SLAVE-RECONF-TIMEOUT MIN-LINK-RECONNECT-PERIOD ELECTION-TIMEOUT "
            "SCRIPT-MAX-RUNTIME SCRIPT-RETRY-DELAY");
  EXPECT_EQ(ask("SENTINEL DEBUG ping-period 500 Info-Period 2000"), "+OK\r\n");
  EXPECT_EQ(daemon().timers().ping_period, Millis{500});
  EXPECT_EQ(daemon().timers().info_period, Millis{2000});
  EXPECT_EQ(ask("SENTINEL DEBUG ask-period 7 ping-period 0"),
            "-ERR Invalid argument '0' for SENTINEL DEBUG 'ping-period'\r\n");
  EXPECT_EQ(daemon().timers().ask_period, Millis{7});
  EXPECT_EQ(ask("SENTINEL DEBUG ask-period"),
            "-ERR Unknown option or number of arguments for SENTINEL DEBUG 'ask-period'\r\n");
}

TEST_F(ProcessCommands, SimulatedFailuresBeginAnewWithEachCall) {
  EXPECT_EQ(ask("SENTINEL SIMULATE-FAILURE crash-after-election crash-after-promotion"), "+OK\r\n");
  EXPECT_NE(ask("INFO sentinel").find("sentinel_simulate_failure_flags:3\r\n"), std::string::npos);
  EXPECT_EQ(ask("SENTINEL SIMULATE-FAILURE crash-after-promotion foo crash-after-election"),
            "-ERR Unknown failure simulation specified\r\n");
  EXPECT_FALSE(daemon().simulated_failures().after_election);
  EXPECT_TRUE(daemon().simulated_failures().after_promotion);
  EXPECT_EQ(ask("SENTINEL SIMULATE-FAILURE HELP"),
            "*2\r\n$20\r\ncrash-after-election\r\n$21\r\ncrash-after-promotion\r\n");
  EXPECT_FALSE(daemon().simulated_failures().after_promotion);
}

TEST_F(ProcessCommands, PendingScriptsAreMapsOfFive) {
  daemon().scripts = {{.arguments = {"/a", "+sdown", "m"}, .pid = 12, .run_time = Millis{34}, .attempts = 2},
                      {.arguments = {"/b"}, .run_delay = Millis{56}, .attempts = 1}};
  EXPECT_EQ(ask("SENTINEL PENDING-SCRIPTS"),
            "*2\r\n"
            "*10\r\n$4\r\nargv\r\n*3\r\n$2\r\n/a\r\n$6\r\n+sdown\r\n$1\r\nm\r\n$5\r\nflags\r\n$7\r\nrunning\r\n"
            "$3\r\npid\r\n$2\r\n12\r\n$8\r\nrun-time\r\n$2\r\n34\r\n$9\r\nretry-num\r\n$1\r\n2\r\n"
            "*10\r\n$4\r\nargv\r\n*1\r\n$2\r\n/b\r\n$5\r\nflags\r\n$9\r\nscheduled\r\n"
            "$3\r\npid\r\n$1\r\n0\r\n$9\r\nrun-delay\r\n$2\r\n56\r\n$9\r\nretry-num\r\n$1\r\n1\r\n");
  EXPECT_NE(ask("INFO sentinel").find("sentinel_scripts_queue_length:2\r\n"), std::string::npos);
}

TEST_F(ProcessCommands, InfoCacheHasAPairANodeAndLeavesOutUnknownNames) {
  daemon().infos = {{.age = Millis{7}, .text = "role:master"}, {}};
  EXPECT_EQ(ask("SENTINEL INFO-CACHE nope m m"),
            "*2\r\n$1\r\nm\r\n*2\r\n*2\r\n:7\r\n$11\r\nrole:master\r\n*2\r\n:0\r\n$-1\r\n");
  EXPECT_EQ(ask("SENTINEL INFO-CACHE nope"), "*0\r\n");
}

TEST_F(ProcessCommands, MonitorTakesTheDefaultsThatDebugChanged) {
  EXPECT_EQ(ask("SENTINEL DEBUG default-down-after 4321"), "+OK\r\n");
  EXPECT_EQ(ask("SENTINEL MONITOR fresh 127.0.0.1 6381 2"), "+OK\r\n");
  EXPECT_EQ(core().settings("fresh")->down_after, Millis{4321});
}

TEST_F(ProcessCommands, TrackingIsCheckedAndRemembered) {
  Client client({.id = 5, .address = {}, .local_address = {}, .descriptor = -1, .since = {}});
  table().connected(client);
  const std::pair<const char*, const char*> rows[] = {
      {"CLIENT TRACKING ON OPTIN OPTOUT", "-ERR You can't specify both OPTIN mode and OPTOUT mode\r\n"},
      {"CLIENT TRACKING ON PREFIX a", "-ERR PREFIX option requires BCAST mode to be enabled\r\n"},
      {"CLIENT TRACKING ON REDIRECT 99", "-ERR The client ID you want redirect to does not exist\r\n"},
      {"CLIENT TRACKING ON BCAST OPTIN", "-ERR OPTIN and OPTOUT are not compatible with BCAST\r\n"},
      {"CLIENT TRACKING ON BCAST PREFIX a PREFIX ab",
       "-ERR Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single client must not "
       "overlap.\r\n"},
      {"CLIENT TRACKING ON OPTIN NOLOOP", "+OK\r\n"},
      {"CLIENT CACHING YES", "+OK\r\n"},
      {"CLIENT TRACKINGINFO",
       "*6\r\n$5\r\nflags\r\n*4\r\n$2\r\non\r\n$5\r\noptin\r\n$11\r\ncaching-yes\r\n$6\r\nnoloop\r\n$8\r\nredirect\r\n"
       ":0\r\n$8\r\nprefixes\r\n*0\r\n"},
      {"CLIENT TRACKING OFF", "+OK\r\n"},
      {"CLIENT GETREDIR", ":-1\r\n"},
  };
  for (const auto& [words, reply] : rows) EXPECT_EQ(ask(client, words), reply) << words;
}

TEST_F(ProcessCommands, FailoverTakesValkeysWord) {
  EXPECT_EQ(ask("SENTINEL FAILOVER m COORDINATED"), "-NOGOODSLAVE No suitable replica to promote\r\n");
  EXPECT_EQ(ask("SENTINEL FAILOVER m FORCE"), "-NOGOODSLAVE No suitable replica to promote\r\n");
  EXPECT_EQ(ask("SENTINEL FAILOVER m NOW"), "-ERR syntax error\r\n");
}

}  // namespace
}  // namespace sentinel
