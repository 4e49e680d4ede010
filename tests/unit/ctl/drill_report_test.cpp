#include "sentinel/ctl/drill_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sentinel {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Steady::time_point kFault = Steady::time_point{} + 1h;
const Endpoint kOld{"10.0.0.1", 6379};
const Endpoint kNew{"10.0.0.2", 6379};

Acknowledged ack(std::uint64_t id, Millis after_fault, const Endpoint& node = kOld) {
  return {.id = id, .at = kFault + after_fault, .node = node};
}

SeenEvent event(Millis after_fault, std::string name, std::string message) {
  return {.at = kFault + after_fault,
          .wall = {},
          .sentinel = {"10.0.0.9", 26379},
          .name = std::move(name),
          .message = std::move(message)};
}

TEST(Ledger, AWriteThatWasAcknowledgedAndIsNotThereIsLost) {
  const Ledger ledger{ack(0, -10ms), ack(1, 0ms), ack(3, 20ms, kNew)};

  const LossReport loss = compare(ledger, {0, 2, 3});

  EXPECT_EQ(loss.acknowledged, 3u);
  ASSERT_EQ(loss.lost.size(), 1u);
  EXPECT_EQ(loss.lost[0].id, 1u);
  EXPECT_EQ(loss.lost[0].node, kOld);
  EXPECT_EQ(loss.unacknowledged_there, 1u);  // 2: the client saw an error, and it happened nevertheless.
  EXPECT_EQ(loss.repeated, 0u);
}

TEST(Ledger, AReplayedWriteIsSeen) { EXPECT_EQ(compare({ack(1, 0ms)}, {1, 1, 1}).repeated, 2u); }

TEST(Ledger, AnEmptyMasterLostEverything) { EXPECT_EQ(compare({ack(1, 0ms), ack(2, 1ms)}, {}).lost.size(), 2u); }

TEST(Outage, IsTheLongestTimeBetweenTwoAcknowledgements) {
  const Ledger ledger{ack(0, -900ms), ack(1, -10ms), ack(2, 490ms), ack(3, 500ms), ack(4, 700ms)};

  const Outage outage = longest_outage(ledger, kFault, kFault + 710ms);

  EXPECT_EQ(outage.length, 500ms);
  EXPECT_TRUE(outage.ended);
}

TEST(Outage, AGapBeforeTheFaultIsNotItsWork) {
  const Ledger ledger{ack(0, -900ms), ack(1, -10ms), ack(2, 5ms)};
  EXPECT_EQ(longest_outage(ledger, kFault, kFault + 6ms).length, 15ms);
}

TEST(Outage, LastsAsLongAsNothingIsAcknowledged) {
  const Outage outage = longest_outage({ack(0, -10ms)}, kFault, kFault + 5s);
  EXPECT_EQ(outage.length, 5010ms);
  EXPECT_FALSE(outage.ended);
}

TEST(Events, SayWhichGroupTheyConcern) {
  struct Row {
    const char* name;
    const char* message;
    bool concerns_m1;
    bool about_its_master;
  };
  const Row rows[] = {
      {"+sdown", "master m1 10.0.0.1 6379", true, true},
      {"+sdown", "master m10 10.0.0.1 6379", false, false},
      {"+sdown", "slave 10.0.0.2:6379 10.0.0.2 6379 @ m1 10.0.0.1 6379", true, false},
      {"+sdown", "sentinel 0123 10.0.0.9 26379 @ m2 10.0.0.1 6379", false, false},
      {"+switch-master", "m1 10.0.0.1 6379 10.0.0.2 6379", true, false},
      {"+new-epoch", "7", false, false},
      {"+tilt", "", false, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.message);
    EXPECT_EQ(concerns(event(0ms, row.name, row.message), "m1"), row.concerns_m1);
    EXPECT_EQ(about_master(event(0ms, row.name, row.message), "m1"), row.about_its_master);
  }
}

TEST(Steps, AreTheFirstOfTheirKindAfterTheFault) {
  const std::vector<SeenEvent> events{
      event(-5ms, "+sdown", "master m1 10.0.0.1 6379"),
      event(1100ms, "+sdown", "slave 10.0.0.3:6379 10.0.0.3 6379 @ m1 10.0.0.1 6379"),
      event(1200ms, "+sdown", "master m1 10.0.0.1 6379"),
      event(1150ms, "+sdown", "master m1 10.0.0.1 6379"),  // Another sentinel's, read later.
      event(1210ms, "+odown", "master m2 10.0.0.7 6379 #quorum 2/2"),
      event(1220ms, "+odown", "master m1 10.0.0.1 6379 #quorum 2/2"),
      event(1300ms, "+elected-leader", "master m1 10.0.0.1 6379"),
      event(1400ms, "+switch-master", "m1 10.0.0.1 6379 10.0.0.2 6379"),
  };

  const DrillSteps steps = find_steps(events, "m1", kFault);

  ASSERT_TRUE(steps.detection && steps.agreement && steps.election && steps.promotion);
  EXPECT_EQ(steps.detection->after, 1150ms);
  EXPECT_EQ(steps.agreement->after, 1220ms);
  EXPECT_EQ(steps.election->after, 1300ms);
  EXPECT_EQ(steps.promotion->event, "+switch-master");
}

DrillReport good_report() {
  DrillReport report;
  report.group = "m1";
  report.target = "10.0.0.1:6379 (process 42)";
  report.old_master = kOld;
  report.new_master = kNew;
  report.sentinels = 3;
  report.answers_changed = 3;
  report.last_answer = 1300ms;
  report.fault_at = kFault;
  report.steps.detection = Step{.after = 1000ms, .event = "+sdown", .sentinel = {"10.0.0.9", 26379}};
  report.outage = {.begin = kFault, .length = 1350ms, .ended = true};
  report.writes_per_second = 100;
  report.loss = LossReport{.acknowledged = 400, .lost = {ack(7, 3ms)}, .unacknowledged_there = 0, .repeated = 0};
  return report;
}

TEST(Verdict, PassesWithoutLimits) { EXPECT_THAT(failures(good_report(), {}), IsEmpty()); }

TEST(Verdict, ALimitIsKeptWhenItIsMetExactly) {
  EXPECT_THAT(failures(good_report(), {.outage_max = 1350ms, .lost_max = 1, .detection_max = 1000ms}), IsEmpty());
}

TEST(Verdict, NamesEveryLimitThatWasMissed) {
  EXPECT_THAT(failures(good_report(), {.outage_max = 1349ms, .lost_max = 0, .detection_max = 999ms}),
              ElementsAre("client outage 1350 ms, limit 1349 ms", "1 acknowledged writes lost, limit 0",
                          "detection after 1000 ms, limit 999 ms"));
}

TEST(Verdict, WhatIsNotKnownDoesNotPassALimit) {
  DrillReport report = good_report();
  report.loss.reset();
  report.steps.detection.reset();
  EXPECT_EQ(failures(report, {.outage_max = {}, .lost_max = 5, .detection_max = 5s}).size(), 2u);
}

TEST(Verdict, FailsWithoutAFailoverWhateverTheLimits) {
  DrillReport report = good_report();
  report.new_master.reset();
  EXPECT_THAT(failures(report, {}), Contains(HasSubstr("no failover")));
  report = good_report();
  report.answers_changed = 2;
  EXPECT_THAT(failures(report, {}), ElementsAre("only 2 of 3 sentinels name the new master"));
  report = good_report();
  report.outage.ended = false;
  EXPECT_THAT(failures(report, {}), ElementsAre("clients could not write again in time"));
  report = good_report();
  report.expects_rejoin = true;
  EXPECT_THAT(failures(report, {}), ElementsAre("the old master 10.0.0.1:6379 is no replica of the new one"));
}

TEST(Report, SaysPassOrWhyNot) {
  const Style plain{.color = false, .unicode = false};
  EXPECT_THAT(render(good_report(), {}, plain), HasSubstr("PASS\n"));
  const std::string text = render(good_report(), {.outage_max = {}, .lost_max = 0, .detection_max = {}}, plain);
  EXPECT_THAT(text, HasSubstr("FAIL: 1 acknowledged writes lost, limit 0"));
  EXPECT_THAT(text, HasSubstr("acknowledged by 10.0.0.1:6379 from 3 ms to 3 ms after the fault"));
}

TEST(Report, JsonOfAnInterruptedDrillHasNotPassed) {
  DrillReport report = good_report();
  EXPECT_EQ(to_json(report, {})["passed"], true);
  report.was_interrupted = true;
  EXPECT_EQ(to_json(report, {})["passed"], false);
  EXPECT_EQ(to_json(report, {})["writes"]["lost"], 1);
}

TEST(Fault, NamesReadBack) {
  for (const Fault fault : {Fault::Kill, Fault::Pause, Fault::Planned}) EXPECT_EQ(parse_fault(describe(fault)), fault);
  EXPECT_EQ(parse_fault("burn"), std::nullopt);
}

}  // namespace
}  // namespace sentinel
