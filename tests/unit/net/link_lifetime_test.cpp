// Links and hubs that end at awkward moments: nothing may be told or touched
// afterwards. Most of what this finds, it finds under AddressSanitizer.
#include <gtest/gtest.h>

#include <asio/io_context.hpp>

#include "link_world.h"
#include "peer_world.h"

namespace sentinel {
namespace {

constexpr LinkId kLink{1};

TEST(NodeLinksLifetime, a_link_may_be_closed_before_it_has_begun) {
  RedisServer server;
  LinkWorld world;
  world.perform(OpenLink{kLink, server.at(), {}});
  world.perform(CloseLink{kLink});
  world.perform(OpenLink{kLink, {"localhost", server.port()}, {}});
  world.perform(CloseLink{kLink});
  world.run_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(world.inputs.empty());
}

// The core acts on what it is told inside the sink.
TEST(NodeLinksLifetime, a_link_may_be_closed_by_whoever_is_told_of_it) {
  RedisServer server;
  asio::io_context io;
  unsigned told = 0;
  std::unique_ptr<NodeLinks> links;
  const auto close_at = [&](auto wanted, auto&& prepare) {
    using Wanted = decltype(wanted);
    told = 0;
    links = std::make_unique<NodeLinks>(
        io.get_executor(),
        [&](const Input& input) {
          ++told;
          if (std::holds_alternative<Wanted>(input)) {
            told = 0;
            links->perform(CloseLink{kLink});
          } else {
            prepare();
          }
        },
        LinkOptions{});
    links->perform(OpenLink{kLink, server.at(), {}});
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    io.restart();
    while (links->size() > 0 && std::chrono::steady_clock::now() < limit) io.run_one_for(std::chrono::milliseconds(20));
    EXPECT_EQ(links->size(), 0u);
    io.run_for(std::chrono::milliseconds(50));
    EXPECT_EQ(told, 0u) << "told of a closed link";
  };
  close_at(LinkUp{}, [] {});
  close_at(PingReply{}, [&] { links->perform(SendPing{kLink}); });
  close_at(InfoReply{}, [&] { links->perform(SendInfo{kLink}); });
  close_at(CommandReply{}, [&] {
    links->perform(Repoint{kLink, Token{1}, Millis{1000}, {"127.0.0.1", 1}, true});
    links->perform(SendPing{kLink});
  });
  close_at(LinkDown{}, [&] { server.command({"CLIENT", "KILL", "TYPE", "normal"}); });
}

TEST(NodeLinksLifetime, everything_may_go_at_any_moment) {
  RedisServer server({}, {"rename-command HELLO \"\""});
  for (int steps = 0; steps < 60; ++steps) {
    asio::io_context io;
    bool gone = false;
    {
      NodeLinks links(
          io.get_executor(), [&](const Input&) { EXPECT_FALSE(gone); }, LinkOptions{});
      for (std::uint64_t link = 1; link <= 3; ++link) {
        links.perform(OpenLink{LinkId{link}, {link == 2 ? "localhost" : "127.0.0.1", server.port()}, {}});
        links.perform(SetHelloListening{LinkId{link}, true});
      }
      for (int step = 0; step < steps; ++step) {
        io.run_one_for(std::chrono::milliseconds(1));
        links.perform(SendPing{LinkId{1}});
        links.perform(ReadConfig{LinkId{2}, Token{1}, Millis{1000}});
      }
    }
    gone = true;
    if (steps % 2 == 0) io.run_for(std::chrono::milliseconds(2));  // Else the context goes with handlers in it.
  }
}

TEST(PeerHubLifetime, everything_may_go_at_any_moment) {
  for (int steps = 0; steps < 80; ++steps) {
    asio::io_context io;
    auto a = std::make_unique<PeerProcess>(io, 'a', "secret");
    auto b = std::make_unique<PeerProcess>(io, 'b', "secret");
    for (PeerProcess* from : {a.get(), b.get()}) {
      for (const Endpoint& to : {a->at, b->at, Endpoint{"localhost", b->at.port}}) from->hub.dial(to);
    }
    for (int step = 0; step < steps; ++step) {
      io.run_one_for(std::chrono::milliseconds(1));
      a->hub.send(b->id, ViewMessage{.group = "g", .version = 1, .master = {"h", 1}, .down = false});
    }
    a.reset();
    const auto even = [&] { return (b->count<PeerUp>(peer_id('a')) > 0) == (b->count<PeerDown>(peer_id('a')) > 0); };
    const auto limit = std::chrono::steady_clock::now() + kPeerPatience;
    do {
      io.run_for(std::chrono::milliseconds(2));
    } while (!even() && std::chrono::steady_clock::now() < limit);
    EXPECT_TRUE(even()) << "a peer that is gone still counts";
    if (steps % 2 == 0) b.reset();
  }
}

}  // namespace
}  // namespace sentinel
