// YAML files that are wrong: every mistake is told at once, with its line and column.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sentinel/config/read_config.h"

namespace sentinel {
namespace {

using testing::ElementsAreArray;

std::vector<std::string> errors_of(const std::string& yaml) {
  const auto config = read_config_text({.text = yaml, .path = "/etc/vigil/s.yaml", .local_addresses = {}});
  std::vector<std::string> lines;
  if (config) return lines;
  for (const ConfigError& error : config.error()) lines.push_back(format_error("s.yaml", error));
  return lines;
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
    {"source",
     "source-address: localhost\ntcp-keepalive: 300\n",
     {"s.yaml:1:17: source-address: \"localhost\" is not an IP address",
      "s.yaml:2:16: tcp-keepalive: \"300\" has no unit: write 300ms, or use s, m, h"}},
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

}  // namespace
}  // namespace sentinel
