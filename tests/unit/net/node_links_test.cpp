// Links to real redis-server processes: connecting, handshakes, pings and INFO.
#include "sentinel/net/node_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "link_world.h"

namespace sentinel {
namespace {

using ::testing::HasSubstr;

constexpr LinkId kLink{1};
constexpr const char* kHello = "127.0.0.1,26379,0123456789012345678901234567890123456789,3,mymaster,127.0.0.1,6379,2";

TEST(NodeLinks, comes_up_and_answers_ping_and_info) {
  RedisServer server;
  LinkWorld world;
  world.perform(OpenLink{kLink, server.at(), {}});

  const auto up = world.next<LinkUp>(kLink);
  ASSERT_TRUE(up);
  EXPECT_EQ(up->ip, "127.0.0.1");
  EXPECT_EQ(up->local_ip, "127.0.0.1");
  world.perform(SendPing{kLink});
  world.perform(SendInfo{kLink});
  EXPECT_EQ(world.links.pending(kLink), 2u);

  const auto ping = world.next<PingReply>(kLink);
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->verdict, PingVerdict::Pong);
  const auto reply = world.next<InfoReply>(kLink);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->info.role, NodeRole::Master);
  EXPECT_EQ(reply->info.run_id.size(), 40u);
  EXPECT_EQ(world.links.pending(kLink), 0u);
  EXPECT_THAT(server.command({"CLIENT", "LIST"}), HasSubstr("name=sentinel-0123abcd-cmd"));
}

TEST(NodeLinks, finds_a_host_by_name) {
  RedisServer server;
  LinkWorld world;
  world.perform(OpenLink{kLink, {"localhost", server.port()}, {}});
  const auto up = world.next<LinkUp>(kLink);
  ASSERT_TRUE(up);
  EXPECT_EQ(up->ip, "127.0.0.1");
}

TEST(NodeLinks, reports_each_refused_attempt) {
  LinkWorld world;
  world.perform(OpenLink{kLink, {"127.0.0.1", free_port()}, {}});
  EXPECT_TRUE(world.until([&] { return world.all<LinkDown>(kLink).size() >= 4; }));
  for (const LinkDown& down : world.all<LinkDown>(kLink)) EXPECT_EQ(down.cause, DownCause::Refused) << down.text;
}

TEST(NodeLinks, reports_a_name_without_an_address) {
  LinkWorld world;
  world.perform(OpenLink{kLink, {"no-such-host.invalid", 6379}, {}});
  const auto down = world.next<LinkDown>(kLink);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->cause, DownCause::Unresolvable) << down->text;
}

TEST(NodeLinks, reports_what_is_not_redis) {
  asio::io_context io;
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  LinkWorld world;
  world.perform(OpenLink{kLink, {"127.0.0.1", acceptor.local_endpoint().port()}, {}});
  acceptor.non_blocking(true);
  asio::ip::tcp::socket socket(io);
  asio::error_code error;
  ASSERT_TRUE(world.until([&] { return acceptor.accept(socket, error), !error; }));
  socket.send(asio::buffer(std::string("SSH-2.0-OpenSSH_9.2\r\n")));
  const auto down = world.next<LinkDown>(kLink);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->cause, DownCause::Failed);
  EXPECT_THAT(down->text, HasSubstr("protocol error"));
}

TEST(NodeLinks, logs_in_with_a_password_and_with_a_user) {
  RedisServer server({}, {"requirepass secret", "user watcher on >word ~* &* +@all"});
  LinkWorld world;
  EXPECT_TRUE(world.open(kLink, server, {.user = {}, .password = "secret", .rename_commands = {}}));
  EXPECT_TRUE(world.open(LinkId{2}, server, {.user = "watcher", .password = "word", .rename_commands = {}}));
  world.perform(SendPing{LinkId{2}});
  const auto ping = world.next<PingReply>(LinkId{2});
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->verdict, PingVerdict::Pong);
}

TEST(NodeLinks, tells_a_wrong_password_in_the_servers_words) {
  RedisServer server({"--requirepass", "secret"});
  LinkWorld world;
  world.perform(OpenLink{kLink, server.at(), {.user = {}, .password = "wrong", .rename_commands = {}}});
  const auto wrong = world.next<LinkDown>(kLink);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->cause, DownCause::Failed);
  EXPECT_THAT(wrong->text, HasSubstr("WRONGPASS"));

  world.perform(OpenLink{LinkId{2}, server.at(), {}});
  const auto missing = world.next<LinkDown>(LinkId{2});
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->cause, DownCause::Failed);
  EXPECT_THAT(missing->text, HasSubstr("NOAUTH"));
  EXPECT_TRUE(world.all<LinkUp>(kLink).empty());
}

// An old server that has no HELLO: AUTH and SETNAME by themselves.
TEST(NodeLinks, falls_back_to_resp2_where_hello_is_unknown) {
  RedisServer server({}, {"rename-command HELLO \"\"", "requirepass secret"});
  server.password = "secret";
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server, {.user = {}, .password = "secret", .rename_commands = {}}));
  world.perform(SendInfo{kLink});
  const auto reply = world.next<InfoReply>(kLink);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->info.role, NodeRole::Master);
  EXPECT_THAT(server.command({"CLIENT", "LIST"}), HasSubstr("name=sentinel-0123abcd-cmd"));

  world.perform(OpenLink{LinkId{2}, server.at(), {.user = {}, .password = "wrong", .rename_commands = {}}});
  const auto wrong = world.next<LinkDown>(LinkId{2});
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->cause, DownCause::Failed);
  EXPECT_THAT(wrong->text, HasSubstr("WRONGPASS"));
}

TEST(NodeLinks, uses_the_names_that_commands_were_given) {
  RedisServer server({}, {"rename-command PING alive", "rename-command INFO facts", "rename-command HELLO greet"});
  LinkWorld world;
  const std::map<std::string, std::string> names = {{"PING", "alive"}, {"INFO", "facts"}, {"HELLO", "greet"}};
  ASSERT_TRUE(world.open(kLink, server, {.user = {}, .password = {}, .rename_commands = names}));
  world.perform(SendPing{kLink});
  world.perform(SendInfo{kLink});
  const auto ping = world.next<PingReply>(kLink);
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->verdict, PingVerdict::Pong);
  EXPECT_TRUE(world.next<InfoReply>(kLink));
  EXPECT_THAT(server.command({"CLIENT", "LIST"}), HasSubstr("resp=3"));
}

TEST(NodeLinks, ping_shows_a_busy_script_until_it_is_killed) {
  RedisServer server({"--busy-reply-threshold", "10"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  asio::io_context io;
  asio::ip::tcp::socket script(io);
  script.connect({asio::ip::address_v4::loopback(), server.port()});
  script.send(asio::buffer(std::string("EVAL \"while true do end\" 0\r\n")));
  bool killed = false;
  EXPECT_TRUE(world.until([&] {
    world.perform(SendPing{kLink});
    world.io.run_for(std::chrono::milliseconds(20));
    world.io.restart();
    const auto pings = world.all<PingReply>(kLink);
    if (pings.empty()) return false;
    if (!killed && pings.back().verdict == PingVerdict::Busy) {
      world.perform(ScriptKill{kLink});
      killed = true;
    }
    return killed && pings.back().verdict == PingVerdict::Pong;
  }));
}

void expect_hellos_travel(const std::vector<std::string>& config_lines) {
  RedisServer server({}, config_lines);
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  ASSERT_TRUE(world.open(LinkId{2}, server));
  world.perform(SetHelloListening{kLink, true});
  const auto subscribers = [&] { return server.command({"PUBSUB", "NUMSUB", kHelloChannel}); };
  ASSERT_TRUE(world.until([&] { return world.io.poll(), subscribers().ends_with("1"); }));
  world.perform(PublishHello{LinkId{2}, "not a hello"});
  world.perform(PublishHello{LinkId{2}, kHello});
  const auto hello = world.next<HelloReceived>(kLink);
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->hello.group, "mymaster");
  EXPECT_EQ(world.links.malformed_hellos(), 1u);
  EXPECT_EQ(world.all<HelloReceived>(kLink).size(), 1u);

  world.perform(SetHelloListening{kLink, false});
  EXPECT_TRUE(world.until([&] { return world.io.poll(), subscribers().ends_with("0"); }));

  // Again after a reconnect.
  world.perform(SetHelloListening{kLink, true});
  ASSERT_TRUE(world.until([&] { return world.io.poll(), subscribers().ends_with("1"); }));
  server.kill();
  ASSERT_TRUE(world.next<LinkDown>(kLink));
  server.start();
  ASSERT_TRUE(world.until([&] { return world.io.poll(), subscribers().ends_with("1"); }));
}

TEST(NodeLinks, hears_hellos_on_the_same_connection_with_resp3) { expect_hellos_travel({}); }

TEST(NodeLinks, hears_hellos_on_a_second_connection_with_resp2) { expect_hellos_travel({"rename-command HELLO \"\""}); }

TEST(NodeLinks, a_refused_subscription_does_not_confuse_the_replies) {
  RedisServer server({}, {"user watcher on >word ~* resetchannels +@all"});
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server, {.user = "watcher", .password = "word", .rename_commands = {}}));
  world.perform(SetHelloListening{kLink, true});
  world.perform(SendPing{kLink});
  world.perform(SendInfo{kLink});
  const auto ping = world.next<PingReply>(kLink);
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->verdict, PingVerdict::Pong);
  EXPECT_TRUE(world.next<InfoReply>(kLink));
}

TEST(NodeLinks, a_killed_server_is_refused_and_a_restarted_one_comes_up) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  world.clear();
  server.kill();
  ASSERT_TRUE(world.until([&] { return world.all<LinkDown>(kLink).size() >= 2; }));
  EXPECT_EQ(world.all<LinkDown>(kLink)[0].cause, DownCause::Closed);
  EXPECT_EQ(world.all<LinkDown>(kLink)[1].cause, DownCause::Refused);
  // Attempts of an urgent link are 50 ms apart at most, those of others up to a second.
  const LinkId patient{2};
  world.perform(OpenLink{patient, server.at(), {}});
  world.run_for(std::chrono::milliseconds(2500));
  world.perform(SetUrgent{kLink, true});
  world.clear();
  ASSERT_TRUE(world.until([&] { return world.all<LinkDown>(kLink).size() >= 20; }));
  EXPECT_LT(world.all<LinkDown>(patient).size(), 10u);
  server.start();
  EXPECT_TRUE(world.next<LinkUp>(kLink));
}

// A count, not a time: a slow machine makes fewer attempts.
TEST(NodeLinks, many_urgent_links_share_the_attempts) {
  constexpr std::uint64_t kLinks = 400;
  RedisServer server;
  const Endpoint at = server.at();
  server.kill();
  LinkWorld world;
  for (std::uint64_t i = 1; i <= kLinks; ++i) {
    world.perform(OpenLink{LinkId{i}, at, {}});
    world.perform(SetUrgent{LinkId{i}, true});
  }
  world.run_for(std::chrono::milliseconds(2000));
  // Each alone would make forty.
  EXPECT_LT(world.inputs.size(), kLinks * 20);
}

TEST(NodeLinks, a_loading_server_is_up_and_says_that_it_loads) {
  RedisServer server({},
                     {"enable-debug-command yes", "key-load-delay 500", "loading-process-events-interval-bytes 1024"});
  ASSERT_EQ(server.command({"DEBUG", "POPULATE", "1000"}), "OK");
  ASSERT_EQ(server.command({"SAVE"}), "OK");
  server.kill();
  server.start();
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  world.perform(SendPing{kLink});
  const auto ping = world.next<PingReply>(kLink);
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->verdict, PingVerdict::Loading);
  EXPECT_THAT(ping->text, HasSubstr("LOADING"));
  EXPECT_TRUE(world.until([&] {
    world.perform(SendPing{kLink});
    world.run_for(std::chrono::milliseconds(50));
    return world.all<PingReply>(kLink).back().verdict == PingVerdict::Pong;
  }));
  EXPECT_TRUE(world.all<LinkDown>(kLink).empty());
}

TEST(NodeLinks, connects_again_when_its_connection_is_killed) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  world.clear();
  server.command({"CLIENT", "KILL", "TYPE", "normal"});
  const auto down = world.next<LinkDown>(kLink);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->cause, DownCause::Closed);
  EXPECT_TRUE(world.next<LinkUp>(kLink));
}

TEST(NodeLinks, a_stopped_server_times_out_and_is_up_when_it_resumes) {
  RedisServer server;
  server.signal(SIGSTOP);
  LinkWorld world;
  world.perform(OpenLink{kLink, server.at(), {}});
  const auto down = world.next<LinkDown>(kLink);  // The kernel accepted; nobody answered.
  ASSERT_TRUE(down);
  EXPECT_EQ(down->cause, DownCause::TimedOut);
  EXPECT_TRUE(world.all<LinkUp>(kLink).empty());
  server.signal(SIGCONT);
  EXPECT_TRUE(world.next<LinkUp>(kLink));
}

TEST(NodeLinks, a_short_stop_loses_nothing) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  server.signal(SIGSTOP);
  world.perform(SendPing{kLink});
  world.run_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(world.all<PingReply>(kLink).empty());
  server.signal(SIGCONT);
  EXPECT_TRUE(world.next<PingReply>(kLink));
  EXPECT_TRUE(world.all<LinkDown>(kLink).empty());
}

TEST(NodeLinks, a_hanging_server_is_given_up_after_the_silence_limit) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  server.signal(SIGSTOP);
  world.perform(SendPing{kLink});
  const auto down = world.next<LinkDown>(kLink);
  server.signal(SIGCONT);
  ASSERT_TRUE(down);
  EXPECT_EQ(down->cause, DownCause::TimedOut);
  EXPECT_TRUE(world.next<LinkUp>(kLink));
}

TEST(NodeLinks, commands_that_a_hanging_server_does_not_answer_are_limited) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  server.signal(SIGSTOP);
  for (int i = 0; i < 1000; ++i) world.perform(SendPing{kLink});
  EXPECT_EQ(world.links.pending(kLink), kPendingCommandsMax);
  const auto answer = world.answer_to(ReadConfig{kLink, Token{7}, Millis{1000}});
  server.signal(SIGCONT);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error, "too many pending");
}

TEST(NodeLinks, a_closed_link_is_not_heard_of_again) {
  RedisServer server;
  LinkWorld world;
  ASSERT_TRUE(world.open(kLink, server));
  world.perform(SendPing{kLink});
  world.perform(CloseLink{kLink});
  world.clear();
  world.run_for(std::chrono::milliseconds(200));
  EXPECT_TRUE(world.inputs.empty());
  EXPECT_EQ(world.links.size(), 0u);
  EXPECT_THAT(server.command({"CLIENT", "LIST"}), ::testing::Not(HasSubstr("sentinel-")));
}

}  // namespace
}  // namespace sentinel
