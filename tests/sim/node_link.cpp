#include "tests/sim/node_link.h"

#include <algorithm>
#include <utility>

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kConnectTimeout = 1s;
constexpr Millis kBackOffMin = 20ms;
constexpr Millis kBackOffMax = 1s;
constexpr Millis kBackOffUrgent = 50ms;
constexpr Millis kUserTimeout = 4s;  // Unacknowledged bytes for this long break a connection.
constexpr Millis kWatchPeriod = 500ms;

CommandReply succeeded() {
  CommandReply reply;
  reply.ok = true;
  return reply;
}

CommandReply refused(std::string error) {
  CommandReply reply;
  reply.refused = true;
  reply.error = std::move(error);
  return reply;
}

CommandReply lost(LinkId link, Token token, std::string why) {
  CommandReply reply;
  reply.link = link;
  reply.token = token;
  reply.error = std::move(why);
  return reply;
}

}  // namespace

std::shared_ptr<NodeLink> NodeLink::open(NodeLinkSetup setup) {
  auto link = std::shared_ptr<NodeLink>(new NodeLink(std::move(setup)));
  link->connect();
  return link;
}

void NodeLink::connect() {
  EventQueue& queue = setup_.net->queue();
  const std::uint64_t attempt = ++attempt_;
  const std::optional<ServerIndex> server = setup_.redis->find(setup_.at);
  const auto later = [&](Millis delay, auto then) {
    queue.after(delay, [self = shared_from_this(), attempt, then] {
      if (!self->closed_ && self->attempt_ == attempt && !self->up_) then(*self);
    });
  };
  if (setup_.resolver->fails) {
    return later(setup_.resolver->extra + 1ms,
                 [](NodeLink& self) { self.went_down(DownCause::Unresolvable, "name not resolved", false); });
  }
  if (!server) {
    return later(setup_.resolver->extra + 1ms,
                 [](NodeLink& self) { self.went_down(DownCause::Failed, "no route to host", false); });
  }
  const HostId there = setup_.redis->server(*server).host;
  if (!setup_.net->connected(setup_.host, there)) {
    return later(kConnectTimeout, [](NodeLink& self) { self.went_down(DownCause::TimedOut, "timed out", false); });
  }
  // The kernel accepts for a paused process; a dead one is refused.
  const Millis round_trip = setup_.net->delay(setup_.host, there) + setup_.net->delay(there, setup_.host);
  later(setup_.resolver->extra + round_trip, [server](NodeLink& self) {
    const RedisServer& found = self.setup_.redis->server(*server);
    if (found.alive && found.at == self.setup_.at) {
      self.connected(*server);
    } else {
      self.went_down(DownCause::Refused, "Connection refused", false);
    }
  });
}

void NodeLink::connected(ServerIndex server) {
  up_ = true;
  ++generation_;
  back_off_ = 0ms;
  server_ = server;
  const HostId there = setup_.redis->server(server).host;
  out_ = Stream::open(*setup_.net, setup_.host, there);
  in_ = Stream::open(*setup_.net, there, setup_.host);
  connection_ = setup_.redis->accept(server, [weak = weak_from_this(), generation = generation_] {
    const auto self = weak.lock();
    if (!self || self->closed_ || self->generation_ != generation) return;
    // The FIN travels behind what was sent before it.
    self->in_->send([weak, generation] {
      const auto still = weak.lock();
      if (still && !still->closed_ && still->up_ && still->generation_ == generation) {
        still->went_down(DownCause::Closed, "Connection closed by server", true);
      }
    });
  });
  setup_.deliver(LinkUp{setup_.id, setup_.at.host, setup_.local_ip});
  watch();
}

void NodeLink::went_down(DownCause cause, std::string text, bool reconnect_at_once) {
  if (up_) {
    up_ = false;
    setup_.redis->forget(server_, connection_);
    out_->break_off();
    in_->break_off();
  }
  for (const auto& [token, generation] : std::exchange(outstanding_, {})) {
    setup_.deliver(lost(setup_.id, token, "link lost: " + text));
  }
  setup_.deliver(LinkDown{setup_.id, cause, std::move(text)});
  if (!closed_) retry(reconnect_at_once);
}

void NodeLink::retry(bool at_once) {
  const Millis wait = at_once ? 0ms : urgent_ ? kBackOffUrgent : std::max(kBackOffMin, back_off_);
  back_off_ = std::min(kBackOffMax, std::max(kBackOffMin, back_off_ * 2));
  const std::uint64_t attempt = ++attempt_;
  setup_.net->queue().after(wait, [self = shared_from_this(), attempt] {
    if (!self->closed_ && self->attempt_ == attempt && !self->up_) self->connect();
  });
}

void NodeLink::set_urgent(bool urgent) {
  const bool sooner = urgent && !urgent_;
  urgent_ = urgent;
  if (sooner && !up_ && !closed_) retry(false);
}

void NodeLink::close() {
  if (closed_) return;
  closed_ = true;
  ++attempt_;
  if (!up_) return;
  setup_.redis->forget(server_, connection_);
  // What was written is still delivered; nobody reads the answers.
  in_->break_off();
  up_ = false;
}

void NodeLink::watch() {
  setup_.net->queue().after(kWatchPeriod, [weak = weak_from_this(), generation = generation_] {
    const auto self = weak.lock();
    if (!self || self->closed_ || !self->up_ || self->generation_ != generation) return;
    if (std::max(self->out_->stuck(), self->in_->stuck()) >= kUserTimeout) {
      return self->went_down(DownCause::TimedOut, "Connection timed out", true);
    }
    self->watch();
  });
}

void NodeLink::reply(Input input) {
  in_->send([self = shared_from_this(), input = std::move(input), generation = generation_] {
    if (!self->closed_ && self->up_ && self->generation_ == generation) self->setup_.deliver(input);
  });
}

void NodeLink::command(Execute execute) {
  if (!up_) return;
  out_->send([self = shared_from_this(), execute = std::move(execute), generation = generation_, server = server_] {
    self->setup_.redis->receive(server, [self, execute, generation, server] {
      std::optional<Input> answer = execute(server);
      if (answer && self->up_ && self->generation_ == generation) self->reply(std::move(*answer));
    });
  });
}

void NodeLink::with_token(Token token, Millis timeout, std::function<CommandReply(ServerIndex)> execute) {
  const auto give_up = [weak = weak_from_this(), token](const std::string& why) {
    const auto self = weak.lock();
    if (!self || self->closed_ || self->outstanding_.erase(token) == 0) return;
    self->setup_.deliver(lost(self->setup_.id, token, why));
  };
  outstanding_[token] = generation_;
  if (!up_) {
    setup_.net->queue().after(0ms, [give_up] { give_up("not connected"); });
    return;
  }
  setup_.net->queue().after(timeout, [give_up] { give_up("timed out"); });
  out_->send(
      [self = shared_from_this(), token, execute = std::move(execute), generation = generation_, server = server_] {
        self->setup_.redis->receive(server, [self, token, execute, generation, server] {
          const auto refusal = self->refusal(server);
          CommandReply answer = refusal ? *refusal : execute(server);
          answer.link = self->setup_.id;
          answer.token = token;
          if (!self->up_ || self->generation_ != generation) return;
          self->in_->send([self, token, answer = std::move(answer), generation] {
            if (self->closed_ || !self->up_ || self->generation_ != generation) return;
            if (self->outstanding_.erase(token) == 0) return;  // Too late.
            self->setup_.deliver(answer);
          });
        });
      });
}

void NodeLink::ping() {
  command([self = shared_from_this()](ServerIndex server) -> std::optional<Input> {
    const RedisServer& asked = self->setup_.redis->server(server);
    if (asked.busy) return PingReply{self->setup_.id, PingVerdict::Busy, "BUSY Redis is busy running a script."};
    if (asked.misconf) return PingReply{self->setup_.id, PingVerdict::Error, "MISCONF Redis is configured to save"};
    const bool loading = self->setup_.net->queue().now() < asked.loading_until;
    return PingReply{self->setup_.id, loading ? PingVerdict::Loading : PingVerdict::Pong, ""};
  });
}

void NodeLink::ask_info() {
  command([self = shared_from_this()](ServerIndex server) -> std::optional<Input> {
    const bool busy = self->setup_.redis->server(server).busy;
    return InfoReply{self->setup_.id, busy ? NodeInfo{} : self->setup_.redis->info(server)};
  });
}

void NodeLink::script_kill() {
  command([self = shared_from_this()](ServerIndex server) -> std::optional<Input> {
    self->setup_.redis->server(server).busy = false;
    return std::nullopt;
  });
}

std::optional<CommandReply> NodeLink::refusal(ServerIndex server) const {
  if (setup_.redis->server(server).busy) return refused("BUSY Redis is busy running a script.");
  return std::nullopt;
}

std::optional<CommandReply> NodeLink::role_refusal(ServerIndex server) const {
  setup_.role_changes(server);
  if (setup_.redis->server(server).refuses_role) return refused("NOPERM this user has no permissions");
  return std::nullopt;
}

void NodeLink::publish(std::string payload) {
  command([self = shared_from_this(), payload = std::move(payload)](ServerIndex server) -> std::optional<Input> {
    self->setup_.publish(server, payload);
    return std::nullopt;
  });
}

void NodeLink::push_hello(const Hello& hello) {
  if (closed_ || !up_ || !listening_) return;
  reply(HelloReceived{setup_.id, hello});
}

void NodeLink::promote(const Promote& promoting) {
  with_token(promoting.token, promoting.timeout,
             [self = shared_from_this(), min_replicas = promoting.min_replicas_to_write,
              connection = connection_](ServerIndex server) {
               RedisServers& redis = *self->setup_.redis;
               if (const auto refusal = self->role_refusal(server)) return *refusal;
               redis.replica_of(server, std::nullopt);
               if (min_replicas) redis.server(server).min_replicas_to_write = *min_replicas;
               ++redis.server(server).client_generation;
               redis.close_connections(server, connection);
               CommandReply done = succeeded();
               done.info = redis.info(server);
               return done;
             });
}

void NodeLink::repoint(const Repoint& repointing) {
  with_token(repointing.token, repointing.timeout,
             [self = shared_from_this(), master = repointing.master, connection = connection_](ServerIndex server) {
               RedisServers& redis = *self->setup_.redis;
               if (const auto refusal = self->role_refusal(server)) return *refusal;
               if (!self->setup_.answer_without_doing) {
                 redis.replica_of(server, master);
                 ++redis.server(server).client_generation;
                 redis.close_connections(server, connection);
               }
               CommandReply done = succeeded();
               done.info = redis.info(server);
               return done;
             });
}

void NodeLink::config_set(const ConfigSet& setting) {
  with_token(setting.token, setting.timeout, [self = shared_from_this(), values = setting.values](ServerIndex index) {
    RedisServer& server = self->setup_.redis->server(index);
    CommandReply done = succeeded();
    for (const auto& [key, value] : values) {
      const auto number = static_cast<unsigned>(parse_unsigned(value, 1'000'000'000).value_or(0));
      if (key == "min-replicas-to-write") server.min_replicas_to_write = number;
      if (key == "min-replicas-max-lag") server.min_replicas_max_lag = number;
    }
    return done;
  });
}

void NodeLink::read_config(const ReadConfig& reading) {
  with_token(reading.token, reading.timeout, [self = shared_from_this()](ServerIndex index) {
    const RedisServer& server = self->setup_.redis->server(index);
    CommandReply done = succeeded();
    done.values = {{"min-replicas-to-write", std::to_string(server.min_replicas_to_write)},
                   {"min-replicas-max-lag", std::to_string(server.min_replicas_max_lag)}};
    return done;
  });
}

void NodeLink::pause_writes(const PauseWrites& pausing) {
  with_token(pausing.token, pausing.timeout, [self = shared_from_this(), pause = pausing.pause](ServerIndex server) {
    self->setup_.redis->pause_writes(server, pause);
    CommandReply done = succeeded();
    done.info = self->setup_.redis->info(server);
    return done;
  });
}

}  // namespace sentinel::sim
