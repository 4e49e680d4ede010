#include "sentinel/net/exchange.h"

#include <utility>

namespace sentinel {

std::vector<std::pair<std::string, std::string>> pairs_of(const Reply& reply) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (reply.kind != Reply::Kind::Array && reply.kind != Reply::Kind::Map) return pairs;
  for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    pairs.emplace_back(reply.items[i].text, reply.items[i + 1].text);
  }
  return pairs;
}

Exchange::Exchange(std::shared_ptr<NodeLink> link, Token token) : link_(std::move(link)), timer_(link_->executor()) {
  answer_.link = link_->id();
  answer_.token = token;
}

void Exchange::start(std::shared_ptr<Exchange> exchange, Millis timeout) {
  Exchange& self = *exchange;
  NodeLink& link = *self.link_;
  if (!link.up() || link.pending() >= kPendingCommandsMax) {
    self.answer_.error = link.up() ? "too many pending" : "not connected";
    link.deliver_later(std::move(self.answer_));
    return;
  }
  self.timeout_ = timeout > Millis{0} ? timeout : kExchangeTimeoutDefault;
  self.connection_ = link.connection();
  self.start_clock();
  self.begin();
}

void Exchange::start_clock() {
  timer_.expires_after(timeout_);
  timer_.async_wait([exchange = shared_from_this()](asio::error_code error) {
    if (error || exchange->done_) return;
    const auto connection = exchange->link_->connection();
    exchange->fail("timed out", false);
    if (connection) connection->close({DownCause::TimedOut, "a command was not answered in time"});
  });
}

bool Exchange::resume() {
  if (!link_->up() || link_->connection() != connection_.lock()) {
    fail("connection lost", false);
    return false;
  }
  start_clock();
  return true;
}

void Exchange::add(Words command, Handler handler) {
  commands_.push_back(link_->named(std::move(command)));
  handlers_.push_back([self = shared_from_this(), handler = std::move(handler)](const Reply* reply) {
    if (self->done_) return;
    if (!reply) return self->fail("connection lost", false);
    if (handler) handler(*reply);
  });
}

void Exchange::flush() {
  const auto commands = std::exchange(commands_, {});
  const auto handlers = std::exchange(handlers_, {});
  link_->connection()->send(commands, handlers);
}

void Exchange::succeed() {
  answer_.ok = true;
  finish();
}

void Exchange::fail(std::string error, bool refused) {
  answer_.ok = false;
  answer_.refused = refused;
  answer_.error = std::move(error);
  finish();
}

void Exchange::finish() {
  if (done_) return;
  done_ = true;
  timer_.cancel();
  link_->deliver(std::move(answer_));
}

// --- CONFIG SET

ConfigSetExchange::ConfigSetExchange(std::shared_ptr<NodeLink> link, const ConfigSet& action)
    : Exchange(std::move(link), action.token), values_(action.values) {}

void ConfigSetExchange::begin() {
  // One command a value: several in one CONFIG SET need Redis 7.
  for (const auto& [name, value] : values_) {
    add({"CONFIG", "SET", name, value}, [this](const Reply& reply) { on_reply(reply); });
  }
  add({"PING"}, [this](const Reply&) {
    if (refusal_.empty()) return succeed();
    fail(refusal_, true);
  });
  flush();
}

void ConfigSetExchange::on_reply(const Reply& reply) {
  if (reply.is_error() && refusal_.empty()) refusal_ = reply.text;
}

// --- CONFIG GET

ReadConfigExchange::ReadConfigExchange(std::shared_ptr<NodeLink> link, const ReadConfig& action)
    : Exchange(std::move(link), action.token) {}

void ReadConfigExchange::begin() {
  const auto collect = [this](const Reply& reply) {
    if (reply.is_error()) return fail(reply.text, true);
    for (auto& pair : pairs_of(reply)) answer_.values.push_back(std::move(pair));
  };
  add({"CONFIG", "GET", "min-replicas-to-write"}, collect);
  add({"CONFIG", "GET", "min-replicas-max-lag"}, [this, collect](const Reply& reply) {
    collect(reply);
    if (!reply.is_error()) succeed();
  });
  flush();
}

// --- CLIENT PAUSE

PauseWritesExchange::PauseWritesExchange(std::shared_ptr<NodeLink> link, const PauseWrites& action)
    : Exchange(std::move(link), action.token), pause_(action.pause) {}

void PauseWritesExchange::begin() {
  if (pause_ <= Millis{0}) {
    link().writes_paused_until({});
    add({"CLIENT", "UNPAUSE"}, [this](const Reply& reply) {
      if (reply.is_error()) fail(reply.text, true);
    });
    add_info();
    return flush();
  }
  link().writes_paused_until(std::chrono::steady_clock::now() + pause_);
  add({"CLIENT", "PAUSE", std::to_string(pause_.count()), "WRITE"}, [this](const Reply& reply) {
    if (!reply.is_error()) return;
    link().writes_paused_until({});
    if (reply.text.starts_with("NOPERM")) return fail(reply.text, true);
    refusal_ = reply.text;
  });
  add_info();
  flush();
}

// Before Redis 6.2 a pause holds our own connection too, and the INFO behind it
// with it: only in one transaction is it answered. There is no CLIENT UNPAUSE.
void PauseWritesExchange::pause_everybody(const std::string& why) {
  warn("CLIENT PAUSE WRITE", why);
  const auto refuse = [this](const Reply& reply) {
    if (reply.is_error()) fail(reply.text, true);
  };
  add({"MULTI"}, refuse);
  add({"CLIENT", "PAUSE", std::to_string(pause_.count())}, refuse);
  add({"INFO"}, refuse);
  add({"EXEC"}, [this](const Reply& reply) {
    if (reply.is_error()) return fail(reply.text, true);
    for (const Reply& item : reply.items) {
      if (item.is_error()) return fail(item.text, true);
    }
    if (reply.items.size() == 2) answer_.info = parse_node_info(reply.items[1].text);
    succeed();
  });
  flush();
}

void PauseWritesExchange::add_info() {
  add({"INFO"}, [this](const Reply& reply) {
    if (!refusal_.empty()) return pause_everybody(std::exchange(refusal_, {}));
    if (reply.is_error()) {
      warn("INFO", reply.text);
    } else {
      answer_.info = parse_node_info(reply.text);
    }
    succeed();
  });
}

}  // namespace sentinel
