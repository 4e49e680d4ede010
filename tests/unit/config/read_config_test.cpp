#include "sentinel/config/read_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sentinel {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

DaemonConfig config_of(const std::string& yaml, std::vector<std::string> local_addresses = {}) {
  auto config =
      read_config_text({.text = yaml, .path = "/etc/vigil/s.yaml", .local_addresses = std::move(local_addresses)});
  if (config) return *config;
  for (const ConfigError& error : config.error()) ADD_FAILURE() << format_error("s.yaml", error);
  return {};
}

TEST(ReadConfig, ShortestFileTakesEveryDefault) {
  const DaemonConfig config = config_of("groups:\n- {name: orders, master: '10.0.0.1:6379'}\n");
  ASSERT_EQ(config.groups.size(), 1u);
  GroupSettings expected = yaml_group_defaults();
  expected.name = "orders";
  expected.master = {"10.0.0.1", 6379};
  expected.quorum = 2;
  EXPECT_EQ(config.groups[0], expected);
  EXPECT_EQ(config.listen, (std::vector<Endpoint>{{"0.0.0.0", 26379}}));
  EXPECT_EQ(config.process.announce, (Endpoint{"", 26379}));
  EXPECT_EQ(config.state_dir, "/var/lib/vigil");
}

TEST(ReadConfig, EveryKeyReachesItsField) {
  const DaemonConfig config = config_of(R"(
port: 5000
bind: [127.0.0.1, "::1"]
source-address: "::1"
tcp-keepalive: 2m
announce-host: public.example.com
announce-port: 5001
password: clients
peer-password: peers
state-dir: state
peers: ["10.0.0.2:5000", "[fd00::2]:5000"]
max-parallel-failovers: 7
log: {level: debug, format: json, file: sentinel.log}
limits: {max-clients: 77, client-output-buffer: 2mb, query-buffer: 64kb}
tls: {enabled: off, cert-file: c.pem, key-file: /k.pem, ca-file: a.pem, require-client-certificate: off}
webhooks:
  - {url: "https://h/x", secret: s, groups: [orders]}
defaults:
  down-after: 3s
groups:
  - name: orders
    master: "[fd00::1]:6379"
    quorum: 3
    failover-timeout: 1m
    parallel-syncs: 4
    priority: 9
    crash-detection: off
    crash-confirm: 200ms
    evidence-hold-max: 10s
    on-empty-restart: ignore
    loading-timeout: 2m
    write-safety: audit
    write-safety-replicas: 2
    write-safety-max-lag: 4s
    rescue: snapshot
    rescue-deadline: 3s
    rescue-max-bytes: 2mb
    rescue-keep: 5
    auth-user: vigil
    auth-password: "12345"
    rename-commands: {config: cfg-1}
    notification-script: /bin/true
    client-reconfig-script: /bin/false
)");
  EXPECT_EQ(config.listen, (std::vector<Endpoint>{{"127.0.0.1", 5000}, {"::1", 5000}}));
  EXPECT_EQ(config.conf.bind_source_address, "::1");
  EXPECT_EQ(config.conf.tcp_keepalive, 120U);
  EXPECT_EQ(config.process.announce, (Endpoint{"public.example.com", 5001}));
  EXPECT_EQ(config.process.peers, (std::vector<Endpoint>{{"10.0.0.2", 5000}, {"fd00::2", 5000}}));
  EXPECT_EQ(config.process.max_parallel_failovers, 7U);
  EXPECT_EQ(config.password, "clients");
  EXPECT_EQ(config.peer_password, "peers");
  EXPECT_EQ(config.state_dir, "/etc/vigil/state");
  EXPECT_EQ(config.log, (LogSettings{LogLevel::Debug, LogFormat::Json, "/etc/vigil/sentinel.log"}));
  EXPECT_EQ(config.limits, (ClientLimits{77, std::size_t{2} << 20, std::size_t{64} << 10}));
  EXPECT_EQ(config.tls, (TlsSettings{.cert_file = "/etc/vigil/c.pem",
                                     .key_file = "/k.pem",
                                     .ca_cert_file = "/etc/vigil/a.pem",
                                     .auth_clients = TlsClientCertificate::Ignored}));
  EXPECT_EQ(config.webhooks, (std::vector<WebhookSettings>{{"https://h/x", "s", {"orders"}}}));
  GroupSettings group;
  group.name = "orders";
  group.master = {"fd00::1", 6379};
  group.quorum = 3;
  group.down_after = 3s;
  group.failover_timeout = 1min;
  group.parallel_syncs = 4;
  group.priority = 9;
  group.crash_detection = false;
  group.crash_confirm = 200ms;
  group.evidence_hold_max = 10s;
  group.on_empty_restart = OnEmptyRestart::Ignore;
  group.loading_timeout = 2min;
  group.write_safety = WriteSafety::Audit;
  group.min_replicas = 2;
  group.max_lag = 4s;
  group.rescue = Rescue::Snapshot;
  group.rescue_deadline = 3s;
  group.rescue_bytes_max = std::uint64_t{2} << 20;
  group.rescue_keep = 5;
  group.auth_user = "vigil";
  group.auth_pass = "12345";
  group.rename_commands = {{"CONFIG", "cfg-1"}};
  group.notification_script = "/bin/true";
  group.client_reconfig_script = "/bin/false";
  ASSERT_EQ(config.groups.size(), 1u);
  EXPECT_EQ(config.groups[0], group);
}

TEST(ReadConfig, GroupsInheritDefaultsWhereverTheyStand) {
  const DaemonConfig config = config_of(
      "groups:\n- {name: a, master: h:1, down-after: 1s}\n- {name: b, master: h:2}\n"
      "defaults: {down-after: 9s, auth-password: p, rename-commands: {ROLE: r}}\n");
  ASSERT_EQ(config.groups.size(), 2u);
  EXPECT_EQ(config.groups[0].down_after, 1s);
  EXPECT_EQ(config.groups[1].down_after, 9s);
  EXPECT_EQ(config.groups[0].auth_pass, "p");
  EXPECT_EQ(config.groups[1].rename_commands.at("ROLE"), "r");
  EXPECT_EQ(config.defaults.down_after, 9s);
}

TEST(ReadConfig, QuorumIsTheMajorityOfListedSentinels) {
  for (const auto& [peers, quorum] :
       std::vector<std::pair<std::string, unsigned>>{{"[]", 2},
                                                     {"['p:1']", 2},
                                                     {"['p:1', 'p:2']", 2},
                                                     {"['p:1', 'p:2', 'p:3']", 3},
                                                     {"['p:1', 'p:2', 'p:3', 'p:4']", 3}}) {
    const DaemonConfig config = config_of("peers: " + peers + "\ngroups:\n- {name: a, master: h:1}\n");
    ASSERT_EQ(config.groups.size(), 1u);
    EXPECT_EQ(config.groups[0].quorum, quorum) << peers;
    EXPECT_EQ(config.defaults.quorum, quorum) << peers;
  }
}

TEST(ReadConfig, OneFileServesEverySentinelOfADeployment) {
  const std::string yaml =
      "peers: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]\ngroups:\n- {name: a, master: h:1}\n";
  for (const char* mine : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
    const DaemonConfig config = config_of(yaml, {"127.0.0.1", mine});
    EXPECT_EQ(config.process.announce, (Endpoint{mine, 26379}));
    EXPECT_EQ(config.process.peers.size(), 2u);
    EXPECT_THAT(config.process.peers, Not(testing::Contains(Endpoint{mine, 26379})));
    ASSERT_EQ(config.groups.size(), 1u);
    EXPECT_EQ(config.groups[0].quorum, 2u);
  }
}

TEST(ReadConfig, OwnAnnouncedAndBoundAddressesAreNoPeers) {
  EXPECT_EQ(config_of("announce-host: s1\npeers: [s1:26379, s2:26379]\n").process.peers,
            (std::vector<Endpoint>{{"s2", 26379}}));
  const DaemonConfig bound =
      config_of("bind: [127.0.0.1]\nport: 7\npeers: [127.0.0.1:7, 127.0.0.1:8]\n", {"127.0.0.1"});
  EXPECT_EQ(bound.process.peers, (std::vector<Endpoint>{{"127.0.0.1", 8}}));
  EXPECT_EQ(bound.process.announce, (Endpoint{"127.0.0.1", 7}));
}

TEST(ReadConfig, UsersAreNamesAndRules) {
  const DaemonConfig config = config_of(R"yaml(
peer-user: peer
peer-password: secret
acl-log-max: 7
protected-mode: on
users:
- {name: metrics, rules: "on  +ping (+info ~x)", password: p}
- {name: idle}
)yaml");
  EXPECT_EQ(config.peer_user, "peer");
  EXPECT_EQ(config.access.log_max, 7U);
  EXPECT_TRUE(config.access.protected_mode);
  ASSERT_EQ(config.access.users.size(), 2U);
  EXPECT_EQ(config.access.users[0].name, "metrics");
  EXPECT_EQ(config.access.users[0].rules, (std::vector<std::string>{"on", "+ping", "(+info", "~x)", ">p"}));
  EXPECT_TRUE(config.access.users[1].rules.empty());
  EXPECT_EQ(config_of("acl-file: users.acl\n").access.file, "/etc/vigil/users.acl");
}

TEST(ReadConfig, EveryUserThatIsWrongIsTold) {
  const auto config =
      read_config_text({.text = "acl-file: a\npeer-user: x\nusers:\n- rules: on\n- {name: a, rules: +foo}\n"
                                "- {name: a, rules: (+ping}\n- {name: b, rules: '<hush'}\ngroups: []\n",
                        .path = "/etc/vigil/s.yaml",
                        .local_addresses = {}});
  ASSERT_FALSE(config);
  std::string all;
  for (const ConfigError& error : config.error()) all += format_error("s", error) + "\n";
  for (const char* part : {"peer-user: needs a peer-password", "with acl-file the users stand in that file",
                           "the user has no name", "Error loading ACL rule '+foo' for the user named 'a'",
                           "there is another user", "Unmatched parenthesis", "Error loading ACL rule '<***'"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << " is not in\n" << all;
  }
  EXPECT_EQ(all.find("hush"), std::string::npos);
}

TEST(ReadConfig, PeerPasswordIsTheOneThatWasGiven) {
  EXPECT_EQ(config_of("password: a\n").peer_password, "") << "the password serves then";
  EXPECT_EQ(config_of("password: a\npeer-password: b\n").peer_password, "b");
}

TEST(ReadConfig, WarnsOfAnOpenPortWithoutPassword) {
  const std::string group = "groups:\n- {name: a, master: h:1}\n";
  const auto warnings = config_of(group).warnings;
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0].text, HasSubstr("no password"));
  EXPECT_THAT(config_of("bind: [127.0.0.1]\n" + group).warnings, IsEmpty());
  EXPECT_THAT(config_of("password: x\n" + group).warnings, IsEmpty());
}

TEST(ReadConfig, WarnsOfAListOfSentinelsThatDoesNotNameThisOne) {
  const std::string yaml = "bind: [127.0.0.1]\npeers: [a:1, b:1, c:1]\ngroups:\n- {name: a, master: h:1}\n";
  const auto warnings = config_of(yaml).warnings;
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0].text, HasSubstr("with this one there are 4 sentinels"));
  EXPECT_THAT(config_of("port: 1\nannounce-host: b\n" + yaml).warnings, IsEmpty());
  EXPECT_THAT(config_of("bind: [127.0.0.1]\npeers: [a:1, b:1]\ngroups:\n- {name: a, master: h:1}\n").warnings,
              IsEmpty());
}

TEST(ReadConfig, WarnsOfACrashConfirmThatNeverTakesEffect) {
  const auto warnings = config_of("bind: [127.0.0.1]\ngroups:\n- {name: a, master: h:1, down-after: 100ms}\n").warnings;
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].text, "crash-confirm 300ms is longer than down-after 100ms and never takes effect");
  EXPECT_EQ(warnings[0].line, 3);
}

TEST(ReadConfig, TlsTakesThePortUnlessItHasItsOwn) {
  const std::string files = "cert-file: c.pem, key-file: k.pem, ca-file: a.pem";
  const DaemonConfig only = config_of("port: 5000\ntls: {enabled: on, " + files + "}\n");
  EXPECT_EQ(only.listen, (std::vector<Endpoint>{{"0.0.0.0", 0}}));
  EXPECT_EQ(only.tls.port, 5000);
  EXPECT_TRUE(only.tls.links);
  EXPECT_EQ(only.process.announce.port, 5000);

  const DaemonConfig both = config_of("port: 5000\ntls: {enabled: on, port: 5001, " + files + "}\n");
  EXPECT_EQ(both.listen, (std::vector<Endpoint>{{"0.0.0.0", 5000}}));
  EXPECT_EQ(both.process.announce.port, 5001) << "the others dial with TLS";

  const DaemonConfig clients = config_of("port: 5000\ntls: {enabled: on, port: 5001, links: off, " + files + "}\n");
  EXPECT_EQ(clients.process.announce.port, 5000) << "the others dial in plain text";
}

}  // namespace
}  // namespace sentinel
