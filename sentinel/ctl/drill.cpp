#include "sentinel/ctl/drill.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <iostream>
#include <random>

#include "sentinel/ctl/answer_poller.h"
#include "sentinel/ctl/drill_target.h"
#include "sentinel/ctl/interrupt.h"
#include "sentinel/ctl/probe.h"
#include "sentinel/ctl/survey.h"

namespace sentinel {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWarmupWrites = 20;  // Acknowledged before anything is broken.
constexpr Millis kWarmupMax{10'000};
constexpr Millis kSubscribeMax{5000};
constexpr Millis kWatch{20};                              // How often the main loop looks.
constexpr Millis kSettle{500};                            // Writes go on so long after the failover is over.
constexpr Millis kReadBackMax{5000};                      // Per LRANGE of the scratch list.
constexpr std::chrono::seconds kSleepBeyondDownAfter{5};  // DEBUG SLEEP can't be ended early: not longer than needed.

std::string unique_key() {
  std::random_device random;
  return fmt::format("vigilctl:drill:{:08x}{:08x}", random(), random());
}

// Resumes a stopped process even if the drill ends early.
class PauseGuard {
 public:
  ~PauseGuard() { resume(); }
  void arm(const ServerProcess& process) { process_ = process; }
  void resume() {
    if (process_) {
      if (auto resumed = process_->resume(); !resumed) fmt::print(stderr, "vigilctl: {}\n", resumed.error());
    }
    process_.reset();
  }

 private:
  std::optional<ServerProcess> process_;
};

class Drill {
 public:
  Drill(Session& session, const DrillOptions& options, GroupView group, DrillTarget target)
      : session_(session), options_(options), group_(std::move(group)), target_(std::move(target)) {
    for (const SentinelView& sentinel : group_.sentinels) {
      if (sentinel.problem.empty()) sentinels_.push_back(sentinel.at);
    }
    report_.group = options.group;
    report_.fault = options.fault;
    report_.target = target_.name;
    report_.old_master = target_.master;
    report_.sentinels = sentinels_.size();
    report_.writes_per_second = options.writes_per_second;
    report_.expects_rejoin = options.fault != Fault::Kill;
  }

  // The report, or why nothing was broken.
  Result<DrillReport> run() {
    EventFeed feed(sentinels_, session_.options().sentinel);
    if (const auto ready = feed.wait_ready(kSubscribeMax); ready < sentinels_.size()) {
      return unexpected(fmt::format("only {} of {} sentinels accept a subscription", ready, sentinels_.size()));
    }
    const std::string key = unique_key();
    ProbeWriter probe(probe_options(key));
    if (auto warm = warm_up(probe); !warm) {
      clean_up(key, probe.stop());
      return unexpected(warm.error());
    }
    {
      AnswerPoller poller(sentinels_, session_.options().sentinel, options_.group, target_.master);
      PauseGuard guard;
      report_.fault_at = Steady::now();
      if (auto injected = inject(guard); !injected) {
        clean_up(key, probe.stop());
        return unexpected(injected.error());
      }
      wait_for_failover(feed, poller, probe);
      const bool resumed = options_.fault == Fault::Pause;
      const auto rejoin_from = resumed ? Steady::now() : report_.fault_at;
      guard.resume();
      if (report_.expects_rejoin && report_.new_master) wait_for_rejoin(feed, rejoin_from);
      collect(feed, Steady::now() + kSettle);
      note_answers(poller);
    }
    const auto end = Steady::now();
    const Ledger ledger = probe.stop();
    report_.outage = longest_outage(ledger, report_.fault_at, end);
    report_.steps = find_steps(events_, options_.group, report_.fault_at);
    clean_up(key, ledger);
    if (feed.dropped() > 0) report_.notes.push_back("events came faster than they could be read: some are missing");
    if (options_.fault == Fault::Kill) {
      report_.notes.push_back("the old master is still dead. Bring it back: " + target_.restart);
    }
    report_.was_interrupted = interrupted();
    return std::move(report_);
  }

 private:
  ProbeOptions probe_options(const std::string& key) const {
    ProbeOptions probe;
    probe.group = options_.group;
    probe.key = key;
    probe.sentinels = sentinels_;
    probe.sentinel = session_.options().sentinel;
    probe.node = session_.options().node;
    probe.client_timeout = options_.client_timeout;
    probe.writes_per_second = options_.writes_per_second;
    probe.key_ttl = 3 * options_.duration + 600s;
    return probe;
  }

  Result<void> warm_up(const ProbeWriter& probe) {
    const auto deadline = Steady::now() + kWarmupMax;
    while (probe.status().acknowledged < kWarmupWrites) {
      if (interrupted()) return unexpected(std::string("interrupted before anything was broken"));
      if (Steady::now() > deadline) {
        const auto error = probe.status().last_error;
        return unexpected("the probe can't write to the master: " + (error.empty() ? "it is too slow" : error));
      }
      std::this_thread::sleep_for(kWatch);
    }
    return {};
  }

  Result<void> inject(PauseGuard& guard) {
    switch (options_.fault) {
      case Fault::Kill: return target_.process->kill();
      case Fault::Pause: {
        if (!target_.process) return sleep_remotely();
        auto paused = target_.process->pause();
        if (paused) guard.arm(*target_.process);
        return paused;
      }
      case Fault::Planned: {
        auto link = session_.any_sentinel();
        if (!link) return unexpected(link.error());
        auto reply = session_.ask_group(**link, {"SENTINEL", "FAILOVER", options_.group}, options_.group);
        if (!reply) return unexpected(reply.error());
        return {};
      }
    }
    return unexpected(std::string("unknown fault"));
  }

  // The reply comes when the master wakes up; an error comes at once.
  Result<void> sleep_remotely() {
    auto link = session_.node(target_.master);
    if (!link) return unexpected(link.error());
    const auto length =
        std::chrono::duration_cast<std::chrono::seconds>(group_.master.down_after) + kSleepBeyondDownAfter;
    auto sent = link->send({"DEBUG", "SLEEP", std::to_string(length.count())});
    if (!sent) return sent;
    const auto reply = link->read(100ms);
    if (!reply) return unexpected(reply.error());
    if (*reply && (*reply)->is_error()) {
      return unexpected(
          fmt::format("the master refuses DEBUG SLEEP: {}\nAllow it (enable-debug-command), or run the "
                      "drill on the master's host.",
                      (*reply)->text));
    }
    sleeping_.emplace(std::move(*link));  // Closing the connection would not wake it up, but keep things as they are.
    return {};
  }

  void take(EventFeed& feed, Millis wait) {
    while (auto event = feed.next(wait)) {
      events_.push_back(std::move(*event));
      wait = Millis{0};
    }
  }

  void collect(EventFeed& feed, Steady::time_point until) {
    while (Steady::now() < until && !interrupted()) take(feed, kWatch);
  }

  // Until all sentinels name the same new master and the probe writes there.
  void wait_for_failover(EventFeed& feed, const AnswerPoller& poller, const ProbeWriter& probe) {
    const auto deadline = report_.fault_at + options_.duration;
    while (Steady::now() < deadline && !interrupted()) {
      take(feed, kWatch);
      const auto agreed = poller.agreed();
      if (agreed && probe.status().last_node == agreed) return note_answers(poller);
    }
    note_answers(poller);
  }

  void note_answers(const AnswerPoller& poller) {
    report_.answers_changed = 0;
    report_.last_answer.reset();
    report_.new_master = poller.agreed();
    for (const SentinelAnswer& answer : poller.answers()) {
      if (!answer.changed_at) continue;
      if (!report_.new_master) report_.new_master = answer.master;  // They do not agree: the first one's, and it fails.
      if (answer.master != report_.new_master) continue;
      ++report_.answers_changed;
      const auto after = std::chrono::duration_cast<Millis>(*answer.changed_at - report_.fault_at);
      report_.last_answer = std::max(report_.last_answer.value_or(after), after);
    }
  }

  bool is_replica_of_new_master() const {
    auto link = session_.node(target_.master);
    if (!link) return false;
    const auto role = link->ask({"ROLE"});
    return role && role->items.size() >= 4 && role->items[0].text == "slave" && role->items[3].text == "connected";
  }

  void wait_for_rejoin(EventFeed& feed, Steady::time_point from) {
    const auto deadline = Steady::now() + options_.duration;
    while (Steady::now() < deadline && !interrupted()) {
      if (is_replica_of_new_master()) {
        report_.rejoined = std::chrono::duration_cast<Millis>(Steady::now() - from);
        return;
      }
      take(feed, kWatch);
    }
  }

  // Compares the ledger with the master's list, and removes the list.
  void clean_up(const std::string& key, const Ledger& ledger) {
    ConnectOptions patient = session_.options().node;
    patient.command_timeout = std::max(patient.command_timeout, kReadBackMax);
    std::size_t first = 0;
    auto master = connect_to_master(sentinels_, options_.group, session_.options().sentinel, patient, first);
    if (!master) {
      report_.notes.push_back(fmt::format("the scratch key {} could not be read or removed: {}", key, master.error()));
      return;
    }
    const auto present = read_back(*master, key);
    if (present)
      report_.loss = compare(ledger, *present);
    else
      report_.notes.push_back(fmt::format("the scratch key {} could not be read: {}", key, present.error()));
    if (auto removed = master->ask({"UNLINK", key}); !removed) {
      report_.notes.push_back(
          fmt::format("the scratch key {} is left, and expires by itself: {}", key, removed.error()));
    }
  }

  Session& session_;
  const DrillOptions& options_;
  GroupView group_;
  DrillTarget target_;
  std::vector<Endpoint> sentinels_;
  std::vector<SeenEvent> events_;
  std::optional<Connection> sleeping_;
  DrillReport report_;
};

// Why a drill should not start now; empty if it may.
std::string unhealthy(const GroupView& group) {
  std::vector<std::string> reasons;
  if (!group.quorum_ok) reasons.push_back("CKQUORUM: " + group.quorum_text);
  if (good_replicas(group) == 0) reasons.push_back("no replica could be promoted");
  if (group.master.down()) reasons.push_back(fmt::format("the master {} is down already", to_string(group.master.at)));
  if (!group.master.failover_state.empty()) reasons.push_back("a failover is running");
  for (const SentinelView& sentinel : group.sentinels) {
    if (sentinel.problem.empty() && !agrees(sentinel, group)) {
      reasons.push_back(fmt::format("sentinel {} names another master", to_string(sentinel.at)));
    }
  }
  return fmt::format("{}", fmt::join(reasons, "; "));
}

Result<void> confirm(const DrillOptions& options, const DrillTarget& target) {
  if (options.yes) return {};
  if (isatty(STDIN_FILENO) != 1) {
    return unexpected(std::string("a drill breaks things for real and there is no terminal to ask on: add --yes"));
  }
  fmt::print(stderr,
             "This is a real fault: {}, the master of group {}.\n"
             "Its clients will see an outage, and may lose acknowledged writes.\n"
             "Type the group's name to go on: ",
             target.how, options.group);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer != options.group) return unexpected(std::string("not confirmed: nothing was done"));
  return {};
}

}  // namespace

ExitCode run_drill(Session& session, const DrillOptions& options) {
  auto group = survey_group(session, options.group);
  if (!group) return fail(session.options(), group.error());
  if (const auto reasons = unhealthy(*group); !reasons.empty() && !options.force) {
    return fail(session.options(), fmt::format("group {} is not healthy, so a drill would be an outage: {}\n"
                                               "See vigilctl status {}; --force starts it nevertheless.",
                                               options.group, reasons, options.group));
  }
  auto target = find_target(session, group->master.at, {.fault = options.fault, .pid = options.pid});
  if (!target) return fail(session.options(), target.error());
  if (auto confirmed = confirm(options, *target); !confirmed) return fail(session.options(), confirmed.error());
  if (!session.options().json) fmt::print(stderr, "Drill: {}. Ctrl-C ends it in order.\n", target->how);

  const auto report = Drill(session, options, std::move(*group), std::move(*target)).run();
  if (!report) return fail(session.options(), report.error());
  if (session.options().json) {
    fmt::print("{}\n", to_json(*report, options.limits).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}", render(*report, options.limits, session.options().style));
  }
  if (report->was_interrupted) return ExitCode::CouldNotRun;
  return failures(*report, options.limits).empty() ? ExitCode::Ok : ExitCode::Bad;
}

}  // namespace sentinel
