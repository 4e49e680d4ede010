// Promote, Repoint and the other commands with a token, on real servers.
#include "sentinel/net/role_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/read.hpp>

#include "link_world.h"

namespace sentinel {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr LinkId kMaster{1};
constexpr LinkId kReplica{2};
constexpr Token kToken{42};
constexpr Millis kTimeout{5000};

std::string port_of(const RedisServer& server) { return std::to_string(server.port()); }

Promote promote(LinkId link, std::optional<unsigned> min_replicas = {}) {
  return {.link = link, .token = kToken, .timeout = kTimeout, .min_replicas_to_write = min_replicas};
}
Repoint repoint(LinkId link, Endpoint master, bool fence = false) {
  return {.link = link, .token = kToken, .timeout = kTimeout, .master = std::move(master), .fence = fence};
}

TEST(RoleChange, promotes_a_replica_and_reads_its_new_role_in_the_same_round_trip) {
  RedisServer master;
  RedisServer replica({}, {"replicaof 127.0.0.1 " + port_of(master)});
  LinkWorld world;
  ASSERT_TRUE(world.open(kReplica, replica));
  asio::io_context io;
  asio::ip::tcp::socket client(io);
  client.connect({asio::ip::address_v4::loopback(), replica.port()});
  client.send(asio::buffer(std::string("PING\r\n")));
  std::string pong(7, ' ');
  asio::read(client, asio::buffer(pong));  // The server has accepted it: now it can be killed.

  const auto answer = world.answer_to(promote(kReplica, 0));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_EQ(answer->token, kToken);
  EXPECT_THAT(answer->warnings, IsEmpty());
  ASSERT_TRUE(answer->info);
  EXPECT_EQ(answer->info->role, NodeRole::Master);
  EXPECT_THAT(replica.config_file(), Not(HasSubstr("replicaof")));  // CONFIG REWRITE.
  // Clients of the replica were sent away, and we were not.
  char byte;
  asio::error_code error;
  client.receive(asio::buffer(&byte, 1), 0, error);
  EXPECT_EQ(error, asio::error::eof);
  EXPECT_THAT(world.all<LinkDown>(kReplica), IsEmpty());
}

TEST(RoleChange, repoints_a_node) {
  RedisServer master;
  RedisServer other;
  LinkWorld world;
  ASSERT_TRUE(world.open(kReplica, other));
  const auto answer = world.answer_to(repoint(kReplica, master.at()));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  ASSERT_TRUE(answer->info);
  EXPECT_EQ(answer->info->role, NodeRole::Replica);
  EXPECT_EQ(answer->info->master, master.at());
  EXPECT_THAT(other.config_file(), HasSubstr("replicaof 127.0.0.1 " + port_of(master)));
}

TEST(RoleChange, works_in_resp2) {
  RedisServer master;
  RedisServer other({}, {"rename-command HELLO \"\""});
  LinkWorld world;
  ASSERT_TRUE(world.open(kReplica, other));
  const auto answer = world.answer_to(repoint(kReplica, master.at(), true));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_THAT(answer->warnings, IsEmpty());
  ASSERT_TRUE(answer->info);
  EXPECT_EQ(answer->info->role, NodeRole::Replica);
}

TEST(RoleChange, a_fence_is_lifted_to_its_former_value_after_the_repoint) {
  RedisServer master;
  RedisServer other({}, {"min-replicas-to-write 3"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kReplica, other));
  const auto answer = world.answer_to(repoint(kReplica, master.at(), true));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_THAT(other.command({"CONFIG", "GET", "min-replicas-to-write"}), HasSubstr("\n3"));
  EXPECT_THAT(other.config_file(), HasSubstr("min-replicas-to-write 3"));
}

TEST(RoleChange, a_fence_left_by_an_earlier_attempt_is_not_taken_for_the_operators_choice) {
  RedisServer master;
  RedisServer other({}, {"min-replicas-to-write 1000000"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kReplica, other));
  const auto answer = world.answer_to(repoint(kReplica, master.at(), true));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_THAT(answer->warnings, ElementsAre(HasSubstr("former min-replicas-to-write unknown")));
  EXPECT_THAT(other.command({"CONFIG", "GET", "min-replicas-to-write"}), HasSubstr("\n0"));
}

TEST(RoleChange, a_node_that_refuses_to_be_repointed_stays_fenced) {
  RedisServer other({}, {"user watcher on >word ~* &* +@all -slaveof"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kReplica, other, {.user = "watcher", .password = "word", .rename_commands = {}}));
  const auto answer = world.answer_to(repoint(kReplica, {"127.0.0.1", 1}, true));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->ok);
  EXPECT_TRUE(answer->refused);
  EXPECT_THAT(answer->error, HasSubstr("NOPERM"));
  EXPECT_THAT(other.command({"SET", "k", "v"}), HasSubstr("NOREPLICAS"));
}

TEST(RoleChange, does_without_optional_commands_that_are_unknown) {
  RedisServer master;
  RedisServer replica({}, {"replicaof 127.0.0.1 " + port_of(master), "rename-command CONFIG \"\""});
  LinkWorld world;
  ASSERT_TRUE(world.open(kReplica, replica));
  const auto answer = world.answer_to(promote(kReplica, 0));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_THAT(answer->warnings, ElementsAre(HasSubstr("CONFIG SET min-replicas-to-write 0: ERR unknown command"),
                                            HasSubstr("CONFIG REWRITE: ERR unknown command")));
  ASSERT_TRUE(answer->info);
  EXPECT_EQ(answer->info->role, NodeRole::Master);
}

TEST(RoleChange, does_without_optional_commands_that_are_not_permitted) {
  RedisServer replica({}, {"user watcher on >word ~* &* +@all -client|kill -config"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kReplica, replica, {.user = "watcher", .password = "word", .rename_commands = {}}));
  const auto answer = world.answer_to(repoint(kReplica, {"127.0.0.1", 1}, true));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_EQ(answer->warnings.size(), 4u);  // Fence, CONFIG REWRITE, two CLIENT KILLs.
  EXPECT_THAT(answer->warnings, Contains(HasSubstr("fence: NOPERM")));
  ASSERT_TRUE(answer->info);
  EXPECT_EQ(answer->info->role, NodeRole::Replica);
}

TEST(RoleChange, is_refused_with_the_servers_words) {
  RedisServer server({}, {"user watcher on >word ~* &* +@all -slaveof", "rename-command REPLICAOF \"\""});
  LinkWorld world;
  ASSERT_TRUE(world.open(kMaster, server, {.user = "watcher", .password = "word", .rename_commands = {}}));
  const auto answer = world.answer_to(promote(kMaster));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->ok);
  EXPECT_TRUE(answer->refused);
  EXPECT_THAT(answer->error, HasSubstr("NOPERM"));
  // The connection is in step: what follows is answered.
  world.perform(SendPing{kMaster});
  EXPECT_TRUE(world.next<PingReply>(kMaster));
}

TEST(RoleChange, is_refused_by_a_cluster_node_inside_the_transaction) {
  RedisServer server({"--cluster-enabled", "yes"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kMaster, server));
  const auto answer = world.answer_to(promote(kMaster));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->ok);
  EXPECT_TRUE(answer->refused);
  EXPECT_THAT(answer->error, HasSubstr("cluster"));
}

TEST(RoleChange, happens_without_a_transaction_where_multi_is_refused) {
  RedisServer server({}, {"user watcher on >word ~* &* +@all -multi"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kMaster, server, {.user = "watcher", .password = "word", .rename_commands = {}}));
  const auto answer = world.answer_to(repoint(kMaster, {"127.0.0.1", 1}));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok) << answer->error;
  EXPECT_THAT(answer->warnings, Contains(HasSubstr("MULTI: NOPERM")));
  ASSERT_TRUE(answer->info);
  EXPECT_EQ(answer->info->role, NodeRole::Replica);
}

TEST(RoleChange, is_refused_where_exec_is) {
  RedisServer server({}, {"user watcher on >word ~* &* +@all -exec"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kMaster, server, {.user = "watcher", .password = "word", .rename_commands = {}}));
  const auto answer = world.answer_to(repoint(kMaster, {"127.0.0.1", 1}));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->ok);
  EXPECT_TRUE(answer->refused);
  EXPECT_THAT(answer->error, HasSubstr("NOPERM"));
  world.perform(SendInfo{kMaster});  // The connection is out of the transaction.
  const auto reply = world.next<InfoReply>(kMaster);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->info.role, NodeRole::Master);
}

TEST(Exchange, times_out_and_takes_a_new_connection) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kMaster, server));
  server.signal(SIGSTOP);
  Promote action = promote(kMaster);
  action.timeout = Millis{100};
  const auto answer = world.answer_to(action);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->ok);
  EXPECT_FALSE(answer->refused);
  EXPECT_EQ(answer->error, "timed out");
  ASSERT_TRUE(world.next<LinkDown>(kMaster));
  server.signal(SIGCONT);
  EXPECT_TRUE(world.next<LinkUp>(kMaster));
}

TEST(Exchange, is_answered_before_its_link_is_told_to_be_down) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kMaster, server));
  server.signal(SIGSTOP);
  world.clear();
  world.perform(promote(kMaster));
  world.run_for(std::chrono::milliseconds(50));
  server.kill();
  ASSERT_TRUE(world.next<LinkDown>(kMaster));
  ASSERT_GE(world.inputs.size(), 2u);
  const auto* answer = std::get_if<CommandReply>(&world.inputs[0]);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->ok);
  EXPECT_FALSE(answer->refused);
  EXPECT_EQ(answer->error, "connection lost");
  EXPECT_TRUE(std::holds_alternative<LinkDown>(world.inputs[1]));
}

TEST(Exchange, without_a_link_is_answered_at_once) {
  LinkWorld world;
  const auto unknown = world.answer_to(promote(LinkId{99}));
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->error, "not connected");
  world.perform(OpenLink{kMaster, {"127.0.0.1", free_port()}, {}});
  const auto down = world.answer_to(promote(kMaster));
  ASSERT_TRUE(down);
  EXPECT_FALSE(down->ok);
  EXPECT_FALSE(down->refused);
  EXPECT_EQ(down->error, "not connected");
}

TEST(Exchange, sets_and_reads_the_configuration) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kMaster, server));
  const ConfigSet set{kMaster, kToken, kTimeout, {{"min-replicas-to-write", "2"}, {"min-replicas-max-lag", "7"}}};
  const auto done = world.answer_to(set);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->ok) << done->error;
  const auto read = world.answer_to(ReadConfig{kMaster, kToken, kTimeout});
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->ok) << read->error;
  EXPECT_THAT(read->values, ElementsAre(std::pair<std::string, std::string>("min-replicas-to-write", "2"),
                                        std::pair<std::string, std::string>("min-replicas-max-lag", "7")));

  const auto wrong = world.answer_to(ConfigSet{kMaster, kToken, kTimeout, {{"min-replicas-to-write", "many"}}});
  ASSERT_TRUE(wrong);
  EXPECT_FALSE(wrong->ok);
  EXPECT_TRUE(wrong->refused);
  EXPECT_THAT(wrong->error, HasSubstr("ERR"));
}

TEST(Exchange, pauses_writes_but_not_our_own_questions) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kMaster, server));
  const auto paused = world.answer_to(PauseWrites{kMaster, kToken, kTimeout, Millis{60000}});
  ASSERT_TRUE(paused);
  EXPECT_TRUE(paused->ok) << paused->error;
  ASSERT_TRUE(paused->info);
  EXPECT_EQ(paused->info->role, NodeRole::Master);

  // A hello would wait for the pause's end, with everything behind it.
  world.perform(PublishHello{kMaster, "hello"});
  world.perform(SendPing{kMaster});
  EXPECT_TRUE(world.next<PingReply>(kMaster));
  EXPECT_THAT(server.command({"INFO", "clients"}), HasSubstr("blocked_clients:0"));

  const auto released = world.answer_to(PauseWrites{kMaster, kToken, kTimeout, Millis{0}});
  ASSERT_TRUE(released);
  EXPECT_TRUE(released->ok) << released->error;
  EXPECT_EQ(server.command({"SET", "k", "v"}), "OK");
}

}  // namespace
}  // namespace sentinel
