#include "sentinel/ctl/deployment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sentinel {
namespace {

using ::testing::HasSubstr;

TEST(Deployment, ReadsYaml) {
  const auto deployment = parse_deployment(
      "sentinels: ['10.0.0.1:26379', '[::1]:26380']\n"
      "nodes:\n"
      "  - address: 127.0.0.1:6379\n"
      "    pid: 4711\n"
      "  - {address: '127.0.0.1:6380', pidfile: /run/r.pid, restart: systemctl start redis}\n",
      "d.yaml");
  ASSERT_TRUE(deployment) << deployment.error();
  EXPECT_EQ(deployment->sentinels[1], (Endpoint{"::1", 26380}));
  ASSERT_NE(deployment->find({"127.0.0.1", 6379}), nullptr);
  EXPECT_EQ(deployment->find({"127.0.0.1", 6379})->pid, 4711);
  EXPECT_EQ(deployment->find({"127.0.0.1", 6380})->restart, "systemctl start redis");
  EXPECT_EQ(deployment->find({"127.0.0.1", 6381}), nullptr);
}

TEST(Deployment, ReadsJson) {
  const auto deployment =
      parse_deployment(R"({"sentinels": ["10.0.0.1:26379"], "nodes": [{"address": "a:1", "pid": 9}]})", "d");
  ASSERT_TRUE(deployment) << deployment.error();
  EXPECT_EQ(deployment->nodes[0].pid, 9);
}

TEST(Deployment, ReportsEveryErrorWithItsLine) {
  const auto deployment = parse_deployment(
      "sentinels: [nowhere]\n"
      "nodes:\n"
      "  - {adress: '127.0.0.1:6379'}\n"
      "  - address: 127.0.0.1:6380\n"
      "    pid: 1\n"
      "extra: 1\n",
      "d.yaml");
  ASSERT_FALSE(deployment);
  EXPECT_THAT(deployment.error(), HasSubstr("d.yaml:1: expected an address"));
  EXPECT_THAT(deployment.error(), HasSubstr("d.yaml:3: unknown key 'adress'"));
  EXPECT_THAT(deployment.error(), HasSubstr("d.yaml:3: this node has no 'address'"));
  EXPECT_THAT(deployment.error(), HasSubstr("d.yaml:5: expected the number of a process"));
  EXPECT_THAT(deployment.error(), HasSubstr("d.yaml:6: unknown key 'extra'"));
}

TEST(Deployment, GarbageIsAnErrorNotACrash) {
  for (const char* text :
       {"", "- a", "{", "nodes: 3", "sentinels: {a: 1}", "nodes: [x]", "nodes: [{address: [1]}]", "~: 1", "[1]: 2"}) {
    EXPECT_FALSE(parse_deployment(text, "d")) << text;
  }
}

TEST(Deployment, AMissingPidfileIsAnError) {
  EXPECT_EQ(*process_of({.at = {}, .pid = 7, .pidfile = "", .restart = ""}), 7);
  EXPECT_EQ(*process_of({.at = {}, .pid = 0, .pidfile = "", .restart = ""}), 0);
  EXPECT_FALSE(process_of({.at = {}, .pid = 0, .pidfile = "/nonexistent/r.pid", .restart = ""}));
}

}  // namespace
}  // namespace sentinel
