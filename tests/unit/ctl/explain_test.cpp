#include "sentinel/ctl/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replies.h"

namespace sentinel {
namespace {

using testing::array;
using testing::bulk;
using ::testing::HasSubstr;
using testing::integer;
using ::testing::Not;
using testing::words;

constexpr Style kPlain{.color = false, .unicode = false};

Reply timeline_reply() {
  return array({bulk("group"), bulk("m1"), bulk("epoch"), integer(4), bulk("leader"), bulk("0123456789abcdef"),
                bulk("from"), bulk("10.0.0.1:6379"), bulk("to"), bulk("10.0.0.2:6379"), bulk("cause"), bulk("down"),
                bulk("outcome"), bulk("done"), bulk("phases"),
                array({bulk("sdown"), integer(1000), bulk("elected"), integer(1010), bulk("promoted"), integer(1100),
                       bulk("fenced"), integer(-1)}),
                bulk("rejected"), words({"10.0.0.3:6379", "priority is 0"})});
}

TEST(Explain, ReadsVerdictAndFindings) {
  const auto view =
      decode_explanation(words({"verdict", "failover held back", "quorum", "1 of 2 agree", "quorum", "again"}));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->verdict, "failover held back");
  ASSERT_EQ(view->findings.size(), 2u);  // Topics may repeat: order and all of them are kept.
  const std::string text = render(*view, kPlain);
  EXPECT_THAT(text, HasSubstr("failover held back\n"));
  EXPECT_THAT(text, HasSubstr("quorum  1 of 2 agree\n"));
}

TEST(Explain, RefusesAReplyWithoutAVerdict) {
  EXPECT_FALSE(decode_explanation(words({"topic", "text"})));
  EXPECT_FALSE(decode_explanation(words({})));
  EXPECT_FALSE(decode_explanation(integer(3)));
}

TEST(Explain, KnowsAStockSentinelByItsError) {
  EXPECT_TRUE(is_unknown_command("ERR unknown subcommand 'EXPLAIN'. Try SENTINEL HELP."));
  EXPECT_FALSE(is_unknown_command("ERR No such master with that name"));
}

TEST(Timeline, ReadsTheWholeReply) {
  const auto view = decode_timeline(timeline_reply());
  ASSERT_TRUE(view);
  EXPECT_EQ(view->epoch, 4u);
  EXPECT_EQ(view->to, "10.0.0.2:6379");
  ASSERT_EQ(view->phases.size(), 4u);
  EXPECT_EQ(view->phases[2], (std::pair<std::string, std::int64_t>{"promoted", 1100}));
  EXPECT_EQ(view->rejected[0].second, "priority is 0");
}

TEST(Timeline, DrawsABarFromPhaseToPhase) {
  const auto view = decode_timeline(timeline_reply());
  ASSERT_TRUE(view);
  EXPECT_EQ(render(*view, kPlain, 11),
            "m1  epoch 4  10.0.0.1:6379 -> 10.0.0.2:6379  cause down  outcome done  leader 01234567\n"
            "  sdown       1000 ms  ##########  +1000\n"
            "  elected     1010 ms            #  +10\n"
            "  promoted    1100 ms            #  +90\n"
            "  fenced        never\n"
            "  not chosen: 10.0.0.3:6379: priority is 0\n");
}

TEST(Timeline, AFailoverWithoutPhasesHasNoBars) {
  TimelineView view;
  view.group = "m1";
  view.outcome = "running";
  const std::string text = render(view, kPlain, 10);
  EXPECT_THAT(text, HasSubstr("-> nobody"));
  EXPECT_THAT(text, Not(HasSubstr("#")));
}

TEST(Timeline, RefusesAPhaseWithoutATime) {
  EXPECT_FALSE(decode_timeline(array({bulk("phases"), array({bulk("sdown"), bulk("soon")})})));
  EXPECT_FALSE(decode_timeline(bulk("x")));
}

TEST(Timeline, JsonKeepsNeverAsNull) {
  const auto view = decode_timeline(timeline_reply());
  ASSERT_TRUE(view);
  const auto json = to_json(*view);
  EXPECT_EQ(json["phases"][0]["at_ms"], 1000);
  EXPECT_TRUE(json["phases"][3]["at_ms"].is_null());
}

}  // namespace
}  // namespace sentinel
