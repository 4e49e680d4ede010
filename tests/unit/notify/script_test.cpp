// Scripts through the dispatcher: stock's contract with real processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "notify_fixture.h"

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using Scripts = DispatcherTest;

TEST_F(Scripts, get_stocks_arguments) {
  open();
  const std::string notify = script("notify", R"(printf '<%s>' "$#" "$@" >> "$LOG"; echo >> "$LOG")");
  emit({event_of("mymaster", "master mymaster 10.0.0.1 6379; $(touch x) 'q'")}, group_with("mymaster", notify));
  ASSERT_TRUE(until_idle());
  emit({switch_of("mymaster", 6380, FailoverRole::Observer)}, group_with("mymaster", {}, notify));
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), ElementsAre("<2><+sdown><master mymaster 10.0.0.1 6379; $(touch x) 'q'>",
                                 "<7><mymaster><observer><start><10.0.0.1><6379><10.0.0.2><6380>"));
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(Scripts, both_scripts_are_told_of_a_switch_and_no_one_of_a_notice) {
  open();
  const GroupSettings group =
      group_with("mymaster", script("notify", "echo notify >> $LOG"), script("reconfig", "echo reconfig >> $LOG"));
  Event notice = event_of("mymaster", "m", "+slave");
  notice.level = Level::Notice;
  emit({notice, switch_of("mymaster", 1)}, group);
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), UnorderedElementsAre("notify", "reconfig"));
}

TEST_F(Scripts, are_run_for_alerts_that_no_disk_takes_and_again_after_a_failure) {
  open();
  const GroupSettings group = group_with("mymaster", script("flaky", R"(echo $2 >> $LOG; [ $(wc -l < $LOG) -ge 2 ])"));
  dispatcher->deliver_unsaved(dispatcher->route(event_of("mymaster", "m"), &group));
  ASSERT_TRUE(until([&] { return log().size() == 2; }));
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), ElementsAre("m", "m"));
  emit({event_of("mymaster", "saved")}, group);
  ASSERT_TRUE(until([&] { return log().size() == 3; }));
  EXPECT_THAT(dead_letters(), IsEmpty());
}

TEST_F(Scripts, that_exit_1_or_die_are_run_again_until_they_succeed) {
  open();
  const std::string flaky = script("flaky", R"(
echo run >> $LOG
case $(wc -l < $LOG) in 1) exit 1;; 2) kill -9 $$;; esac)");
  emit({event_of("mymaster", "m")}, group_with("mymaster", flaky));
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), SizeIs(3));
  EXPECT_THAT(events, IsEmpty());
  EXPECT_THAT(dead_letters(), IsEmpty());
}

TEST_F(Scripts, that_keep_failing_end_as_dead_letters_after_the_last_attempt) {
  settings.policy.script_retry.attempts_max = 4;
  open();
  const std::string failing = script("failing", "echo run >> $LOG; exit 1");
  emit({event_of("mymaster", "m")}, group_with("mymaster", failing));
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), SizeIs(4));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].name, "-script-error");
  EXPECT_EQ(events[0].message, failing + " 0 1");
  EXPECT_FALSE(notifies(events[0])) << "an event about a script would start the script";
  const auto letters = dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].attempts, 4U);
}

TEST_F(Scripts, that_exit_2_or_more_are_not_run_again) {
  open();
  const std::string broken = script("broken", "echo run >> $LOG; exit 7");
  emit({event_of("mymaster", "m")}, group_with("mymaster", broken));
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), SizeIs(1));
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].message, broken + " 0 7");
}

TEST_F(Scripts, that_are_not_there_count_as_exit_2) {
  open();
  emit({event_of("mymaster", "m")}, group_with("mymaster", "/nowhere/script"));
  ASSERT_TRUE(until_idle());
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].name, "-script-error");
  EXPECT_EQ(events[0].message, "/nowhere/script 0 2");
}

TEST_F(Scripts, that_hang_are_killed_with_what_they_wait_for) {
  settings.script_runtime_max = Millis(300);
  settings.policy.script_retry.attempts_max = 1;
  open();
  const std::string hung = script("hung", "sleep 1000 & echo $! >> $LOG; wait");
  emit({event_of("mymaster", "m")}, group_with("mymaster", hung));
  ASSERT_TRUE(until([&] { return dispatcher->running_scripts() == 1; }));
  ASSERT_TRUE(until_idle());
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].name, "-script-timeout");
  EXPECT_THAT(events[0].message, HasSubstr(hung + " "));
  EXPECT_EQ(events[1].name, "-script-error");
  EXPECT_EQ(events[1].message, hung + " 9 0");
  ASSERT_THAT(log(), SizeIs(1));
  // Gone, or a zombie that nobody reaps in this container.
  const std::string sleeper = log()[0];
  EXPECT_TRUE(until([&] {
    std::ifstream stat("/proc/" + sleeper + "/stat");
    std::string line;
    return !std::getline(stat, line) || line.find(") Z ") != std::string::npos;
  })) << "the sleeper survived its script";
}

TEST_F(Scripts, run_in_order_per_group_and_together_across_groups) {
  open();
  // Each waits for the other group's first: they must overlap.
  const std::string meeting = script("meeting", R"(
touch "$LOG.$2"
case "$2" in a1) other=b1;; b1) other=a1;; *) other=$2;; esac
while [ ! -e "$LOG.$other" ]; do sleep 0.01; done
echo "$2" >> $LOG)");
  emit({event_of("a", "a1"), event_of("a", "a2"), event_of("a", "a3")}, group_with("a", meeting));
  emit({event_of("b", "b1"), event_of("b", "b2")}, group_with("b", meeting));
  ASSERT_TRUE(until_idle());
  std::vector<std::string> of_a;
  std::vector<std::string> of_b;
  for (const std::string& line : log()) (line[0] == 'a' ? of_a : of_b).push_back(line);
  EXPECT_THAT(of_a, ElementsAre("a1", "a2", "a3"));
  EXPECT_THAT(of_b, ElementsAre("b1", "b2"));
}

TEST_F(Scripts, run_sixteen_at_a_time) {
  open();
  const std::string held = script("held", "echo run >> $LOG; while [ ! -e \"$LOG.go\" ]; do sleep 0.02; done");
  for (int i = 0; i < 20; ++i) {
    const std::string group = "group" + std::to_string(i);
    emit({event_of(group, "m")}, group_with(group, held));
  }
  ASSERT_TRUE(until([&] { return dispatcher->running_scripts() + dispatcher->queued() == 20 && log().size() == 16; }));
  EXPECT_EQ(dispatcher->running_scripts(), 16U);
  EXPECT_EQ(dispatcher->queued(), 4U);
  std::ofstream(folder / "log.go").close();
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), SizeIs(20));
}

TEST_F(Scripts, see_none_of_our_descriptors_and_no_ignored_signals) {
  open();
  ASSERT_EQ(::dup2(STDERR_FILENO, 200), 200);  // Not close-on-exec, and out of the shell's own way.
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  const std::string curious = script("curious", R"(
if [ -e /proc/$$/fd/200 ]; then echo leaked >> $LOG; else echo closed >> $LOG; fi
grep SigIgn /proc/$$/status >> $LOG)");
  emit({event_of("mymaster", "m")}, group_with("mymaster", curious));
  ASSERT_TRUE(until_idle());
  ::signal(SIGPIPE, before);
  ::close(200);
  ASSERT_THAT(log(), SizeIs(2));
  EXPECT_EQ(log()[0], "closed");
  const auto ignored = std::stoull(log()[1].substr(log()[1].find(':') + 1), nullptr, 16);
  EXPECT_EQ(ignored & (1ULL << (SIGPIPE - 1)), 0U);
}

TEST_F(Scripts, that_wait_for_a_retry_are_overtaken) {
  settings.policy.script_retry = {.first = Millis(3600000), .max = Millis(3600000), .attempts_max = 10};
  open();
  const std::string notify = script("notify", "echo \"$2\" >> $LOG; [ \"$2\" != first ]");
  emit({event_of("mymaster", "first"), event_of("mymaster", "second")}, group_with("mymaster", notify));
  ASSERT_TRUE(
      until([&] { return dispatcher->queued() == 1 && dispatcher->running_scripts() == 0 && log().size() == 2; }));
  EXPECT_THAT(log(), ElementsAre("first", "second"));
  // Across a restart the entry still waits: attempts and time are in the outbox.
  close();
  open();
  ASSERT_TRUE(until([&] { return dispatcher->queued() == 1; }));
  const auto rows = undelivered();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].attempts, 1U);
  EXPECT_THAT(log(), SizeIs(2));
}

TEST_F(Scripts, never_repeat_a_switch_that_a_newer_one_has_overtaken) {
  open();
  const std::string reconfig = script("reconfig", R"(
echo "$7" >> $LOG
if [ "$7" = 1 ]; then while [ ! -e "$LOG.go" ]; do sleep 0.01; done; exit 1; fi)");
  const GroupSettings group = group_with("mymaster", {}, reconfig);
  emit({switch_of("mymaster", 1)}, group);
  ASSERT_TRUE(until([&] { return log().size() == 1; }));
  emit({switch_of("mymaster", 2)}, group);
  ASSERT_TRUE(until([&] { return dispatcher->queued() == 1; }));
  std::ofstream(folder / "log.go").close();
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), ElementsAre("1", "2"));
  EXPECT_TRUE(saw("-script-error"));
}

// The promise of the outbox: a process killed between event and delivery
// delivers after its restart.
TEST_F(Scripts, of_a_killed_process_are_run_by_the_next) {
  const std::string notify = script("notify", "echo \"$2\" >> $LOG");
  const pid_t child = ::fork();
  if (child == 0) {
    // Commits, and is killed before any delivery: its loop never runs.
    auto opened = Store::open(folder / "state.db");
    if (!opened) ::_exit(3);
    Store& mine = **opened;
    asio::io_context never_run;
    Dispatcher sender(never_run.get_executor(), mine, settings, [](const Event&) {});
    const GroupSettings group = group_with("mymaster", notify);
    Batch batch{.number = 1, .records = {}, .outbox = {}};
    for (const char* message : {"one", "two"}) {
      for (OutboxEntry& entry : sender.route(event_of("mymaster", message), &group))
        batch.outbox.push_back(std::move(entry));
    }
    mine.start([](const StoreReport& report) {
      if (std::holds_alternative<Persisted>(report)) ::kill(::getpid(), SIGKILL);
    });
    mine.commit(std::move(batch));
    for (;;) ::pause();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_THAT(log(), IsEmpty());

  open();
  ASSERT_TRUE(until([&] { return log().size() == 2; }));
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), ElementsAre("one", "two"));
  close();
  open();
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), SizeIs(2)) << "delivered twice without need";
}

TEST_F(Scripts, are_killed_with_the_dispatcher_and_run_again_by_the_next) {
  open();
  const std::string slow = script("slow", "echo $$ >> $LOG; [ -e \"$LOG.go\" ] || sleep 1000");
  emit({event_of("mymaster", "m")}, group_with("mymaster", slow));
  ASSERT_TRUE(until([&] { return log().size() == 1; }));
  close();
  const pid_t first = std::stoi(log()[0]);
  ::waitpid(first, nullptr, 0);  // Reaps it if the dispatcher did not.
  EXPECT_EQ(::kill(first, 0), -1);
  EXPECT_EQ(errno, ESRCH);
  std::ofstream(folder / "log.go").close();
  open();
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(log(), SizeIs(2));
}

}  // namespace
}  // namespace sentinel
