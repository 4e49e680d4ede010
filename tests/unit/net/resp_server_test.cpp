// The server over real sockets on loopback, with a handler of four commands.
#include "sentinel/net/resp_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "common/resp/text.h"
#include "common/rng.h"
#include "sentinel/net/pubsub.h"

namespace sentinel {
namespace {

using asio::ip::tcp;

constexpr std::chrono::seconds kPatience{20};

// PING, BIG n (a reply of n bytes), LISTEN, PEER, LATER (answered by finish()). All wait for pauses.
class SmallHandler final : public ClientHandler {
 public:
  SmallHandler(PubSub& pubsub, ClientRegistry& registry) : pubsub_(pubsub), registry_(registry) {}

  void connected(Client& client) override { client.authenticated = true; }
  Outcome handle(Client& client, Arguments arguments) override {
    if (registry_.paused(PauseOf::Everything, ShellClock::now())) return Outcome::Paused;
    if (is_word(arguments[0], "peer")) return Outcome::Handover;
    if (is_word(arguments[0], "later")) return Outcome::Pending;
    if (is_word(arguments[0], "ping")) {
      client.reply().simple("PONG");
    } else if (is_word(arguments[0], "big")) {
      client.reply().bulk(std::string(std::stoul(std::string(arguments[1])), 'x'));
    } else if (is_word(arguments[0], "listen")) {
      pubsub_.subscribe(client, PubSub::Kind::Channel, "news");
      client.reply().simple("OK");
    } else {
      client.reply().error("ERR unknown");
      return Outcome::Answered;
    }
    client.proven = true;
    return Outcome::Answered;
  }
  asio::awaitable<void> finish(Client& client, std::vector<std::string> arguments) override {
    client.reply().bulk(arguments.at(1));
    co_return;
  }
  void disconnected(Client& client) override { pubsub_.remove(client); }

 private:
  PubSub& pubsub_;
  ClientRegistry& registry_;
};

// A client with blocking calls and a limit on waiting.
class Caller {
 public:
  explicit Caller(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), port});
    const timeval limit{kPatience.count(), 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  void send(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }
  // Returns false if the server has gone away instead.
  bool try_send(std::string_view bytes) {
    asio::error_code failure;
    asio::write(socket_, asio::buffer(bytes), failure);
    return !failure;
  }
  std::string read(std::size_t count) {
    std::string bytes(count, ' ');
    std::size_t at = 0;
    while (at < count) {
      const ssize_t got = recv(socket_.native_handle(), bytes.data() + at, count - at, 0);
      if (got <= 0) break;
      at += static_cast<std::size_t>(got);
    }
    bytes.resize(at);
    return bytes;
  }
  // What comes until the server closes.
  std::string read_to_end() {
    std::string all;
    for (std::string part = read(1); !part.empty(); part = read(1)) all += part;
    return all;
  }
  bool answers_ping() { return try_send("PING\r\n") && read(7) == "+PONG\r\n"; }

 private:
  asio::io_context io_;
  tcp::socket socket_;
};

class RespServerTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.bind = {"127.0.0.1"};
    options.port = 0;
    server_.emplace(io_.get_executor(), options, registry_, handler_,
                    [this](Stream stream, std::string unread, std::vector<std::string> words) {
                      adopted_.push_back({std::move(stream), std::move(unread), std::move(words)});
                    });
    const auto listening = server_->start();
    ASSERT_TRUE(listening.has_value()) << listening.error();
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    on_server([this] {
      server_->stop();
      adopted_.clear();
    });
    thread_.join();  // Ends when every session has ended: nothing is left behind.
    EXPECT_TRUE(registry_.all().empty());
    EXPECT_EQ(registry_.buffered_bytes, 0U);
  }
  // Runs on the server's thread and waits for it.
  template <typename Work>
  void on_server(Work work) {
    std::promise<void> done;
    asio::post(io_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  template <typename Condition>
  bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      bool holds = false;
      on_server([&] { holds = condition(); });
      if (holds) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  std::uint16_t port() const { return server_->port(); }

  struct Adopted {
    Stream stream;
    std::string unread;
    std::vector<std::string> words;
  };
  asio::io_context io_{1};
  ClientRegistry registry_;
  PubSub pubsub_;
  SmallHandler handler_{pubsub_, registry_};
  std::optional<RespServer> server_;
  std::vector<Adopted> adopted_;
  std::thread thread_;
};

TEST_F(RespServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  Caller caller(port());
  caller.send("PING\r\nLATER one\r\nPING\r\nNOPE\r\nLATER two\r\n");
  const std::string expected = "+PONG\r\n$3\r\none\r\n+PONG\r\n-ERR unknown\r\n$3\r\ntwo\r\n";
  EXPECT_EQ(caller.read(expected.size()), expected);
}

TEST_F(RespServerTest, RequestsWaitForTheEndOfAPauseAndThenComeInOrder) {
  start();
  Caller first(port());
  Caller second(port());
  Caller killed(port());
  ASSERT_TRUE(first.answers_ping() && second.answers_ping() && killed.answers_ping());
  const auto pause = [this](std::chrono::milliseconds length) {
    on_server([&] {
      const auto now = ShellClock::now();
      registry_.pause(now + length, PauseOf::Everything, now);
    });
  };
  pause(std::chrono::hours{1});
  first.send("PING\r\nLATER one\r\nPING\r\n");
  second.send("LATER two\r\n");
  killed.send("PING\r\n");
  on_server([this] { registry_.all().rbegin()->second->close(); });
  EXPECT_EQ(killed.read_to_end(), "") << "who waits can be closed";
  on_server([this] { registry_.end_pause(); });
  const std::string expected = "+PONG\r\n$3\r\none\r\n+PONG\r\n";
  EXPECT_EQ(first.read(expected.size()), expected);
  EXPECT_EQ(second.read(9), "$3\r\ntwo\r\n");
  pause(std::chrono::milliseconds{50});
  EXPECT_TRUE(first.answers_ping()) << "it ends by itself, too";
}

TEST_F(RespServerTest, ABrokenRequestIsAnsweredAndEndsTheConnection) {
  start();
  Caller caller(port());
  caller.send("PING\r\n*1\r\n$x\r\nPING\r\n");
  EXPECT_EQ(caller.read_to_end(), "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
}

TEST_F(RespServerTest, APeersConnectionIsHandedOverWithWhatFollowed) {
  start();
  Caller caller(port());
  caller.send("PING\r\nPEER hello a b\r\n*1\r\n$4\r\nREST");
  EXPECT_EQ(caller.read(7), "+PONG\r\n");
  ASSERT_TRUE(eventually([this] { return adopted_.size() == 1; }));
  EXPECT_EQ(adopted_[0].words, (std::vector<std::string>{"PEER", "hello", "a", "b"}));
  EXPECT_EQ(adopted_[0].unread, "*1\r\n$4\r\nREST");
  EXPECT_TRUE(eventually([this] { return registry_.all().empty(); }));
  on_server([this] {
    asio::error_code error;
    adopted_[0].stream.write_some(asio::buffer("+mine\r\n", 7), error);
  });
  EXPECT_EQ(caller.read(7), "+mine\r\n");
}

TEST_F(RespServerTest, AtTheLimitTheOldestThatNeverSaidAnythingGives) {
  start({.clients_max = 3});
  Caller talker(port());
  ASSERT_TRUE(talker.answers_ping());
  Caller silent(port());
  ASSERT_TRUE(eventually([this] { return registry_.all().size() == 2; }));
  Caller second(port());
  ASSERT_TRUE(second.answers_ping());

  Caller newcomer(port());
  EXPECT_TRUE(newcomer.answers_ping());
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(talker.answers_ping());

  Caller refused(port());
  EXPECT_EQ(refused.read_to_end(), "-ERR max number of clients reached\r\n");
  EXPECT_TRUE(talker.answers_ping());
  on_server([this] { EXPECT_EQ(registry_.statistics.rejected_connections, 1U); });
}

TEST_F(RespServerTest, RandomBytesAndHalfRequestsLeaveOthersServed) {
  start();
  Caller other(port());
  std::vector<std::unique_ptr<Caller>> half;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed);
    std::string noise(3000, ' ');
    for (char& c : noise) c = static_cast<char>(rng.below(256));
    half.push_back(std::make_unique<Caller>(port()));
    half.back()->try_send(seed % 2 == 0 ? noise : "*3\r\n$1048576\r\nabc");
  }
  EXPECT_TRUE(other.answers_ping());
  // A promised megabyte is not reserved before it arrives.
  EXPECT_TRUE(eventually([this] { return registry_.statistics.reads >= 101; }));
  on_server([this] { EXPECT_LT(registry_.buffered_bytes, 100U * 40000U); });
}

TEST_F(RespServerTest, AClientThatReadsNothingIsNotReadFromEither) {
  start();
  Caller greedy(port());
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += "BIG 100000\r\n";
  greedy.send(requests);
  Caller other(port());
  ASSERT_TRUE(other.answers_ping());
  on_server([this] { EXPECT_LT(registry_.buffered_bytes, 4 * kOutputPauseBytes); });
  // It gets everything once it reads.
  std::size_t got = 0;
  constexpr std::size_t kAll = 2000 * (100000 + 11);
  while (got < kAll) {
    const std::size_t part = greedy.read(std::min<std::size_t>(kAll - got, 1 << 20)).size();
    if (part == 0) break;
    got += part;
  }
  EXPECT_EQ(got, kAll);
}

TEST_F(RespServerTest, ASubscriberThatDoesNotReadIsClosedAndOthersGetTheirMessages) {
  start({.subscriber_output_max = 1 << 20});
  Caller slow(port());
  slow.send("LISTEN\r\n");
  ASSERT_EQ(slow.read(5), "+OK\r\n");
  Event event{
      .name = "news", .level = Level::Notice, .message = std::string(100000, 'm'), .group = {}, .master_switch = {}};
  EXPECT_TRUE(eventually([&] {
    pubsub_.publish(event);
    return registry_.statistics.slow_subscribers == 1;
  }));
  Caller reader(port());
  reader.send("LISTEN\r\n");
  ASSERT_EQ(reader.read(5), "+OK\r\n");
  event.message = "m";
  on_server([&] { pubsub_.publish(event); });
  const std::string message = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nm\r\n";
  EXPECT_EQ(reader.read(message.size()), message);
}

TEST_F(RespServerTest, AllClientsTogetherHoldNoMoreThanTheirShare) {
  start({.buffered_max = 4 << 20});
  Caller other(port());
  std::vector<std::unique_ptr<Caller>> hoarders;
  for (int i = 0; i < 12; ++i) {
    hoarders.push_back(std::make_unique<Caller>(port()));
    hoarders.back()->try_send("*2\r\n$1000000\r\n" + std::string(900000, 'a'));
  }
  EXPECT_TRUE(eventually([this] { return registry_.statistics.evicted_clients > 0; }));
  on_server([this] { EXPECT_LT(registry_.buffered_bytes, (4U << 20) + 2 * kQueryBufferBytesMax); });
  EXPECT_TRUE(other.answers_ping());
}

TEST_F(RespServerTest, AnIdleClientIsClosedAndASubscriberIsNot) {
  start({.idle_timeout = std::chrono::seconds(1)});
  Caller subscriber(port());
  subscriber.send("LISTEN\r\n");
  ASSERT_EQ(subscriber.read(5), "+OK\r\n");
  Caller idle(port());
  ASSERT_TRUE(idle.answers_ping());
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_TRUE(subscriber.answers_ping());
}

TEST_F(RespServerTest, AnAddressThatIsNotOursIsAnErrorUnlessOptional) {
  RespServer strict(io_.get_executor(), {.bind = {"192.0.2.1"}, .port = 0}, registry_, handler_, {});
  EXPECT_FALSE(strict.start().has_value());
  RespServer lenient(io_.get_executor(), {.bind = {"127.0.0.1", "-192.0.2.1"}, .port = 0}, registry_, handler_, {});
  EXPECT_TRUE(lenient.start().has_value());
}

}  // namespace
}  // namespace sentinel
