// sentinel.conf as redis-sentinel 7 reads it; the error texts were taken from it.
#include "sentinel/config/conf/read_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sentinel::conf {
namespace {

using testing::ElementsAre;

constexpr char kId[] = "0123456789abcdef0123456789abcdef01234567";

Result<DaemonConfig, ConfError> read(std::string_view text, std::string_view options = {}) {
  return read_conf_text({.text = text, .path = "/etc/redis/sentinel.conf", .options = options});
}

DaemonConfig read_good(std::string_view text, std::string_view options = {}) {
  auto config = read(text, options);
  EXPECT_TRUE(config) << (config ? "" : config.error().message);
  return config ? *config : DaemonConfig{};
}

TEST(ReadConf, WhatIsNotSaidIsAsInStock) {
  const DaemonConfig config = read_good("sentinel monitor orders 10.0.0.1 6379 3\n");
  EXPECT_EQ(config.format, ConfigFormat::SentinelConf);
  EXPECT_THAT(config.listen, ElementsAre(Endpoint{"*", 26379}, Endpoint{"-::*", 26379}));
  ASSERT_EQ(config.groups.size(), 1U);
  const GroupSettings& group = config.groups[0];
  EXPECT_EQ(group.quorum, 3U);
  EXPECT_EQ(group.down_after, Millis{30000});
  EXPECT_EQ(group.failover_timeout, Millis{180000});
  EXPECT_EQ(group.parallel_syncs, 1U);
  EXPECT_FALSE(group.crash_detection);
  EXPECT_EQ(group.write_safety, WriteSafety::Off);
  EXPECT_TRUE(config.process.peers.empty());
  EXPECT_FALSE(config.conf.protected_mode);
  EXPECT_TRUE(config.conf.deny_scripts_reconfig);
  EXPECT_EQ(config.state_dir, "/etc/redis/sentinel.conf.vigil-state");
}

TEST(ReadConf, SentinelLinesMayStandInAnyOrderAndCase) {
  const DaemonConfig config = read_good(
      "SENTINEL known-slave orders 10.0.0.2 6379\n"
      "sentinel Down-After-Milliseconds orders 5000\n"
      "sentinel known-sentinel orders 10.0.0.9 26379 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
      "sentinel known-sentinel orders 10.0.0.8 26379\n"
      "sentinel config-epoch orders 7\n"
      "sentinel leader-epoch orders 9\n"
      "sentinel rename-command orders config \"geheim x\"\n"
      "sentinel auth-pass orders 'a b'\n"
      "sentinel monitor orders 10.0.0.1 6379 2\n"
      "sentinel current-epoch 3\n" +
      std::string("sentinel myid ") + kId + "\n");
  ASSERT_EQ(config.groups.size(), 1U);
  EXPECT_EQ(config.groups[0].down_after, Millis{5000});
  EXPECT_EQ(config.groups[0].auth_pass, "a b");
  EXPECT_EQ(config.groups[0].rename_commands.at("CONFIG"), "geheim x");
  const ConfState& state = config.conf_state;
  EXPECT_EQ(state.self.value, kId);
  EXPECT_EQ(state.current_epoch.value, 9U) << "config-epoch and leader-epoch raise it";
  EXPECT_EQ(state.groups[0].leader_epoch.value, 9U);
  EXPECT_THAT(state.groups[0].replicas, ElementsAre(Endpoint{"10.0.0.2", 6379}));
  ASSERT_EQ(state.groups[0].sentinels.size(), 1U);
  EXPECT_EQ(state.groups[0].sentinels[0].second, (Endpoint{"10.0.0.9", 26379}));
}

struct BadCase {
  const char* text;
  int line;
  const char* message;
};

TEST(ReadConf, ErrorsAreStocks) {
  const BadCase cases[] = {
      {"port 1\nfoo bar\n", 2, "Bad directive or wrong number of arguments"},
      {"port 99999\n", 1, "argument must be between 0 and 65535 inclusive"},
      {"port abc\n", 1, "argument couldn't be parsed into an integer"},
      {"port 1 2\n", 1, "wrong number of arguments"},
      {"daemonize maybe\n", 1, "argument must be 'yes' or 'no'"},
      {"bind \"127\n", 1, "Unbalanced quotes in configuration line"},
      {"dir /nonexistent\n", 1, "No such file or directory"},
      {"sentinel foo m 127.0.0.1 6379 0\n", 1, "Unrecognized sentinel configuration statement."},
      {"sentinel monitor m 127.0.0.1 6379\n", 1, "Unrecognized sentinel configuration statement."},
      {"sentinel monitor m 127.0.0.1 6379 0\n", 1, "Quorum must be 1 or greater."},
      {"sentinel monitor m 127.0.0.1 70000 1\n", 1, "Invalid port number."},
      {"sentinel monitor m redis-1 6379 1\n", 1, "Can't resolve instance hostname."},
      {"sentinel monitor m 127.0.0.1 6379 1\n#\nsentinel monitor m 127.0.0.1 6380 1\n", 3, "Duplicate master name."},
      {"sentinel down-after-milliseconds m 1\n", 1, "No such master with specified name."},
      {"sentinel myid abc\n", 1, "Malformed Sentinel id in myid option."},
      {"sentinel resolve-hostnames perhaps\n", 1, "Please specify yes or no for the resolve-hostnames option."},
      {"sentinel announce-hostnames perhaps\n", 1, "Please specify yes or no for the announce-hostnames option."},
      {"sentinel deny-scripts-reconfig x\n", 1, "Please specify yes or no for the deny-scripts-reconfig options."},
      {"sentinel monitor m 127.0.0.1 6379 1\nsentinel down-after-milliseconds m 0\n", 2,
       "negative or zero time parameter."},
      {"sentinel monitor m 127.0.0.1 6379 1\nsentinel failover-timeout m -1\n", 2, "negative or zero time parameter."},
      {"sentinel monitor m 127.0.0.1 6379 1\nsentinel master-reboot-down-after-period m -1\n", 2,
       "negative time parameter."},
      {"sentinel monitor m 127.0.0.1 6379 1\nsentinel notification-script m /nonexistent\n", 2,
       "Notification script seems non existing or non executable."},
      {"sentinel monitor m 127.0.0.1 6379 1\nsentinel client-reconfig-script m /nonexistent\n", 2,
       "Client reconfiguration script seems non existing or non executable."},
      {"sentinel monitor m 127.0.0.1 6379 1\nsentinel rename-command m A b\nsentinel rename-command m a c\n", 3,
       "Same command renamed multiple times with rename-command."},
      {"sentinel monitor m 127.0.0.1 6379 1\nsentinel known-replica m 127.0.0.1 1\nsentinel known-slave m 127.0.0.1 "
       "1\n",
       3, "Duplicate hostname and port for replica."},
  };
  for (const BadCase& it : cases) {
    const auto config = read(it.text);
    ASSERT_FALSE(config) << it.text;
    EXPECT_EQ(config.error().message, it.message) << it.text;
    EXPECT_EQ(config.error().line, it.line) << it.text;
  }
}

TEST(ReadConf, TheLogLevelListsItsWords) {
  const auto config = read("loglevel loud\n");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, testing::StartsWith("argument(s) must be one of the following: debug, verbose"));
}

TEST(ReadConf, TheBannerIsStocks) {
  const auto config = read("port 1\n  foo bar  \n");
  ASSERT_FALSE(config);
  EXPECT_EQ(print_banner(config.error(), "7.2.0"),
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.0) ***\n"
            "Reading the configuration file, at line 2\n"
            ">>> 'foo bar'\n"
            "Bad directive or wrong number of arguments\n");
}

TEST(ReadConf, DirectivesThatMeanNothingToASentinelAreIgnored) {
  read_good(
      "maxmemory 100mb\nsave 900 1\nlatency-tracking-info-percentiles 50 99 99.9\nappendonly no\n"
      "user default on nopass ~* &* +@all\nalways-show-logo no\nproc-title-template \"{title}\"\n"
      "oom-score-adj-values 0 200 800\nTLS-Cluster no\n");
}

TEST(ReadConf, ServerDirectivesAreObeyed) {
  const DaemonConfig config = read_good(
      "port 5000\nbind 10.0.0.1 -::1\nrequirepass \"s e\"\nmaxclients 77\ntimeout 5\ntcp-keepalive 60\n"
      "protected-mode yes\npidfile /run/x.pid\nlogfile /var/log/x\nloglevel WARNING\nsyslog-enabled yes\n"
      "syslog-ident me\nsyslog-facility local3\nsupervised auto\naclfile /etc/users.acl\nacllog-max-len 9\n"
      "user alice on >secret ~* +@all\nclient-output-buffer-limit pubsub 32mb 8mb 60\nbind-source-addr 10.0.0.1\n"
      "tcp-backlog 9\n"
      "sentinel sentinel-pass abc\nsentinel sentinel-user vigil\nsentinel announce-ip 1.2.3.4\n"
      "sentinel announce-port 6000\n");
  EXPECT_THAT(config.listen, ElementsAre(Endpoint{"10.0.0.1", 5000}, Endpoint{"-::1", 5000}));
  EXPECT_EQ(config.password, "s e");
  EXPECT_EQ(config.peer_password, "abc");
  EXPECT_EQ(config.limits.max_clients, 77U);
  EXPECT_EQ(config.limits.client_output_buffer, std::size_t{32} << 20);
  EXPECT_EQ(config.conf.idle_timeout, Millis{5000});
  EXPECT_EQ(config.conf.tcp_keepalive, 60U);
  EXPECT_EQ(config.conf.tcp_backlog, 9U);
  EXPECT_EQ(config.conf.bind_source_address, "10.0.0.1");
  EXPECT_TRUE(config.conf.protected_mode);
  EXPECT_EQ(config.conf.pid_file, "/run/x.pid");
  EXPECT_EQ(config.log.file, "/var/log/x");
  EXPECT_EQ(config.log.level, LogLevel::Warning);
  EXPECT_EQ(config.conf.log_level, "warning");
  EXPECT_TRUE(config.log.syslog);
  EXPECT_EQ(config.log.syslog_facility, "local3");
  EXPECT_EQ(config.conf.supervised, Supervised::Auto);
  EXPECT_THAT(config.conf.users, ElementsAre(ElementsAre("alice", "on", ">secret", "~*", "+@all")));
  EXPECT_EQ(config.process.announce, (Endpoint{"1.2.3.4", 6000}));
}

TEST(ReadConf, OneBoundAddressIsToldToOthersIfTheyCanUseIt) {
  EXPECT_EQ(read_good("bind 10.0.0.1\n").process.announce.host, "10.0.0.1");
  for (const char* bind : {"*", "0.0.0.0", "::*", "-10.0.0.1", "localhost", "10.0.0.1 10.0.0.2"})
    EXPECT_EQ(read_good(std::string("bind ") + bind + "\n").process.announce.host, "") << bind;
}

TEST(ReadConf, OnlyTheOwnPasswordMeansThatPeersHaveItToo) {
  EXPECT_EQ(read_good("requirepass abc\n").peer_password, "") << "the password serves then";
}

TEST(ReadConf, OptionsOfTheCommandLineComeLastAndAreCountedOn) {
  const DaemonConfig config =
      read_good("port 1000\n", "port \"2000\"\nsentinel monitor \"m\" \"127.0.0.1\" \"1\" \"2\"\n");
  EXPECT_EQ(config.listen.front().port, 2000);
  EXPECT_EQ(config.groups.size(), 1U);
  EXPECT_THAT(config.overrides, ElementsAre(ConfOverride{"port", {"port", "2000"}}));
  const auto bad = read("port 1000\n", "sentinel foo\nport \"abc\"\n");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().line, 4);  // As redis-sentinel counts.
  EXPECT_EQ(bad.error().text, "port \"abc\"");
}

class Includes : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/vigil-conf-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  std::filesystem::path folder_;
};

TEST_F(Includes, FilesAndPatternsAreReadInPlace) {
  write("a.inc", "sentinel monitor a 127.0.0.1 1 1\n");
  write("b.inc", "sentinel monitor b 127.0.0.1 2 1\nport 7000\n");
  const std::string main = write("main.conf", "port 1\ninclude " + (folder_ / "*.inc").string() + "\n");
  const auto config = read_conf(main);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->groups.size(), 2U);
  EXPECT_EQ(config->listen.front().port, 7000);
}

TEST_F(Includes, AnErrorNamesTheLineOfTheIncludedFile) {
  const std::string inner = write("inner", "\n\nfoo bar\n");
  const auto config = read_conf(write("main.conf", "include " + inner + "\n"));
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().file, inner);
  EXPECT_EQ(config.error().line, 3);
}

TEST_F(Includes, AFileThatIncludesItselfIsRefused) {
  const std::string main = (folder_ / "main.conf").string();
  write("main.conf", "include " + main + "\n");
  const auto config = read_conf(main);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, testing::HasSubstr("files deep"));
}

TEST_F(Includes, AFileThatIsMissingIsNamed) {
  const auto config = read_conf(write("main.conf", "include /nonexistent\n"));
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().line, 0);
  EXPECT_EQ(config.error().message, "can't open config file '/nonexistent': No such file or directory");
}

}  // namespace
}  // namespace sentinel::conf
