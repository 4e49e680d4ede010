#include "sentinel/config/read_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sentinel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> errors_of(const std::string& yaml) {
  const auto config = read_config_text({.text = yaml, .path = "/etc/vigil/s.yaml", .local_addresses = {}});
  std::vector<std::string> lines;
  if (config) return lines;
  for (const ConfigError& error : config.error()) lines.push_back(format_error("s.yaml", error));
  return lines;
}

DaemonConfig config_of(const std::string& yaml, std::vector<std::string> local_addresses = {}) {
  auto config =
      read_config_text({.text = yaml, .path = "/etc/vigil/s.yaml", .local_addresses = std::move(local_addresses)});
  if (config) return *config;
  for (const ConfigError& error : config.error()) ADD_FAILURE() << format_error("s.yaml", error);
  return {};
}

struct BadFile {
  const char* name;
  const char* yaml;
  std::vector<std::string> errors;
};

class BadFiles : public testing::TestWithParam<BadFile> {};

TEST_P(BadFiles, AreReportedWholeWithLineAndColumn) {
  EXPECT_THAT(errors_of(GetParam().yaml), ElementsAreArray(GetParam().errors));
}

const BadFile kBadFiles[] = {
    {"empty", "", {"s.yaml: empty: it needs at least a \"groups:\" list"}},
    {"only_comments", "# nothing\n", {"s.yaml: empty: it needs at least a \"groups:\" list"}},
    {"list_at_top", "- a\n", {"s.yaml:1:1: expected a block of keys, one \"key: value\" a line"}},
    {"syntax", "port: [1\n", {"s.yaml:2:1: YAML syntax: end of sequence flow not found"}},
    {"tab", "log:\n\tlevel: info\n", {"s.yaml:2:7: YAML syntax: illegal map value"}},
    {"two_documents", "port: 1\n---\nport: 2\n", {"s.yaml:1:1: more than one YAML document (---) in the file"}},
    {"alias",
     "password: *p\n",
     {"s.yaml:1:11: aliases (*name) are not supported; quote the value if it starts with *"}},
    {"known_alias",
     "log: &l {}\nlimits: *l\n",
     {"s.yaml:1:6: anchors (&name) are not supported; quote the value if it starts with &"}},
    {"anchor",
     "password: &p x\n",
     {"s.yaml:1:11: anchors (&name) are not supported; quote the value if it starts with &"}},
    {"tag",
     "password: !secret x\n",
     {"s.yaml:1:11: tags (!name) are not supported; quote the value if it starts with !"}},
    {"unknown_key",
     "prot: 26379\nfrobnicate: 1\n",
     {"s.yaml:1:1: unknown key \"prot\", did you mean \"port\"?", "s.yaml:2:1: unknown key \"frobnicate\""}},
    {"underscores", "state_dir: /x\n", {"s.yaml:1:1: unknown key \"state_dir\", did you mean \"state-dir\"?"}},
    {"redis_names",
     "groups:\n- name: a\n  master: h:1\n  down-after-milliseconds: 1\n  auth-pass: x\n",
     {"s.yaml:4:3: unknown key \"down-after-milliseconds\", did you mean \"down-after\"?",
      "s.yaml:5:3: unknown key \"auth-pass\", did you mean \"auth-password\"?"}},
    {"group_key_at_top",
     "quorum: 2\n",
     {"s.yaml:1:1: quorum belongs to a group, or into \"defaults:\" for all groups"}},
    {"blank_missing", "port: 1\npassword:x\n", {"s.yaml:2:1: a blank is missing after \"password:\""}},
    {"duplicate_key", "port: 1\nport: 2\n", {"s.yaml:2:1: port: given twice, first on line 1"}},
    {"missing_value",
     "port:\nstate-dir: ''\n",
     {"s.yaml:1:1: port: a value is missing", "s.yaml:2:12: state-dir: a value is missing"}},
    {"wrong_kinds",
     "port: [1]\nstate-dir: {a: b}\npeers: x\n",
     {"s.yaml:1:7: port: expected a single value, found a list",
      "s.yaml:2:12: state-dir: expected a single value, found a block of keys",
      "s.yaml:3:8: peers: expected a list, such as [a, b]"}},
    {"numbers",
     "port: 70000\nlimits: {max-clients: -1, query-buffer: 1}\n",
     {"s.yaml:1:7: port: 70000 is not between 1 and 65535", "s.yaml:2:23: max-clients: \"-1\" is not a whole number",
      "s.yaml:2:41: query-buffer: 1b is not between 16kb and 1gb"}},
    {"durations",
     "defaults:\n  down-after: 5000\n  failover-timeout: 3 m\n  crash-confirm: 2m\n  write-safety-max-lag: 1500ms\n",
     {"s.yaml:2:15: down-after: \"5000\" has no unit: write 5000ms, or use s, m, h",
      "s.yaml:3:21: failover-timeout: \"3 m\" is not a duration like 500ms, 10s, 3m or 1h",
      "s.yaml:4:18: crash-confirm: 2m is not between 10ms and 1m",
      "s.yaml:5:25: write-safety-max-lag: whole seconds between 1s and 1h, as Redis counts them"}},
    {"choices",
     "log: {level: loud, format: xml}\ndefaults: {write-safety: strict, crash-detection: maybe}\n",
     {"s.yaml:1:14: level: \"loud\" is none of debug, info, warning, error",
      "s.yaml:1:28: format: \"xml\" is none of text, json",
      "s.yaml:2:26: write-safety: \"strict\" is none of enforce, audit, off",
      "s.yaml:2:51: crash-detection: \"maybe\" is neither on nor off"}},
    {"bind",
     "bind: [localhost, '127.0.0.1:1', '::1', '::1']\n",
     {"s.yaml:1:8: bind: \"localhost\" is not an IP address; the port is a key of its own",
      "s.yaml:1:19: bind: \"127.0.0.1:1\" is not an IP address; the port is a key of its own",
      "s.yaml:1:41: bind: ::1 is listed twice"}},
    {"bind_nothing", "bind: []\n", {"s.yaml:1:7: bind: the list is empty"}},
    {"peers",
     "peers: [10.0.0.1, 10.0.0.2:1, 10.0.0.2:1, '::1:5']\n",
     {"s.yaml:1:9: peers: \"10.0.0.1\" is not an address like 10.0.0.1:6379, [::1]:6379 or redis-1:6379",
      "s.yaml:1:31: peers: 10.0.0.2:1 is listed twice",
      "s.yaml:1:43: peers: \"::1:5\" is not an address like 10.0.0.1:6379, [::1]:6379 or redis-1:6379"}},
    {"announce",
     "announce-host: 0.0.0.0\n",
     {"s.yaml:1:16: announce-host: \"0.0.0.0\" is no address others can connect to"}},
    {"both_passwords",
     "password: a\npassword-file: /nonexistent/p\n",
     {"s.yaml:2:16: password-file: /nonexistent/p cannot be opened: No such file or directory",
      "s.yaml:2:16: password and password-file are both given: keep one"}},
    {"tls",
     "tls:\n  enabled: on\n",
     {"s.yaml:2:3: tls: cert-file is missing", "s.yaml:2:3: tls: key-file is missing",
      "s.yaml:2:3: tls: ca-file or ca-dir is missing: it tells whose certificates are accepted"}},
    {"tls_pairs",
     "tls:\n  enabled: on\n  port: 26379\n  cert-file: c\n  key-file: k\n  client-cert-file: d\n  links: off\n"
     "  require-client-certificate: off\n",
     {"s.yaml:2:3: tls: client-cert-file and client-key-file belong together: one is missing",
      "s.yaml:2:3: tls: port is the plain-text port; leave it out to serve TLS only"}},
    {"webhooks",
     "webhooks:\n- secret: x\n- url: ftp://host/token\n- url: http://h/\n  groups: [a]\ngroups: []\n",
     {"s.yaml:2:3: the webhook has no url", "s.yaml:3:8: url: not an http:// or https:// address",
      "s.yaml:5:11: groups: there is no group \"a\""}},
    {"groups_as_map",
     "groups:\n  a: b\n",
     {"s.yaml:2:3: groups: expected a list, each group starting with \"- name: ...\""}},
    {"group_parts",
     "groups:\n- name: a b\n- master: h:1\n- x\n",
     {"s.yaml:2:3: the group has no master: add \"master: host:port\"",
      "s.yaml:2:9: name: \"a b\" may only hold letters, digits and . _ - (128 at most)",
      "s.yaml:3:3: the group has no name", "s.yaml:4:3: expected a block of keys, one \"key: value\" a line"}},
    {"same_name",
     "groups:\n- {name: a, master: h:1}\n- {name: a, master: h:2}\n",
     {"s.yaml:3:10: name: there is another group \"a\" on line 2"}},
    {"same_master",
     "groups:\n- {name: a, master: h:1}\n- {name: b, master: h:1}\n",
     {"s.yaml:3:21: master: h:1 is already the master of \"a\""}},
    {"sentinel_as_master",
     "peers: [h:2]\nbind: [10.0.0.1]\ngroups:\n- {name: a, master: h:2}\n- {name: b, master: '10.0.0.1:26379'}\n",
     {"s.yaml:4:21: master: h:2 is a sentinel's address",
      "s.yaml:5:21: master: 10.0.0.1:26379 is a sentinel's address"}},
    {"wildcard_master",
     "groups:\n- {name: a, master: '0.0.0.0:1'}\n",
     {"s.yaml:2:21: master: no node can be reached at a wildcard address"}},
    {"quorum",
     "peers: [h:2, h:3]\ndefaults: {quorum: 0}\ngroups:\n- {name: a, master: h:6, quorum: 4}\n",
     {"s.yaml:2:20: quorum: 0 is not between 1 and 65",
      "s.yaml:4:34: quorum: 4 can never be reached by 3 sentinels (2 peers and this one)"}},
    {"default_quorum_once",
     "peers: [h:2]\ndefaults: {quorum: 3}\ngroups:\n- {name: a, master: h:6}\n- {name: b, master: h:7, quorum: x}\n",
     {"s.yaml:2:20: quorum: 3 can never be reached by 2 sentinels (1 peer and this one)",
      "s.yaml:5:34: quorum: \"x\" is not a whole number"}},
    {"renames",
     "defaults:\n  rename-commands: {GET IT: a, config: b, CONFIG: c, ROLE: a b}\n",
     {"s.yaml:2:21: rename-commands: not the name of a Redis command",
      "s.yaml:2:43: rename-commands: CONFIG is given twice",
      "s.yaml:2:60: rename-commands: the new name holds no blanks"}},
    {"scripts",
     "defaults:\n  notification-script: /etc/passwd\n  client-reconfig-script: none.sh\n",
     {"s.yaml:2:24: notification-script: /etc/passwd is not executable: chmod +x it",
      "s.yaml:3:27: client-reconfig-script: /etc/vigil/none.sh: No such file or directory"}},
};

INSTANTIATE_TEST_SUITE_P(Table, BadFiles, testing::ValuesIn(kBadFiles),
                         [](const testing::TestParamInfo<BadFile>& row) { return std::string(row.param.name); });

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
