// What commands ask of the running daemon, and the operator's changes: see sentinel/api/daemon.h.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "common/conf/tls_directives.h"
#include "sentinel/driver.h"
#include "sentinel/net/resolve.h"

namespace sentinel {

namespace {

constexpr std::size_t kPendingScriptsShownMax = 256;  // Stock's whole queue.
const char kNotSaved[] = "ERR Failed to save config file. Check server logs.";

// The words of SENTINEL CONFIG SET loglevel.
spdlog::level::level_enum log_threshold(const std::string& word) {
  if (word == "debug" || word == "verbose") return spdlog::level::debug;
  if (word == "notice") return spdlog::level::info;
  return word == "warning" ? spdlog::level::warn : spdlog::level::off;
}

}  // namespace

// --- What is shown.

DaemonFacts Driver::facts() const {
  DaemonFacts facts;
  facts.version = VIGIL_VERSION;
  facts.config_file = config_.file;
  char path[4096];
  const auto length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length > 0) facts.executable.assign(path, static_cast<std::size_t>(length));
  facts.run_id = run_id_;
  facts.port = port();
  facts.uptime = now() - started_;
  if (dispatcher_) {
    facts.running_scripts = dispatcher_->running_scripts();
    facts.queued_scripts = dispatcher_->queued();
  }
  return facts;
}

GlobalSettings Driver::global_settings() const {
  const ConfSettings& conf = config_.conf;
  return {.resolve_hostnames = conf.resolve_hostnames,
          .announce_hostnames = conf.announce_hostnames,
          .announce_ip = conf.announce_ip,
          .announce_port = conf.announce_port,
          .sentinel_user = conf.sentinel_user,
          .sentinel_password = conf.sentinel_pass,
          .log_level = conf.log_level,
          .deny_scripts_reconfig = conf.deny_scripts_reconfig,
          .tls = config_.tls};
}

GroupSettings Driver::group_defaults() const {
  GroupSettings defaults = config_.defaults;
  defaults.down_after = config_.process.timers.default_down_after;
  defaults.failover_timeout = config_.process.timers.default_failover_timeout;
  return defaults;
}

std::vector<PendingScript> Driver::pending_scripts() const {
  return dispatcher_ ? dispatcher_->pending_scripts(kPendingScriptsShownMax) : std::vector<PendingScript>{};
}

std::vector<CachedInfo> Driver::info_cache(std::string_view group) const {
  const auto status = core_->status(now(), group);
  std::vector<CachedInfo> nodes;
  if (!status) return nodes;
  nodes.push_back(links_.last_info(status->master.link));
  for (const NodeStatus& replica : status->replicas) nodes.push_back(links_.last_info(replica.link));
  return nodes;
}

// --- The operator's changes.

asio::awaitable<Result<void>> Driver::durable(DurableIn where) {
  const std::uint64_t ticket = last_ticket_;
  std::uint64_t conf_ticket = 0;
  if (where == DurableIn::StateAndFile && conf_writer_) conf_writer_->demand(conf_ticket = ++conf_ticket_);
  const TimePoint give_up = now() + kDurableWaitMax;
  // Its own timer each: who waits must not wake the others.
  const auto patience = std::make_shared<asio::steady_timer>(io_);
  while (durable_ticket_ < ticket || std::max(conf_written_ticket_, conf_failed_ticket_) < conf_ticket) {
    if (!store_healthy_ || stopped_ || now() >= give_up) co_return unexpected(std::string(kNotSaved));
    patience->expires_after(give_up - now());
    durable_waits_.push_back(patience);
    std::error_code ignored;
    co_await patience->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (conf_written_ticket_ < conf_ticket) co_return unexpected(std::string(kNotSaved));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Driver::answer(Result<void> result) {
  pump();
  if (!result) co_return result;
  co_return co_await durable(DurableIn::StateAndFile);
}

asio::awaitable<Result<void>> Driver::failover(std::string group, FailoverRequest request) {
  Result<void> result = core_->failover(now(), group, request);
  pump();
  // Like stock: OK says that it has begun; SENTINEL TIMELINE tells how it goes.
  co_return result;
}

// Only the answer of that client waits for it.
asio::awaitable<bool> Driver::resolves(std::string host) {
  const auto addresses = std::make_shared<Addresses>(io_.get_executor(), Endpoint{std::move(host), 1},
                                                     [this, alive = std::weak_ptr(alive_)](HostResolved found) {
                                                       if (!alive.expired()) feed(found);
                                                     });
  const auto found = co_await addresses->get();
  co_return found.has_value();
}

asio::awaitable<Result<void>> Driver::monitor(GroupSettings settings) {
  return answer(core_->monitor(now(), std::move(settings)));
}

asio::awaitable<Result<void>> Driver::remove(std::string group) { return answer(core_->remove(now(), group)); }

asio::awaitable<Result<void>> Driver::set(GroupSettings settings, std::vector<std::string> changed) {
  return answer(core_->set(now(), std::move(settings), changed));
}

asio::awaitable<Result<void>> Driver::reset(std::string group) {
  core_->reset(now(), group);
  pump();
  return durable(DurableIn::State);
}

Result<std::vector<ConfOverride>> Driver::change_tls(const TlsSettings& wanted) {
  std::vector<ConfOverride> lines;
  if (wanted == config_.tls) return lines;
  if (!tls_) return unexpected(std::string("ERR TLS is not in use: no tls-port and no tls-replication at the start"));
  if (auto changed = tls_->change(wanted); !changed)
    return unexpected("ERR Unable to update TLS configuration: " + changed.error());
  for (const std::string& warning : tls_->warnings()) spdlog::warn("{}", warning);
  for (const std::string_view name : conf::changeable_tls_directives()) {
    std::string value = conf::tls_directive_value(name, wanted);
    if (value == conf::tls_directive_value(name, config_.tls)) continue;
    lines.push_back({std::string(name), {std::string(name), std::move(value)}});
  }
  config_.tls = wanted;
  spdlog::info("TLS settings changed");
  return lines;
}

asio::awaitable<Result<void>> Driver::change_global_settings(GlobalSettings settings) {
  const GlobalSettings before = global_settings();
  // First, since it is what can fail: nothing of a list is set then.
  auto lines = change_tls(settings.tls);
  if (!lines) return answer(unexpected(lines.error()));
  ConfSettings& conf = config_.conf;
  conf.resolve_hostnames = settings.resolve_hostnames;
  conf.announce_hostnames = settings.announce_hostnames;
  conf.announce_ip = settings.announce_ip;
  conf.announce_port = settings.announce_port;
  conf.sentinel_user = settings.sentinel_user;
  conf.sentinel_pass = settings.sentinel_password;
  conf.log_level = settings.log_level;
  if (settings.log_level != before.log_level) spdlog::set_level(log_threshold(settings.log_level));
  if (settings.resolve_hostnames != before.resolve_hostnames ||
      settings.announce_hostnames != before.announce_hostnames) {
    config_.process.resolve_hostnames = settings.resolve_hostnames;
    config_.process.announce_hostnames = settings.announce_hostnames;
    core_->change_hosts(now(), settings.resolve_hostnames, settings.announce_hostnames);
  }
  if (settings.announce_ip != before.announce_ip || settings.announce_port != before.announce_port) {
    config_.process.announce = {conf.announce_ip, conf.announce_port != 0 ? conf.announce_port : server_.port()};
    core_->change_announce(now(), config_.process.announce);
    peers_.set_announced(config_.process.announce);
  }
  if (settings.sentinel_user != before.sentinel_user || settings.sentinel_password != before.sentinel_password) {
    set_peer_credentials(conf.sentinel_user, conf.sentinel_pass);
  }
  if (settings.log_level != before.log_level) lines->push_back({"loglevel", {"loglevel", conf.log_level}});
  if (conf_writer_)
    conf_writer_->commit(++conf_ticket_, [conf, lines = std::move(*lines)](conf::ConfFacts& facts) {
      facts.process = conf;
      for (const ConfOverride& line : lines) {
        std::erase_if(facts.overrides, [&](const ConfOverride& other) { return other.name == line.name; });
        facts.overrides.push_back(line);
      }
    });
  pump();
  return flush();
}

void Driver::change_timers(const Timers& timers) {
  config_.process.timers = timers;
  core_->change_timers(now(), timers);
  if (dispatcher_) dispatcher_->set_script_times(timers.script_runtime_max, timers.script_retry_delay);
  links_.set_silence_max(timers.link_silence);
  pump();
}

void Driver::simulate(SimulatedFailures failures) {
  simulated_ = failures;
  core_->simulate(failures);
}

asio::awaitable<Result<void>> Driver::flush() {
  if (!store_healthy_) co_return unexpected(std::string(kNotSaved));
  // An empty batch: durable when everything ahead of it is.
  store_.commit({++last_ticket_, {}, {}});
  co_return co_await durable(DurableIn::StateAndFile);
}

asio::awaitable<Result<Coordinator::DownAnswer>> Driver::is_master_down(Endpoint master, Epoch epoch,
                                                                        NodeId candidate) {
  const Coordinator::DownAnswer down = core_->is_master_down(now(), master, epoch, candidate);
  pump();
  // R-E2: a vote that is told again may still be on its way to the disk.
  if (!down.leader.value.empty()) {
    const Result<void> saved = co_await durable(DurableIn::State);
    if (!saved) co_return Coordinator::DownAnswer{.down = down.down, .leader = {}, .leader_epoch = {}};
  }
  co_return down;
}

}  // namespace sentinel
