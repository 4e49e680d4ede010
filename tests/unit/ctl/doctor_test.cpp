// What vigilctl doctor makes of a group's facts.
#include "sentinel/ctl/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sentinel {
namespace {

NodeFacts node(std::uint16_t port, bool is_master) {
  NodeFacts facts{.at = {"10.0.0.1", port}, .is_master = is_master};
  facts.info = parse_info("slave_priority:100\r\nprocess_supervised:no\r\n");
  facts.config = {{"min-replicas-to-write", "1"},
                  {"min-replicas-max-lag", "10"},
                  {"save", "3600 1"},
                  {"appendonly", "no"},
                  {"repl-backlog-size", "1048576"},
                  {"repl-timeout", "60"},
                  {"repl-ping-replica-period", "10"}};
  return facts;
}

GroupFacts healthy() {
  GroupFacts facts{.group = "g", .quorum = 2, .down_after = Millis{30000}, .bytes_per_second = 1000.0};
  facts.nodes = {node(1, true), node(2, false), node(3, false)};
  facts.sentinels = {{{"10.0.1.1", 26379}, ""}, {{"10.0.1.2", 26379}, ""}, {{"10.0.1.3", 26379}, ""}};
  return facts;
}

void set(NodeFacts& facts, const std::string& name, const std::string& value) {
  for (auto& [key, old] : facts.config)
    if (key == name) old = value;
}

// "severity topic" of each finding but the notes.
std::vector<std::string> complaints(const GroupFacts& facts) {
  std::vector<std::string> list;
  for (const Finding& finding : examine(facts)) {
    if (finding.severity == Severity::Note) continue;
    EXPECT_FALSE(finding.what.empty() || finding.why.empty() || finding.fix.empty()) << finding.topic;
    list.push_back((finding.severity == Severity::Error ? "error " : "warning ") + finding.topic);
  }
  return list;
}

using Complaints = std::vector<std::string>;

TEST(Doctor, FindsAHealthyGroupWellAndTellsItsRealBound) {
  const auto findings = examine(healthy());
  EXPECT_TRUE(is_well(findings));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings.front().what.find("after 11 s"), std::string::npos) << findings.front().what;
}

struct Case {
  const char* name;
  void (*spoil)(GroupFacts&);
  Complaints expected;
};

class DoctorFinds : public testing::TestWithParam<Case> {};

TEST_P(DoctorFinds, WhatIsWrong) {
  GroupFacts facts = healthy();
  GetParam().spoil(facts);
  EXPECT_EQ(complaints(facts), GetParam().expected);
  EXPECT_FALSE(is_well(examine(facts)));
  EXPECT_FALSE(to_json("g", examine(facts))["well"].get<bool>());
}

INSTANTIATE_TEST_SUITE_P(
    Rows, DoctorFinds,
    testing::Values(
        Case{"Quorum", [](GroupFacts& facts) { facts.quorum = 4; }, {"error quorum"}},
        Case{"OneHost",
             [](GroupFacts& facts) {
               for (auto& sentinel : facts.sentinels) sentinel.at.host = "10.0.1.1";
             },
             {"error sentinel-hosts"}},
        Case{"TwoSentinels", [](GroupFacts& facts) { facts.sentinels.pop_back(); }, {"error sentinels"}},
        Case{"DeafSentinel", [](GroupFacts& facts) { facts.sentinels[1].problem = "refused"; }, {"error sentinels"}},
        Case{"NoReplica", [](GroupFacts& facts) { facts.nodes.resize(1); }, {"error replicas"}},
        Case{"OneReplica", [](GroupFacts& facts) { facts.nodes.resize(2); }, {"warning replicas"}},
        Case{"Priorities",
             [](GroupFacts& facts) {
               for (auto& each : facts.nodes) each.info = parse_info("slave_priority:0\r\n");
             },
             {"error priorities"}},
        Case{"NoBound",
             [](GroupFacts& facts) { set(facts.nodes[0], "min-replicas-to-write", "0"); },
             {"warning write-safety"}},
        Case{"Backlog", [](GroupFacts& facts) { facts.bytes_per_second = 1e6; }, {"warning backlog"}},
        Case{"Persistence", [](GroupFacts& facts) { set(facts.nodes[1], "save", ""); }, {"warning persistence"}},
        Case{"Supervised",
             [](GroupFacts& facts) {
               set(facts.nodes[0], "save", "");
               facts.nodes[0].info = parse_info("process_supervised:systemd\r\n");
             },
             {"error persistence"}},
        Case{"ReplTimeout",
             [](GroupFacts& facts) { set(facts.nodes[2], "repl-timeout", "25"); },
             {"warning repl-timeout"}},
        Case{"ReplPing",
             [](GroupFacts& facts) { set(facts.nodes[2], "repl-ping-replica-period", "40"); },
             {"warning repl-timeout"}},
        Case{"Renamed",
             [](GroupFacts& facts) { facts.nodes[0].missing_commands = {"CONFIG"}; },
             {"warning renamed-commands"}},
        Case{"Denied", [](GroupFacts& facts) { facts.nodes[0].denied = {"SLAVEOF"}; }, {"error permissions"}},
        Case{"DeafNode", [](GroupFacts& facts) { facts.nodes[1].problem = "timed out"; }, {"error node"}}),
    [](const auto& row) { return row.param.name; });

TEST(Doctor, PutsErrorsFirst) {
  GroupFacts facts = healthy();
  set(facts.nodes[0], "min-replicas-to-write", "0");
  facts.quorum = 4;
  EXPECT_EQ(complaints(facts), (Complaints{"error quorum", "warning write-safety"}));
}

}  // namespace
}  // namespace sentinel
