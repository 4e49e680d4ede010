// Peer hubs over loopback: finding each other, messages, losses, and strangers.
#include "sentinel/net/peer_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer_world.h"
#include "sentinel/net/peer_connection.h"

namespace sentinel {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ViewMessage kView{.group = "mymaster", .version = 7, .master = {"10.0.0.1", 6379}, .down = true};

Words hello_of(char digit, const std::string& version = "0.1.0") {
  return {"SENTINEL", "PEER", "HELLO", std::string(40, digit), "127.0.0.1", "26379", version};
}

Words frame_of(const PeerMessage& message) {
  Words words = encode(message);
  words.insert(words.begin(), {"SENTINEL", "PEER"});
  return words;
}

TEST(PeerHub, two_processes_find_each_other_and_talk_both_ways) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  PeerProcess b(world.io, 'b');
  a.hub.dial(b.at);  // One direction is enough.
  ASSERT_TRUE(world.until([&] { return a.count<PeerAlive>(b.id) > 0 && b.count<PeerAlive>(a.id) > 0; }));
  ASSERT_EQ(a.all<PeerUp>().size(), 1u);
  EXPECT_EQ(a.all<PeerUp>()[0].id, b.id);
  EXPECT_EQ(a.all<PeerUp>()[0].announced, b.at);
  EXPECT_EQ(a.all<PeerUp>()[0].dialed, b.at);
  ASSERT_EQ(b.all<PeerUp>().size(), 1u);
  EXPECT_EQ(b.all<PeerUp>()[0].announced, a.at);
  EXPECT_EQ(b.all<PeerUp>()[0].dialed, std::nullopt);

  a.hub.send(b.id, kView);
  b.hub.send(a.id, LeaseReply{.group = "mymaster", .epoch = Epoch{3}, .round = 1, .granted = true});
  ASSERT_TRUE(world.until([&] { return a.count<PeerReceived>(b.id) == 1 && b.count<PeerReceived>(a.id) == 1; }));
  EXPECT_EQ(b.all<PeerReceived>()[0].message, PeerMessage(kView));
}

// Without announce-ip and with several addresses to listen on nobody tells us ours.
TEST(PeerHub, who_knows_no_address_of_its_own_is_where_it_was_reached) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  PeerProcess b(world.io, 'b');
  for (PeerProcess* process : {&a, &b}) process->hub.set_announced({.host = "", .port = process->at.port});
  a.hub.dial(b.at);
  ASSERT_TRUE(world.until([&] { return a.count<PeerUp>(b.id) > 0 && b.count<PeerUp>(a.id) > 0; }));
  EXPECT_EQ(a.all<PeerUp>()[0].announced, b.at);
  EXPECT_EQ(b.all<PeerUp>()[0].announced, a.at);
}

TEST(PeerHub, the_address_that_was_dialed_is_told_even_if_the_peer_came_first) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  PeerProcess b(world.io, 'b');
  b.hub.dial(a.at);
  ASSERT_TRUE(world.until([&] { return a.count<PeerUp>(b.id) == 1; }));
  a.hub.dial({"localhost", b.at.port});
  ASSERT_TRUE(world.until([&] { return a.count<PeerUp>(b.id) == 2; }));
  EXPECT_EQ(a.all<PeerUp>()[1].dialed, (Endpoint{"localhost", b.at.port}));
  world.run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(a.count<PeerUp>(b.id), 2u);
  EXPECT_EQ(b.count<PeerUp>(a.id), 2u);
}

TEST(PeerHub, three_processes_notice_who_dies_and_who_comes_back) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  PeerProcess b(world.io, 'b');
  auto c = std::make_unique<PeerProcess>(world.io, 'c');
  const Endpoint c_at = c->at;
  const NodeId c_id = c->id;
  for (PeerProcess* from : {&a, &b, c.get()}) {
    for (const Endpoint& to : {a.at, b.at, c_at}) from->hub.dial(to);  // Themselves too.
  }
  ASSERT_TRUE(world.until([&] {
    return a.count<PeerAlive>(b.id) && a.count<PeerAlive>(c_id) && b.count<PeerAlive>(a.id) &&
           b.count<PeerAlive>(c_id) && c->count<PeerAlive>(a.id) && c->count<PeerAlive>(b.id);
  }));
  EXPECT_EQ(a.count<PeerUp>(a.id), 0u);
  c.reset();
  ASSERT_TRUE(world.until([&] { return a.count<PeerDown>(c_id) == 1 && b.count<PeerDown>(c_id) == 1; }));
  EXPECT_EQ(a.count<PeerDown>(b.id), 0u);

  a.inputs.clear();
  b.inputs.clear();
  c = std::make_unique<PeerProcess>(world.io, 'c', "", c_at.port);
  EXPECT_TRUE(world.until([&] { return a.count<PeerUp>(c_id) >= 1 && b.count<PeerUp>(c_id) >= 1; }));
}

TEST(PeerHub, dialing_ourselves_counts_nobody) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  a.hub.dial(a.at);
  world.run_for(std::chrono::milliseconds(500));
  EXPECT_THAT(a.inputs, IsEmpty());
  EXPECT_EQ(a.hub.connections(), 0u);
}

TEST(PeerHub, logs_in_where_a_password_is_asked_for) {
  PeerWorld world;
  PeerProcess a(world.io, 'a', "secret");
  PeerProcess b(world.io, 'b', "secret");
  PeerProcess wrong(world.io, 'c', "other");
  a.hub.dial(b.at);
  wrong.hub.dial(b.at);
  ASSERT_TRUE(world.until([&] { return a.count<PeerAlive>(b.id) > 0; }));
  EXPECT_EQ(b.count<PeerUp>(wrong.id), 0u);
  EXPECT_THAT(wrong.inputs, IsEmpty());
}

TEST(PeerHub, new_credentials_are_tried_at_once_and_replace_connections) {
  PeerWorld world;
  PeerProcess a(world.io, 'a', "secret");
  PeerProcess b(world.io, 'b', "user:secret");
  a.hub.dial(b.at);
  world.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(a.count<PeerUp>(b.id), 0u);
  a.hub.set_credentials({.user = "user", .password = "secret"});
  ASSERT_TRUE(world.until([&] { return a.count<PeerAlive>(b.id) > 0; }));
  a.hub.set_credentials({.user = "user", .password = "secret"});
  world.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(a.count<PeerDown>(b.id), 0u) << "nothing changed";
  a.hub.set_credentials({.user = "user", .password = "wrong"});
  EXPECT_TRUE(world.until([&] { return a.count<PeerDown>(b.id) == 1 && b.count<PeerDown>(a.id) == 1; }));
}

TEST(PeerHub, closed_inbound_connections_are_made_again_by_who_may) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  PeerProcess b(world.io, 'b');
  a.hub.dial(b.at);
  ASSERT_TRUE(world.until([&] { return b.count<PeerUp>(a.id) == 1; }));
  a.hub.close_inbound("users have changed");
  world.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(b.count<PeerDown>(a.id), 0u) << "what a dialed is a's affair";
  b.hub.close_inbound("users have changed");
  EXPECT_TRUE(world.until([&] { return b.count<PeerDown>(a.id) == 1 && b.count<PeerUp>(a.id) == 2; }));
}

TEST(PeerHub, a_dropped_address_is_left_alone) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  PeerProcess b(world.io, 'b');
  a.hub.dial(b.at);
  ASSERT_TRUE(world.until([&] { return a.count<PeerUp>(b.id) == 1 && b.count<PeerUp>(a.id) == 1; }));
  a.hub.drop(b.at);
  ASSERT_TRUE(world.until([&] { return a.count<PeerDown>(b.id) == 1 && b.count<PeerDown>(a.id) == 1; }));
  world.run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(a.count<PeerUp>(b.id), 1u);
  a.hub.dial(b.at);
  EXPECT_TRUE(world.until([&] { return a.count<PeerUp>(b.id) == 2; }));
}

// Another program: it knows neither SENTINEL PEER nor SENTINEL MYID.
TEST(PeerHub, who_is_neither_peer_nor_stock_sentinel_is_not_counted) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  asio::ip::tcp::acceptor acceptor(world.io, {asio::ip::address_v4::loopback(), 0});
  std::vector<std::unique_ptr<RawPeer>> visits;
  std::function<void()> accept = [&] {
    acceptor.async_accept([&](asio::error_code error, asio::ip::tcp::socket socket) {
      if (error) return;
      visits.push_back(std::make_unique<RawPeer>(world, std::move(socket)));
      accept();
    });
  };
  accept();
  a.hub.dial({"127.0.0.1", acceptor.local_endpoint().port()});
  ASSERT_TRUE(world.until([&] { return visits.size() == 1; }));
  ASSERT_TRUE(visits[0]->hears("HELLO"));
  visits[0]->say_raw("-ERR unknown command 'SENTINEL'\r\n");
  ASSERT_TRUE(visits[0]->hears("MYID"));
  visits[0]->say_raw("-ERR unknown command 'SENTINEL'\r\n");
  EXPECT_TRUE(visits[0]->is_closed());
  world.run_for(std::chrono::milliseconds(1500));  // Other losses are retried within half a second.
  EXPECT_EQ(visits.size(), 1u);
  EXPECT_THAT(a.inputs, IsEmpty());
}

TEST(PeerHub, a_peer_of_a_newer_version_may_say_more_than_we_know) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  RawPeer newer(world, a.at);
  Words hello = hello_of('b', "9.0.0");
  hello.insert(hello.end(), {"compression", "zstd"});
  newer.say(hello);
  ASSERT_TRUE(newer.hears("WELCOME"));
  ASSERT_TRUE(newer.hears("BEAT"));
  newer.say({"SENTINEL", "PEER", "TELEPATHY", "x"});  // A kind of message that we don't know.
  Words view = frame_of(kView);
  view.push_back("more");
  newer.say(view);
  ASSERT_TRUE(world.until([&] { return a.count<PeerReceived>(peer_id('b')) == 1; }));
  EXPECT_EQ(a.all<PeerReceived>()[0].message, PeerMessage(kView));
  EXPECT_EQ(a.hub.malformed_frames(), 0u);
}

TEST(PeerHub, what_came_with_the_hello_is_read) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  RawPeer b(world, a.at);
  std::string bytes;
  append_command(bytes, hello_of('b'));
  append_command(bytes, frame_of(kView));
  b.say_raw(bytes + "*3\r\n$8\r\nSENTINEL\r\n");
  ASSERT_TRUE(world.until([&] { return a.count<PeerReceived>(peer_id('b')) == 1; }));
  b.say_raw("$4\r\nPEER\r\n$4\r\nBEAT\r\n");
  EXPECT_TRUE(b.hears("BEATEN"));
}

TEST(PeerHub, malformed_hellos_are_answered_with_an_error_and_closed) {
  const std::vector<Words> hellos = {
      {"SENTINEL", "PEER", "HELLO"},
      {"SENTINEL", "PEER", "HELLO", "abc", "127.0.0.1", "26379", "1"},
      {"SENTINEL", "PEER", "HELLO", std::string(40, 'B'), "127.0.0.1", "26379", "1"},
      {"SENTINEL", "PEER", "HELLO", std::string(40, 'b'), "", "26379", "1"},
      {"SENTINEL", "PEER", "HELLO", std::string(40, 'b'), "127.0.0.1", "0", "1"},
      {"SENTINEL", "PEER", "HELLO", std::string(40, 'b'), "127.0.0.1", "65536", "1"},
      {"SENTINEL", "PEER", "HELLO", std::string(40, 'b'), "127.0.0.1", "1", std::string(65, 'v')},
      {"SENTINEL", "PEER", "BEAT"},
  };
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  for (const Words& hello : hellos) {
    RawPeer stranger(world, a.at);
    stranger.say(hello);
    EXPECT_TRUE(stranger.is_closed());
    EXPECT_THAT(stranger.heard, HasSubstr("-ERR"));
  }
  EXPECT_THAT(a.inputs, IsEmpty());
  EXPECT_EQ(a.hub.malformed_frames(), hellos.size());
}

TEST(PeerHub, garbage_behind_the_hello_closes_the_connection) {
  std::string vote;
  append_command(vote, {"SENTINEL", "PEER", "VOTE", "mymaster", "not a number"});
  std::string second_hello;
  append_command(second_hello, {"SENTINEL", "PING"});
  std::string huge = "*3\r\n$8\r\nSENTINEL\r\n$4\r\nPEER\r\n$" + std::to_string(kPeerFrameBytesMax + 1) + "\r\n";
  for (const std::string& bytes : {std::string("\x16\x03\x01 GET / HTTP/1.1\r\n\r\n"), second_hello, huge,
                                   std::string("*1\r\n*1\r\n$1\r\na\r\n"), std::string(":1\r\n")}) {
    PeerWorld world;
    PeerProcess a(world.io, 'a');
    RawPeer b(world, a.at);
    b.say(hello_of('b'));
    ASSERT_TRUE(b.hears("WELCOME"));
    b.say_raw(bytes);
    EXPECT_TRUE(b.is_closed()) << bytes;
    EXPECT_TRUE(world.until([&] { return a.count<PeerDown>(peer_id('b')) == 1; }));
    EXPECT_EQ(a.hub.malformed_frames(), 1u);
    EXPECT_THAT(a.all<PeerReceived>(), IsEmpty());
  }
}

TEST(PeerHub, a_known_message_with_a_forged_word_closes_the_connection) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  Words forged = frame_of(kView);
  forged.resize(forged.size() - 1);
  RawPeer b(world, a.at);
  b.say(hello_of('b'));
  ASSERT_TRUE(b.hears("WELCOME"));
  b.say(forged);
  EXPECT_TRUE(b.is_closed());
  EXPECT_TRUE(world.until([&] { return a.hub.malformed_frames() == 1; }));
  EXPECT_THAT(a.all<PeerReceived>(), IsEmpty());
}

// Somebody who says that it is us must not become our peer.
TEST(PeerHub, a_peer_with_our_own_id_is_not_counted) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  RawPeer forger(world, a.at);
  forger.say(hello_of('a'));
  EXPECT_TRUE(forger.is_closed());
  EXPECT_THAT(forger.heard, HasSubstr("WELCOME"));
  EXPECT_THAT(a.inputs, IsEmpty());
}

TEST(PeerHub, a_silent_peer_is_given_up) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  RawPeer b(world, a.at);
  b.say(hello_of('b'));
  ASSERT_TRUE(world.until([&] { return a.count<PeerUp>(peer_id('b')) == 1; }));
  ASSERT_TRUE(world.until([&] { return a.count<PeerDown>(peer_id('b')) == 1; }));
  EXPECT_TRUE(b.is_closed());
}

TEST(PeerHub, a_peer_has_four_inbound_connections_at_most) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  std::vector<std::unique_ptr<RawPeer>> connections;
  for (std::size_t i = 0; i <= kInboundPerPeerMax; ++i) {
    connections.push_back(std::make_unique<RawPeer>(world, a.at));
    connections.back()->say(hello_of('b'));
    ASSERT_TRUE(connections.back()->hears("WELCOME"));
  }
  EXPECT_TRUE(connections.front()->is_closed());
  EXPECT_EQ(a.hub.connections(), kInboundPerPeerMax);
  EXPECT_EQ(a.count<PeerUp>(peer_id('b')), kInboundPerPeerMax + 1);
  EXPECT_EQ(a.count<PeerDown>(peer_id('b')), 0u);
  // The newest carries what we say.
  a.hub.send(peer_id('b'), kView);
  EXPECT_TRUE(connections.back()->hears("mymaster"));
}

TEST(PeerHub, a_peer_that_does_not_read_costs_a_bounded_queue) {
  PeerWorld world;
  PeerProcess a(world.io, 'a');
  RawPeer b(world, a.at);
  b.say(hello_of('b'));
  ASSERT_TRUE(world.until([&] { return a.count<PeerUp>(peer_id('b')) == 1; }));
  // Nothing is written while nothing runs: the queue fills, and the connection is given up.
  for (std::size_t i = 0; i <= kPeerQueueFramesMax + 1; ++i) a.hub.send(peer_id('b'), kView);
  EXPECT_GE(a.hub.dropped_frames(), kPeerQueueFramesMax);
  ASSERT_TRUE(world.until([&] { return a.count<PeerDown>(peer_id('b')) == 1; }));
  EXPECT_TRUE(b.is_closed());
}

}  // namespace
}  // namespace sentinel
