#include "tests/sim/sentinel_process.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "common/overloaded.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMillion = 1'000'000;
constexpr Millis kDiskErrorAfter = 200ms;
constexpr WallMillis kWallAtStart = 1'700'000'000'000;

bool decisive(const Record& record) {
  return std::holds_alternative<VoteRecord>(record) || std::holds_alternative<ConfigRecord>(record);
}

}  // namespace

SentinelProcess::SentinelProcess(Surroundings& around, ProcessSetup setup, HostId host)
    : around_(around),
      setup_(std::move(setup)),
      rng_(setup_.seed),
      clock_base_(1000 + static_cast<Millis::rep>(rng_.below(1'000'000))),
      disk_(around.net->queue(), rng_.next(), setup_.commit_max) {
  PeerPort port;
  port.id = setup_.settings.self;
  port.at = setup_.settings.announce;
  port.host = host;
  port.post = [this](std::function<void()> work) { post(std::move(work)); };
  port.deliver = [this](const Input& input) { step(input); };
  port.hear = [this](const Hello& hello) { step(HelloPublished{hello}); };
  port_ = around_.mesh->add(std::move(port));
  disk_.on_durable = [this](const Record& record) {
    around_.invariants->durable(setup_.index, record);
    // An earlier change of a group that was removed meanwhile may reach the disk now.
    if (const auto* group = std::get_if<GroupRecord>(&record);
        group && group->monitored && core_ && core_->settings(group->settings.name))
      removed_.erase(group->settings.name);
    if (const auto* config = std::get_if<ConfigRecord>(&record)) around_.configured(setup_.index, *config);
  };
  disk_.on_alert = [this](const OutboxEntry& entry) { around_.receiver->promised(setup_.index, entry, true); };
}

TimePoint SentinelProcess::local(TimePoint global) const {
  return TimePoint(clock_base_ + Millis(global.time_since_epoch().count() * setup_.clock_ppm / kMillion));
}

TimePoint SentinelProcess::global(TimePoint when) const {
  const auto elapsed = (when.time_since_epoch() - clock_base_).count();
  TimePoint result{Millis(std::max<Millis::rep>(0, elapsed * kMillion / setup_.clock_ppm - 1))};
  while (local(result) < when) result += 1ms;
  return result;
}

void SentinelProcess::note(const std::string& line) {
  around_.history->add(around_.net->queue().now(), fmt::format("s{} {}", setup_.index, line));
}

void SentinelProcess::boot() {
  if (port_->alive || retired_) return;
  ++life_;
  port_->alive = true;
  port_->paused = false;
  RestoredState state = disk_.restore();
  if (around_.mutation == Mutation::ForgetVotes) state.votes.clear();
  if (around_.mutation == Mutation::ForgetConfigs) state.configs.clear();
  note("boots");
  remembers_since_ = around_.net->queue().now();
  // The machine may have booted too, which starts its monotonic clock anew.
  if (rng_.below(2) == 0) clock_base_ = Millis(1000 + static_cast<Millis::rep>(rng_.below(1'000'000)));
  core_ = std::make_unique<Coordinator>(setup_.settings, setup_.groups, std::move(state), rng_.next(), local_now());
  std::erase_if(removed_, [&](const std::string& group) { return core_->settings(group) != nullptr; });
  AlertDeskSetup desk{
      .self = setup_.index, .queue = &around_.net->queue(), .disk = &disk_, .receiver = around_.receiver};
  desk.clocks = [this] {
    return Clocks{local_now(), kWallAtStart + (around_.net->queue().now().time_since_epoch() + wall_offset_).count()};
  };
  desk.post = [this, life = life_](std::function<void()> work) {
    post([this, life, work = std::move(work)] {
      if (life == life_) work();
    });
  };
  desk_ = std::make_shared<AlertDesk>(std::move(desk), rng_.next());
  store_healthy_ = true;
  if (around_.mutation == Mutation::ForgetAlerts) disk_.forget_alerts();
  desk_->wake();
  after_step();
  if (disk_.refusing()) refuse_disk(true);
}

void SentinelProcess::crash() {
  if (!port_->alive) return;
  note("crashes");
  ++life_;
  port_->alive = false;
  port_->paused = false;
  port_->wanted.clear();
  armed_.reset();
  leads_ = nullptr;
  inbox_.clear();
  disk_.crash();
  batches_pending_ = 0;
  desk_.reset();
  around_.mesh->crashed(*port_);
  for (auto& [id, open] : std::exchange(links_, {})) open->close();
  answered_.clear();
  order_.forget();
  armed_for_ = kNever;
  ++timer_;
  core_.reset();
}

void SentinelProcess::change_peers(const std::vector<Endpoint>& all) {
  crash();
  note("gets a new list of peers");
  setup_.settings.peers = all;
  std::erase(setup_.settings.peers, at());
}

void SentinelProcess::retire() {
  crash();
  around_.receiver->left(setup_.index);
  retired_ = true;
}

void SentinelProcess::pause() {
  if (!port_->alive) return;
  note("pauses");
  port_->paused = true;
}

// Everything that came meanwhile is read at once, by a clock that is late.
void SentinelProcess::resume() {
  if (!port_->paused) return;
  note("resumes");
  port_->paused = false;
  for (auto& work : std::exchange(inbox_, {})) {
    if (port_->alive) work();
  }
}

void SentinelProcess::refuse_disk(bool refusing) {
  disk_.refuse(refusing);
  const Millis after = refusing ? kDiskErrorAfter : 2 * setup_.commit_max + 1ms;
  around_.net->queue().after(after, [this, refusing, life = life_] {
    if (life != life_ || disk_.refusing() != refusing) return;
    post([this, refusing] {
      store_healthy_ = !refusing;
      step(StoreHealth{!refusing, refusing ? "disk I/O error" : ""});
    });
  });
}

void SentinelProcess::post(std::function<void()> work) {
  if (!port_->alive) return;
  if (port_->paused) {
    inbox_.push_back(std::move(work));
  } else {
    work();
  }
}

void SentinelProcess::step(const Input& input) {
  if (!core_) return;
  if (around_.history->on() && !std::holds_alternative<Tick>(input)) {
    const std::string line = describe(input);
    if (!line.empty()) note("<- " + line);
  }
  around_.invariants->stepped(setup_.index, local_now(), std::holds_alternative<Tick>(input));
  core_->step(local_now(), input);
  after_step();
}

void SentinelProcess::hear(const Hello& hello) {
  post([this, hello, life = life_] {
    if (life == life_) step(HelloPublished{hello});
  });
}

void SentinelProcess::is_master_down(const Endpoint& master, Epoch epoch, const NodeId& candidate,
                                     std::function<void(const Coordinator::DownAnswer&)> reply) {
  if (!core_) return;
  const Coordinator::DownAnswer answer = core_->is_master_down(local_now(), master, epoch, candidate);
  const std::optional<ServerIndex> server = around_.redis->find(master);
  stock_answer_ = [this, reply = std::move(reply), answer, server] {
    if (!answer.leader.value.empty() && server) {
      const std::string& group = setup_.groups[around_.redis->server(*server).group].name;
      around_.invariants->told_stock(setup_.index, group, answer.leader_epoch, answer.leader);
    }
    reply(answer);
  };
  after_step();
}

void SentinelProcess::after_step() {
  const std::uint64_t life = life_;
  Output output = core_->take_output();
  if (const auto wrong = order_.look(*core_, local_now(), setup_.settings.max_parallel_failovers, output.events))
    around_.invariants->fail("failovers keep their order and their limit",
                             fmt::format("s{}: {}", setup_.index, *wrong));
  handle(std::move(output));
  if (life != life_) return;  // Crashed on the way.
  check_answers();
  arm_timer();
}

void SentinelProcess::check_answers() {
  for (const GroupSettings& group : setup_.groups) {
    const Endpoint* master = core_->master_address(group.name);
    if (!master && removed(group.name)) continue;
    if (!master) {
      around_.invariants->fail("a configured group stays", fmt::format("s{} forgot {}", setup_.index, group.name));
      return;
    }
    Endpoint& last = answered_[group.name];
    if (last == *master) continue;
    last = *master;
    note(fmt::format("answers {} for {}", to_string(last), group.name));
    around_.invariants->answers(setup_.index, group.name, last);
    if (const auto status = core_->status(local_now(), group.name)) {
      around_.invariants->config_epoch(setup_.index, group.name, status->config_epoch);
    }
  }
}

void SentinelProcess::arm_timer() {
  const TimePoint deadline = core_->next_deadline();
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  const std::uint64_t timer = ++timer_;
  if (deadline == kNever) return;
  around_.net->queue().at(global(std::max(deadline, local_now())), [this, timer] {
    if (timer != timer_) return;
    post([this, timer] {
      if (timer != timer_) return;
      armed_for_ = kNever;
      step(Tick{});
    });
  });
}

// --- Doing what the core says.

void SentinelProcess::handle(Output output) {
  const std::uint64_t life = life_;
  check_decisions(output.now);
  check_decisions(output.after_persist);
  for (const Action& action : output.now) {
    perform(action);
    if (life != life_) return;
  }
  const std::function<void()> answer = std::exchange(stock_answer_, nullptr);
  const bool nothing_to_write = output.persist.empty();
  const bool won = std::any_of(output.events.begin(), output.events.end(),
                               [](const Event& event) { return event.name == "+elected-leader"; });
  if (won && leads_) {
    std::exchange(leads_, nullptr)();
  }
  if (around_.history->on() && !nothing_to_write) {
    for (const Record& record : output.persist) {
      if (const auto* vote = std::get_if<VoteRecord>(&record)) {
        note(fmt::format("writes vote {} epoch {} for {}", vote->group, vote->epoch.value,
                         vote->candidate.value.substr(0, 8)));
      } else if (const auto* config = std::get_if<ConfigRecord>(&record)) {
        note(fmt::format("writes config {} epoch {} master {}", config->group, config->epoch.value,
                         to_string(config->master)));
      }
    }
  }
  // As the driver: alerts are committed with what they tell of; alone, they hold nothing up.
  std::vector<OutboxEntry> alerts = route(output.events);
  if (!store_healthy_) {
    desk_->deliver_unsaved(std::exchange(alerts, {}));
  } else if (nothing_to_write && !alerts.empty()) {
    disk_.submit({}, std::exchange(alerts, {}), [this, life] {
      post([this, life] {
        if (life == life_) desk_->wake();
      });
    });
  }
  if (nothing_to_write && batches_pending_ == 0) {
    release(output.after_persist, output.events);
    if (answer) answer();
    return;
  }
  if (around_.mutation == Mutation::ActBeforeDurable) {
    release(std::exchange(output.after_persist, {}), std::exchange(output.events, {}));
    if (life != life_) return;
  }
  const bool crash_before = crash_here(CrashPoint::BeforeDurable, output.persist);
  const bool crash_after = crash_here(CrashPoint::AfterDurable, output.persist);
  ++batches_pending_;
  std::vector<Record> records = std::move(output.persist);
  disk_.submit(std::move(records), std::move(alerts),
               [this, life, crash_after, nothing_to_write, answer, output = std::move(output)] {
                 if (crash_after) return crash();
                 post([this, life, nothing_to_write, answer, output] {
                   if (life != life_) return;
                   --batches_pending_;
                   desk_->wake();
                   release(output.after_persist, output.events);
                   if (answer && life == life_) answer();
                   if (life == life_ && !nothing_to_write) step(Persisted{output.batch});
                 });
               });
  if (crash_before) crash();
}

std::vector<OutboxEntry> SentinelProcess::route(const std::vector<Event>& events) {
  std::vector<OutboxEntry> entries;
  for (const Event& event : events) {
    auto routed = desk_->route(event, core_->settings(event.group));
    entries.insert(entries.end(), std::make_move_iterator(routed.begin()), std::make_move_iterator(routed.end()));
  }
  return entries;
}

bool SentinelProcess::crash_here(CrashPoint point, const std::vector<Record>& records) {
  if (armed_ != point || std::none_of(records.begin(), records.end(), decisive)) return false;
  armed_.reset();
  ++point_crashes_[point == CrashPoint::AfterDurable];
  return true;
}

void SentinelProcess::check_decisions(const std::vector<Action>& actions) {
  const Moment when{around_.net->queue().now(), setup_.clock_ppm};
  for (const Action& action : actions) {
    if (const auto* word = std::get_if<SendPeer>(&action)) around_.invariants->decided(setup_.index, *word, when);
    LinkId id;
    if (const auto* promote = std::get_if<Promote>(&action)) id = promote->link;
    if (const auto* repoint = std::get_if<Repoint>(&action)) id = repoint->link;
    if (const auto* set = std::get_if<ConfigSet>(&action)) id = set->link;
    NodeLink* const at = link(id);
    if (!at) continue;
    const std::optional<ServerIndex> server = around_.redis->find(at->at());
    if (!server) continue;
    const std::string& group = setup_.groups[around_.redis->server(*server).group].name;
    around_.invariants->decided(setup_.index, action, *core_, at->at(), group, when);
    around_.decided(setup_.index, action, at->at(), group);
  }
}

void SentinelProcess::release(const std::vector<Action>& actions, const std::vector<Event>& events) {
  for (const Action& action : actions) perform(action);
  for (const Event& event : events) {
    ++(*around_.events)[event.name];
    around_.shown(setup_.index, event);
    if (around_.history->on() && event.level != Level::Debug) note("* " + event.name + " " + event.message);
  }
}

}  // namespace sentinel::sim
