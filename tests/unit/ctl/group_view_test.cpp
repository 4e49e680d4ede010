#include "sentinel/ctl/group_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replies.h"
#include "sentinel/ctl/status_tree.h"

namespace sentinel {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Style kPlain{.color = false, .unicode = false};

GroupView healthy_group() {
  GroupView group;
  group.name = "m1";
  group.master = {.at = {"10.0.0.1", 6379},
                  .flags = "master",
                  .role_reported = "master",
                  .config_epoch = 3,
                  .down_after = Millis{1000},
                  .last_reply = Millis{12},
                  .offset = 1234567,
                  .failover_state = ""};
  ReplicaView replica;
  replica.at = {"10.0.0.2", 6379};
  replica.flags = "slave";
  replica.link_up = true;
  replica.lag_bytes = 2048;
  group.replicas = {replica};
  SentinelView sentinel;
  sentinel.at = {"10.0.0.9", 26379};
  sentinel.id = "0123456789abcdef0123456789abcdef01234567";
  sentinel.software = "vigil 0.1.0";
  sentinel.master = group.master.at;
  sentinel.quorum_ok = true;
  group.sentinels = {sentinel};
  group.quorum_ok = true;
  group.quorum_text = "OK 1 usable Sentinels";
  group.write_safety = {.min_replicas = 1, .max_lag = 10, .unknown_because = ""};
  return group;
}

TEST(GroupView, AHealthyGroupHasNoProblems) { EXPECT_THAT(problems_of(healthy_group()), IsEmpty()); }

TEST(GroupView, EveryFaultIsNamed) {
  struct Row {
    const char* expected;
    void (*spoil)(GroupView&);
  };
  const Row rows[] = {
      {"a quorum agrees", [](GroupView& g) { g.master.flags = "s_down,o_down,master"; }},
      {"seems down", [](GroupView& g) { g.master.flags = "s_down,master"; }},
      {"no connection", [](GroupView& g) { g.master.flags = "master,disconnected"; }},
      {"a failover is running", [](GroupView& g) { g.master.failover_state = "select_slave"; }},
      {"says that it is a replica", [](GroupView& g) { g.master.role_reported = "slave"; }},
      {"disagrees: it says the master is 10.0.0.2:6379",
       [](GroupView& g) {
         g.sentinels[0].master = {{"10.0.0.2", 6379}};
       }},
      {"disagrees: it says the master is unknown", [](GroupView& g) { g.sentinels[0].master.reset(); }},
      {"sees the master down", [](GroupView& g) { g.sentinels[0].sees_master_down = true; }},
      {"connection refused", [](GroupView& g) { g.sentinels[0].problem = "connection refused"; }},
      {"no quorum", [](GroupView& g) { g.quorum_ok = false; }},
      {"nothing to fail over to", [](GroupView& g) { g.replicas.clear(); }},
      {"none of 1 replica could be promoted", [](GroupView& g) { g.replicas[0].priority = 0; }},
      {"none of 1 replica could be promoted", [](GroupView& g) { g.replicas[0].ineligible = "old data"; }},
      {"replica 10.0.0.2:6379 is down", [](GroupView& g) { g.replicas[0].flags = "s_down,slave"; }},
      {"no link to its master", [](GroupView& g) { g.replicas[0].link_up = false; }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.expected);
    GroupView group = healthy_group();
    row.spoil(group);
    EXPECT_THAT(problems_of(group), Contains(HasSubstr(row.expected)));
  }
}

TEST(GroupView, DecodesWhatStockAnswers) {
  const auto fields = to_fields(testing::words({"name",
                                                "10.0.0.2:6379",
                                                "ip",
                                                "10.0.0.2",
                                                "port",
                                                "6379",
                                                "flags",
                                                "s_down,slave",
                                                "master-link-down-time",
                                                "4000",
                                                "master-link-status",
                                                "err",
                                                "master-host",
                                                "10.0.0.1",
                                                "master-port",
                                                "6379",
                                                "slave-priority",
                                                "0",
                                                "slave-repl-offset",
                                                "99"}));
  ASSERT_TRUE(fields);
  const auto replica = decode_replica(*fields);
  ASSERT_TRUE(replica);
  EXPECT_TRUE(replica->down());
  EXPECT_FALSE(replica->link_up);
  EXPECT_EQ(replica->link_down, Millis{4000});
  EXPECT_EQ(replica->master, "10.0.0.1:6379");
  EXPECT_EQ(replica->priority, 0);
  EXPECT_EQ(replica->offset, 99);
  EXPECT_FALSE(decode_replica(Fields{}));
  EXPECT_FALSE(decode_master(Fields{}));
}

TEST(GroupView, LagIsReadFromOneInfoOfTheMaster) {
  GroupView group = healthy_group();
  group.replicas[0].lag_bytes.reset();
  group.replicas[0].link_up = false;

  apply_master_info(group, parse_info("role:master\r\nmaster_repl_offset:1000\r\n"
                                      "slave0:ip=10.0.0.2,port=6379,state=online,offset=400,lag=1\r\n"));

  EXPECT_EQ(group.master.offset, 1000);
  EXPECT_EQ(group.replicas[0].lag_bytes, 600);
  EXPECT_TRUE(group.replicas[0].link_up);
}

TEST(GroupView, AVigilSentinelSaysWhyAReplicaIsNotEligible) {
  GroupView group = healthy_group();
  apply_explanation(group, {.verdict = "healthy", .findings = {{"replica 10.0.0.2:6379", "may be promoted"}}});
  EXPECT_EQ(group.replicas[0].ineligible, "");
  apply_explanation(group, {.verdict = "healthy", .findings = {{"replica 10.0.0.3:6379", "priority is 0"}}});
  EXPECT_TRUE(group.replicas[0].good());
  apply_explanation(group, {.verdict = "healthy", .findings = {{"replica 10.0.0.2:6379", "is not reachable"}}});
  EXPECT_EQ(group.replicas[0].ineligible, "is not reachable");
  EXPECT_FALSE(group.replicas[0].good());
}

TEST(GroupView, AReplicasInfoSaysNothingAboutTheGroup) {
  GroupView group = healthy_group();
  apply_master_info(group, parse_info("role:slave\r\nmaster_repl_offset:5\r\n"));
  EXPECT_EQ(group.master.offset, 1234567);
}

TEST(StatusTree, ShowsAHealthyGroup) {
  EXPECT_EQ(
      render_status(healthy_group(), kPlain),
      "m1  healthy\n"
      "|- master 10.0.0.1:6379  offset 1,234,567  replied 12 ms ago  epoch 3\n"
      "|- replicas (1)\n"
      "|  `- 10.0.0.2:6379  link up  lag 2.0 kB  priority 100\n"
      "|- sentinels (1)\n"
      "|  `- 10.0.0.9:26379  01234567  vigil 0.1.0  agrees\n"
      "|- quorum OK 1 usable Sentinels\n"
      "`- write safety on: writes need 1 replica heard from within 10 s, so a cut-off master stops accepting them "
      "then\n");
}

TEST(StatusTree, ShowsDisagreementInRedOnATerminalOnly) {
  GroupView group = healthy_group();
  group.sentinels[0].master = {{"10.0.0.2", 6379}};
  EXPECT_THAT(render_status(group, {.color = true, .unicode = true}),
              HasSubstr("\x1b[31mDISAGREES: says 10.0.0.2:6379"));
  EXPECT_THAT(render_status(group, kPlain), HasSubstr("DISAGREES: says 10.0.0.2:6379 (epoch 0)"));
  EXPECT_THAT(render_status(group, kPlain), Not(HasSubstr("\x1b")));
}

TEST(StatusTree, TextFromServersCannotMoveTheCursor) {
  GroupView group = healthy_group();
  group.sentinels[0].software = "redis\x1b[2J";
  group.replicas[0].ineligible = "no\nlink";
  const std::string text = render_status(group, kPlain);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("not eligible: no?link"));
}

TEST(StatusTree, JsonHasWhatTheTreeHas) {
  GroupView group = healthy_group();
  group.quorum_ok = false;
  const auto json = status_json(group);
  EXPECT_EQ(json["healthy"], false);
  EXPECT_EQ(json["master"]["address"], "10.0.0.1:6379");
  EXPECT_EQ(json["replicas"][0]["lag_bytes"], 2048);
  EXPECT_EQ(json["sentinels"][0]["agrees"], true);
  EXPECT_EQ(json["write_safety"]["min_replicas_to_write"], 1);
}

TEST(WriteSafety, SaysWhatTheSettingPromises) {
  EXPECT_THAT(describe(WriteSafetyView{.min_replicas = 0, .max_lag = 10, .unknown_because = ""}), HasSubstr("off:"));
  EXPECT_THAT(describe(WriteSafetyView{.min_replicas = 1, .max_lag = 0, .unknown_because = ""}), HasSubstr("off:"));
  EXPECT_EQ(describe(WriteSafetyView{.min_replicas = {}, .max_lag = {}, .unknown_because = "NOPERM"}),
            "unknown: NOPERM");
}

}  // namespace
}  // namespace sentinel
