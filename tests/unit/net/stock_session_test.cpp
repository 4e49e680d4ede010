// PeerHub and a real stock sentinel: redis-server in its sentinel mode.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer_world.h"
#include "redis_server.h"

namespace sentinel {
namespace {

using ::testing::HasSubstr;

struct StockWorld {
  explicit StockWorld(std::vector<std::string> more = {}) : stock({"--sentinel"}, lines(std::move(more))) {
    id = NodeId{stock.command({"SENTINEL", "MYID"})};
  }
  std::vector<std::string> lines(std::vector<std::string> more) const {
    more.push_back("sentinel monitor g 127.0.0.1 " + std::to_string(master.port()) + " 1");
    return more;
  }
  Hello hello(const PeerProcess& from, std::uint64_t config_epoch) const {
    return {from.at, from.id, Epoch{config_epoch}, "g", master.at(), Epoch{config_epoch}};
  }

  PeerWorld world;
  RedisServer master;
  RedisServer stock;
  NodeId id;
};

TEST(StockSession, a_stock_sentinel_is_known_by_its_id_and_answers_what_it_is_asked) {
  StockWorld it;
  PeerProcess a(it.world.io, 'a');
  a.hub.dial(it.stock.at());
  ASSERT_TRUE(it.world.until([&] { return a.count<PeerAlive>(it.id) > 0; }));
  ASSERT_EQ(a.count<StockUp>(it.id), 1U);
  EXPECT_EQ(a.all<StockUp>()[0].dialed, it.stock.at());
  EXPECT_EQ(a.all<StockUp>()[0].local_ip, "127.0.0.1");
  EXPECT_EQ(a.hub.connections(), 1U);
  EXPECT_THAT(it.stock.command({"CLIENT", "LIST"}), HasSubstr("name=sentinel-aaaaaaaa-cmd"));

  a.hub.ask(AskStockConfig{it.id, "g", 7});
  a.hub.ask(AskStockConfig{it.id, "no such group", 8});
  ASSERT_TRUE(it.world.until([&] { return a.count<StockConfig>(it.id) == 2; }));
  const StockConfig config = a.all<StockConfig>()[0];
  EXPECT_TRUE(config.watches);
  EXPECT_EQ(config.round, 7U);
  EXPECT_EQ(config.epoch, Epoch{0});
  EXPECT_EQ(config.master, it.master.at());
  EXPECT_EQ(config.failover, StockFailover::None);
  EXPECT_FALSE(a.all<StockConfig>()[1].watches);

  a.hub.ask(AskStockView{it.id, "g", 1, it.master.at(), Epoch{5}, {}});
  a.hub.ask(AskStockView{it.id, "g", 2, it.master.at(), Epoch{5}, a.id});
  a.hub.ask(AskStockView{it.id, "g", 3, it.master.at(), Epoch{5}, peer_id('b')});
  ASSERT_TRUE(it.world.until([&] { return a.count<StockView>(it.id) == 3; }));
  const auto views = a.all<StockView>();
  EXPECT_FALSE(views[0].down);
  EXPECT_EQ(views[0].leader, NodeId{});
  EXPECT_EQ(views[1].leader, a.id);
  EXPECT_EQ(views[2].leader, a.id);  // One vote an epoch.
  EXPECT_EQ(views[2].leader_epoch, Epoch{5});

  a.hub.tell(TellStock{it.id, format_hello(it.hello(a, 5))});
  ASSERT_TRUE(it.world.until([&] {
    return it.stock.command({"SENTINEL", "SENTINELS", "g"}).find(a.id.value) != std::string::npos;
  }));
}

TEST(StockSession, a_process_replaced_in_place_is_known_for_what_it_is_both_ways) {
  StockWorld it;
  PeerProcess a(it.world.io, 'a');
  a.hub.dial(it.stock.at());
  ASSERT_TRUE(it.world.until([&] { return a.count<StockUp>(it.id) == 1; }));
  it.stock.kill();
  {
    PeerProcess b(it.world.io, 'b', {}, it.stock.port());
    ASSERT_TRUE(it.world.until([&] { return a.count<PeerUp>(b.id) > 0; }));
    EXPECT_EQ(a.count<StockDown>(it.id), 1U);
  }
  it.stock.start();
  ASSERT_TRUE(it.world.until([&] { return a.count<StockUp>(it.id) == 2; }));
  EXPECT_EQ(a.count<PeerDown>(peer_id('b')), 1U);
}

TEST(StockSession, a_password_is_sent_and_a_wrong_one_is_no_member) {
  StockWorld it({"requirepass secret"});
  it.stock.password = "secret";
  it.id = NodeId{it.stock.command({"SENTINEL", "MYID"})};
  PeerProcess a(it.world.io, 'a', "wrong");
  PeerProcess b(it.world.io, 'b', "secret");
  a.hub.dial(it.stock.at());
  b.hub.dial(it.stock.at());
  ASSERT_TRUE(it.world.until([&] { return b.count<StockUp>(it.id) == 1; }));
  it.world.run_for(std::chrono::milliseconds(500));
  EXPECT_EQ(a.count<StockUp>(it.id), 0U);
  a.hub.set_credentials({.user = "default", .password = "secret"});
  a.hub.drop(it.stock.at());
  a.hub.dial(it.stock.at());
  EXPECT_TRUE(it.world.until([&] { return a.count<StockUp>(it.id) == 1; }));
}

TEST(StockSession, a_stock_sentinel_under_our_own_id_is_not_counted) {
  StockWorld it({"sentinel myid " + std::string(40, 'a')});
  PeerProcess a(it.world.io, 'a');
  a.hub.dial(it.stock.at());
  it.world.run_for(std::chrono::milliseconds(700));
  EXPECT_TRUE(a.all<StockUp>().empty());
  EXPECT_EQ(a.hub.connections(), 0U);
}

}  // namespace
}  // namespace sentinel
