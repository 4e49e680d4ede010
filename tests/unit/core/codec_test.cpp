// What comes from outside as text: INFO, hellos, peer messages.
#include <gtest/gtest.h>

#include "common/rng.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/limits.h"
#include "sentinel/core/node_info.h"
#include "sentinel/core/peer_message.h"

namespace sentinel {
namespace {

const std::string kId(40, 'a');

TEST(NodeInfo, ReadsAMaster) {
  const NodeInfo info = parse_node_info(
      "# Server\r\nrun_id:0123456789012345678901234567890123456789\r\n# Persistence\r\nloading:0\r\n"
      "# Replication\r\nrole:master\r\nslave0:ip=10.0.0.2,port=6380,state=online,offset=1,lag=0\r\n"
      "slave1:10.0.0.3,6381,online\r\nslave_expires_tracked_keys:0\r\nmaster_replid:abc\r\nmaster_repl_offset:77\r\n");
  EXPECT_EQ(info.role, NodeRole::Master);
  EXPECT_EQ(info.run_id.size(), 40U);
  EXPECT_EQ(info.replication_id, "abc");
  EXPECT_EQ(info.master_offset, 77U);
  EXPECT_EQ(info.replicas, (std::vector<Endpoint>{{"10.0.0.2", 6380}, {"10.0.0.3", 6381}}));
  EXPECT_EQ(info.online_replicas, 2U);
}

TEST(NodeInfo, ReadsAReplica) {
  const NodeInfo info = parse_node_info(
      "role:slave\nmaster_host:10.0.0.1\nmaster_port:6379\nmaster_link_status:down\nmaster_sync_in_progress:1\n"
      "master_last_io_seconds_ago:-1\nmaster_link_down_since_seconds:12\nslave_priority:0\nslave_repl_offset:5\n"
      "replica_announced:0\n");
  EXPECT_EQ(info.role, NodeRole::Replica);
  EXPECT_EQ(info.master, (Endpoint{"10.0.0.1", 6379}));
  EXPECT_FALSE(info.master_link_up);
  EXPECT_TRUE(info.sync_in_progress);
  EXPECT_EQ(info.master_link_down, Millis{12000});
  EXPECT_LT(info.master_last_io, Millis{0});
  EXPECT_EQ(info.priority, 0U);
  EXPECT_EQ(info.replica_offset, 5U);
  EXPECT_FALSE(info.announced);
}

// Found with a real server: two masters without a past looked related.
TEST(NodeInfo, NoHistoryBeforeIsNone) {
  EXPECT_EQ(parse_node_info("role:master\r\nmaster_replid2:" + std::string(40, '0') + "\r\n").replication_id2, "");
  EXPECT_EQ(parse_node_info("role:master\r\nmaster_replid2:00a\r\n").replication_id2, "00a");
  EXPECT_EQ(parse_node_info("master_replid2:" + std::string(40, '0') + "junk\n").replication_id2,
            "");  // Found by fuzzing.
}

TEST(NodeInfo, TakesAnyTextAndBoundsTheReplicas) {
  EXPECT_EQ(parse_node_info("").role, NodeRole::Unknown);
  EXPECT_EQ(parse_node_info("role:emperor\n:::\n\r\r\nslave0:ip=,port=\nslave1:ip=x,port=99999\n").replicas.size(), 0U);
  std::string many = "role:master\n";
  for (int i = 0; i < 1000; ++i) many += "slave" + std::to_string(i) + ":ip=h,port=1\n";
  EXPECT_EQ(parse_node_info(many).replicas.size(), kNodesPerGroupMax);
}

TEST(NodeInfo, OnlineIsAStateAndNoPartOfAName) {
  EXPECT_EQ(parse_node_info("slave0:ip=shop-online-2,port=6379,state=wait_bgsave,offset=0,lag=0\n").online_replicas,
            0U);
  EXPECT_EQ(parse_node_info("slave0:shop-online-2,6379,send_bulk\n").online_replicas, 0U);
}

TEST(NodeInfo, CountsOnlineReplicasThatItTakes) {
  const NodeInfo info = parse_node_info("slave0:ip=,port=0,state=online\nslave1:ip=h,port=1,state=online\n");
  EXPECT_EQ(info.replicas.size(), 1U);
  EXPECT_EQ(info.online_replicas, 1U);
}

TEST(Hello, ReadsWhatItWrites) {
  const Hello hello{{"10.0.0.9", 26379}, {kId}, Epoch{12}, "orders", {"10.0.0.1", 6379}, Epoch{11}};
  EXPECT_EQ(format_hello(hello), "10.0.0.9,26379," + kId + ",12,orders,10.0.0.1,6379,11");
  EXPECT_EQ(parse_hello(format_hello(hello)), hello);
}

TEST(Hello, RefusesWhatIsNoHello) {
  const std::string bad[] = {
      "",
      "a,b,c",
      "10.0.0.9,0," + kId + ",1,g,10.0.0.1,6379,0",
      "10.0.0.9,26379,short,1,g,10.0.0.1,6379,0",
      "10.0.0.9,26379," + kId + ",1,g,10.0.0.1,6379,0,more",
      "10.0.0.9,26379," + kId + ",-1,g,10.0.0.1,6379,0",
      "10.0.0.9,26379," + kId + ",1,g,10.0.0.1,6379,18446744073709551616",
      ",26379," + kId + ",1,g,10.0.0.1,6379,0",
      "10.0.0.9,26379," + kId + ",1,,10.0.0.1,6379,0",
  };
  for (const std::string& payload : bad) EXPECT_EQ(parse_hello(payload), std::nullopt) << payload;
}

std::vector<PeerMessage> one_of_each() {
  return {
      ViewMessage{"g", 9, {"10.0.0.1", 6379}, true},
      VoteRequest{"g", Epoch{4}, Epoch{3}, {"::1", 6379}, true, 77},
      VoteReply{"g", Epoch{4}, 77, VoteRefusal::LeaseHeld, {kId}, Epoch{5}},
      LeaseRequest{"g", Epoch{4}, 78, true},
      LeaseReply{"g", Epoch{4}, 78, true},
      ConfigMessage{"g", Epoch{4}, {"10.0.0.1", 6379}, "", {kId}, true},
      ConfirmRequest{"g", Epoch{4}, {"10.0.0.1", 6379}, 79},
      ConfirmReply{"g", Epoch{4}, 79, true},
  };
}

TEST(PeerMessage, ReadsWhatItWritesAndIgnoresFurtherWords) {
  ASSERT_EQ(one_of_each().size(), std::variant_size_v<PeerMessage>);
  for (const PeerMessage& message : one_of_each()) {
    auto words = encode(message);
    words.push_back("from a newer version");
    const auto read = decode(words);
    ASSERT_TRUE(read) << words[0] << ": " << read.error();
    EXPECT_EQ(*read, message) << words[0];
  }
}

TEST(PeerMessage, NamesTheFirstWordThatIsWrong) {
  for (const PeerMessage& message : one_of_each()) {
    auto words = encode(message);
    while (words.size() > 1) {
      words.pop_back();
      const auto read = decode(words);
      ASSERT_FALSE(read) << words[0] << ' ' << words.size();
      EXPECT_NE(read.error().find("is missing"), std::string::npos) << read.error();
    }
  }
  EXPECT_EQ(decode({"VIEW", "g", "x", "h", "1", "0"}).error(), "VIEW: word 2 is not a number in range");
  EXPECT_EQ(decode({"VIEW", "", "1", "h", "1", "0"}).error(), "VIEW: word 1 is empty");
  EXPECT_EQ(decode({"NONSENSE"}).error(), "unknown message 'NONSENSE'");
  EXPECT_FALSE(decode({}));
}

TEST(PeerMessage, SurvivesRandomWords) {
  Rng rng(1);
  for (int i = 0; i < 20000; ++i) {
    auto words = encode(one_of_each()[rng.below(8)]);
    const auto victim = rng.below(words.size());
    words[victim].assign(rng.below(300), static_cast<char>(rng.below(256)));
    if (rng.below(4) == 0) words.resize(rng.below(words.size() + 1));
    (void)decode(words);
  }
}

}  // namespace
}  // namespace sentinel
