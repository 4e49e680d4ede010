#include "sentinel/driver.h"

#include <spdlog/spdlog.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <random>

#include "common/overloaded.h"
#include "sentinel/config/conf/merge_state.h"
#include "sentinel/net/rescue_session.h"
#include "sentinel/net/spawn.h"
#include "sentinel/rescue/rescue_file.h"

namespace sentinel {

namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::string random_hex(std::size_t digits) {
  std::random_device device;
  std::string text;
  while (text.size() < digits) text += "0123456789abcdef"[device() % 16];
  return text;
}

ServerOptions server_options(const DaemonConfig& config) {
  ServerOptions options;
  options.bind.clear();
  for (const Endpoint& at : config.listen) {
    options.bind.push_back(at.host == "0.0.0.0" ? "*" : at.host == "::" ? "::*" : at.host);
    options.port = at.port != 0 ? std::optional(at.port) : std::nullopt;
  }
  if (config.tls.port != 0) options.tls_port = config.tls.port;
  options.clients_max = config.limits.max_clients;
  options.idle_timeout = std::chrono::duration_cast<std::chrono::seconds>(config.conf.idle_timeout);
  options.subscriber_output_max = config.limits.client_output_buffer;
  options.keepalive = std::chrono::seconds(config.conf.tcp_keepalive);
  if (config.conf.tcp_backlog) options.backlog = static_cast<int>(*config.conf.tcp_backlog);
  return options;
}

CommandOptions command_options(const DaemonConfig& config) {
  return {.password = config.password, .access = config.access};
}

DispatcherSettings dispatcher_settings(const DaemonConfig& config) {
  DispatcherSettings settings;
  settings.policy.seed = random_seed();
  settings.policy.script_retry.first = config.process.timers.script_retry_delay;
  settings.script_runtime_max = config.process.timers.script_runtime_max;
  for (const WebhookSettings& hook : config.webhooks) settings.webhooks.push_back({hook.url, hook.secret, hook.groups});
  return settings;
}

// Without a password for peers our own is sent: all sentinels of a deployment usually have one.
PeerCredentials peer_credentials(const DaemonConfig& config) {
  if (config.peer_password.empty()) return {.user = {}, .password = config.password};
  return {.user = config.peer_user, .password = config.peer_password};
}

DialOptions dial_options(const DaemonConfig& config, const std::shared_ptr<Tls>& tls) {
  return {.tls = config.tls.links ? tls : nullptr, .source = config.conf.bind_source_address};
}

PeerOptions peer_options(const DaemonConfig& config, const std::shared_ptr<Tls>& tls) {
  PeerOptions options;
  options.self = config.process.self;
  options.announced = config.process.announce;
  options.version = VIGIL_VERSION;
  options.credentials = peer_credentials(config);
  options.dialing = dial_options(config, tls);
  return options;
}

// SENTINEL SIMULATE-FAILURE: as if killed, but with a status of its own.
[[noreturn]] void crash() {
  spdlog::warn("ends itself: SENTINEL SIMULATE-FAILURE");
  spdlog::default_logger()->flush();
  ::_exit(kSimulatedCrashStatus);
}

spdlog::level::level_enum log_level(Level level) {
  switch (level) {
    case Level::Debug:
    case Level::Verbose: return spdlog::level::debug;
    case Level::Notice: return spdlog::level::info;
    case Level::Warning: return spdlog::level::warn;
  }
  return spdlog::level::info;
}

}  // namespace

Driver::Driver(asio::io_context& io, DaemonConfig config, Store& store, std::shared_ptr<Tls> tls,
               std::function<void()> on_shutdown)
    : io_(io),
      config_([&] {
        config.process.self = store.sentinel_id();
        config.process.resolve_hostnames = config.conf.resolve_hostnames;
        config.process.announce_hostnames = config.conf.announce_hostnames;
        if (config.process.announce.port == 0) config.process.announce.port = config.reached_at();
        config.process.timers.default_down_after = config.defaults.down_after;
        config.process.timers.default_failover_timeout = config.defaults.failover_timeout;
        return std::move(config);
      }()),
      store_(store),
      tls_(std::move(tls)),
      on_shutdown_(std::move(on_shutdown)),
      started_(now()),
      run_id_(random_hex(40)),
      core_([&] {
        RestoredState restored = restore();
        return std::make_unique<Coordinator>(config_.process, config_.groups, std::move(restored), random_seed(),
                                             started_);
      }()),
      links_(
          io.get_executor(), [this](Input input) { feed(input); },
          LinkOptions{
              .dialing = dial_options(config_, tls_),
              .name = config_.process.self.value.substr(0, 8),
              .rescues = std::make_shared<RescuePlace>(config_.state_dir + "/rescue", config_.process.self.value)}),
      peers_(
          io.get_executor(), [this](Input input) { feed(input); }, peer_options(config_, tls_)),
      commands_(*this, clients_, pubsub_, command_options(config_)),
      server_(
          io.get_executor(), server_options(config_), clients_, commands_,
          [this](Stream stream, std::string unread, std::vector<std::string> words) {
            if (!stopped_) peers_.adopt(std::move(stream), std::move(unread), std::move(words));
          },
          tls_),
      timer_(io) {}

Driver::~Driver() { stop(); }

Result<void> Driver::start() {
  if (auto users = commands_.access().start(); !users) return users;
  if (auto listening = server_.start(); !listening) return listening;
  remove_unfinished(config_.state_dir + "/rescue");
  dispatcher_ = std::make_unique<Dispatcher>(io_.get_executor(), store_, dispatcher_settings(config_),
                                             [this](Event event) { publish({std::move(event)}); });
  store_.start([this](StoreReport report) {
    asio::post(io_, [this, report = std::move(report)]() mutable { on_report(std::move(report)); });
  });
  if (facts_) {
    if (config_.access.file.empty()) facts_->user_lines = commands_.access().users().lines();
    conf_writer_ = std::make_unique<ConfWriter>(
        config_.file, config_.state_dir, *std::exchange(facts_, std::nullopt), [this](ConfWritten done) {
          asio::post(io_, [this, done = std::move(done)]() mutable { on_conf_written(std::move(done)); });
        });
    on_conf_written({0, conf_writer_->write_first()});
    conf_writer_->start();
  }
  if (!imported_.empty()) store_.commit({++last_ticket_, std::exchange(imported_, {}), {}});
  dispatcher_->wake();
  if (tls_) {
    for (const std::string& warning : tls_->warnings()) spdlog::warn("{}", warning);
    spawn(io_.get_executor(), "certificates", watch_certificates(tls_));
  }
  pump();
  return {};
}

// In sentinel.conf mode the file has a say in what was.
RestoredState Driver::restore() {
  if (config_.format == ConfigFormat::Yaml) return store_.restored();
  conf::StateMerge merge = conf::merge_state(config_, store_.restored());
  config_.groups = std::move(merge.groups);
  imported_ = std::move(merge.imported);
  facts_ = conf::initial_facts(config_, config_.process.self, merge.restored);
  return std::move(merge.restored);
}

void Driver::reload_tls() {
  if (tls_) reload_certificates(*tls_);
}

void Driver::stop() {
  if (stopped_) return;
  stopped_ = true;
  timer_.cancel();
  wake_durable_waits();
  server_.stop();
  dispatcher_.reset();
  conf_writer_.reset();
}

// Boot time goes on while the machine sleeps, unlike the steady clock: a
// leader that slept must not think that its lease still holds (R-E6).
TimePoint Driver::now() const {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return TimePoint(Millis(std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000));
}

// --- The loop.

void Driver::feed(const Input& input) {
  if (stopped_) return;
  core_->step(now(), input);
  pump();
}

void Driver::pump() {
  if (stopped_) return;
  Output out = core_->take_output();
  for (const Action& action : out.now) perform(action);

  std::vector<OutboxEntry> outbox;
  for (const Event& event : out.events) {
    auto entries = dispatcher_->route(event, core_->settings(event.group));
    outbox.insert(outbox.end(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
  }
  if (!store_healthy_) dispatcher_->deliver_unsaved(std::exchange(outbox, {}));
  const bool alerts = !outbox.empty();
  const bool waits = !out.persist.empty();
  if (out.crash && !waits) crash();
  if (conf_writer_ && waits) conf_writer_->commit(++conf_ticket_, out.persist);
  if (waits || alerts) store_.commit({++last_ticket_, std::move(out.persist), std::move(outbox)});
  if (alerts) dispatcher_->wake();

  // R-E7: without a disk the core votes for nobody and wins nothing; what it
  // adopts from others is shown, since it is in force.
  if (!store_healthy_) publish(std::exchange(out.events, {}));
  if (waits) {
    held_.push_back({last_ticket_, out.batch, std::move(out.after_persist), std::move(out.events), out.crash});
  } else if (!held_.empty() && store_healthy_) {
    // In order behind what still waits.
    held_.push_back({held_.back().ticket, 0, std::move(out.after_persist), std::move(out.events)});
  } else {
    for (const Action& action : out.after_persist) perform(action);
    publish(out.events);
  }
  arm();
}

void Driver::perform(const Action& action) {
  std::visit(overloaded{
                 [&](const DialPeer& act) { peers_.dial(act.at); },
                 [&](const ResolveHost& act) {
                   look_up(act.host, io_.get_executor(),
                           [this, alive = std::weak_ptr(alive_), host = act.host](const Found& found) {
                             if (!alive.expired()) on_found(host, found);
                           });
                 },
                 [&](const DropPeer& act) { peers_.drop(act.at); },
                 [&](const SendPeer& act) { peers_.send(act.to, act.message); },
                 [&](const AskStockView& act) { peers_.ask(act); },
                 [&](const AskStockConfig& act) { peers_.ask(act); },
                 [&](const TellStock& act) { peers_.tell(act); },
                 [&](const auto& act) { links_.perform(act); },
             },
             action);
}

void Driver::on_found(const std::string& host, const Found& found) {
  HostResolved resolved{.host = host, .addresses = {}};
  if (found)
    for (const auto& address : *found) resolved.addresses.push_back(address.to_string());
  feed(resolved);
}

void Driver::on_report(StoreReport report) {
  if (stopped_) return;
  std::visit(overloaded{
                 [&](const Persisted& done) {
                   durable_ticket_ = done.batch;
                   release(done.batch);
                   wake_durable_waits();
                 },
                 [&](const StoreHealth& health) {
                   store_healthy_ = health.healthy;
                   feed(health);
                   // Nothing of what waits may leave, but what merely stood behind it can be shown.
                   for (Held& held : held_)
                     if (!health.healthy && held.core_batch == 0) publish(std::exchange(held.events, {}));
                   wake_durable_waits();
                 },
                 [&](const Event& event) { publish({event}); },
             },
             report);
}

void Driver::on_conf_written(ConfWritten done) {
  if (stopped_) return;
  if (done.result) {
    if (conf_failed_ticket_ > conf_written_ticket_) spdlog::info("Sentinel new configuration saved on disk");
    conf_written_ticket_ = std::max(conf_written_ticket_, done.ticket);
  } else {
    // Retries of the same are not told again.
    if (done.ticket > conf_failed_ticket_ || done.ticket == 0)
      spdlog::warn("WARNING: Sentinel was not able to save the new configuration on disk!!!: {}", done.result.error());
    conf_failed_ticket_ = done.ticket;
  }
  wake_durable_waits();
}

// R-C3: first the core learns it, so that every query already answers the new
// state when its announcement arrives.
void Driver::release(std::uint64_t ticket) {
  std::vector<Held> ready;
  std::uint64_t core_batch = 0;
  while (!held_.empty() && held_.front().ticket <= ticket) {
    if (held_.front().crash) crash();
    core_batch = std::max(core_batch, held_.front().core_batch);
    ready.push_back(std::move(held_.front()));
    held_.pop_front();
  }
  if (core_batch != 0) core_->step(now(), Persisted{core_batch});
  for (const Held& held : ready) {
    for (const Action& action : held.actions) perform(action);
    publish(held.events);
  }
  if (core_batch != 0) pump();
}

void Driver::publish(const std::vector<Event>& events) {
  for (const Event& event : events) {
    spdlog::log(log_level(event.level), "{} {}", event.name, event.message);
    pubsub_.publish(event);
  }
}

void Driver::arm() {
  const TimePoint due = core_->next_deadline();
  // Deadlines mostly move away: a timer that fires early costs less than one that is set again for every answer.
  if (due >= armed_ || stopped_) return;
  armed_ = due;
  timer_.expires_after(due - now());
  timer_.async_wait([this](const std::error_code& error) {
    if (error || stopped_) return;
    armed_ = kNever;
    if (core_->next_deadline() > now()) return arm();
    feed(Tick{});
  });
}

// --- The operator's changes.

void Driver::wake_durable_waits() {
  for (const auto& wait : std::exchange(durable_waits_, {}))
    if (const auto patience = wait.lock()) patience->cancel();
}

void Driver::users_changed() {
  peers_.close_inbound("users have changed");
  if (!conf_writer_ || !config_.access.file.empty()) return;
  conf_writer_->commit(++conf_ticket_, [lines = commands_.access().users().lines()](conf::ConfFacts& facts) {
    facts.user_lines = lines;
  });
}

void Driver::set_peer_credentials(std::string user, std::string password) {
  config_.peer_user = std::move(user);
  config_.peer_password = std::move(password);
  peers_.set_credentials(peer_credentials(config_));
}

void Driver::hello_published(const Hello& hello) { feed(HelloPublished{hello}); }

}  // namespace sentinel
