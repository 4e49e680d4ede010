#include "sentinel/ctl/connection.h"

#include <fmt/core.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sentinel {

namespace {

timeval to_timeval(Millis duration) {
  return {.tv_sec = static_cast<time_t>(duration.count() / 1000),
          .tv_usec = static_cast<suseconds_t>(duration.count() % 1000 * 1000)};
}

Reply from_hiredis(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_STATUS: reply.kind = Reply::Kind::Simple; break;
    case REDIS_REPLY_ERROR: reply.kind = Reply::Kind::Error; break;
    case REDIS_REPLY_STRING: reply.kind = Reply::Kind::Bulk; break;
    case REDIS_REPLY_INTEGER: reply.kind = Reply::Kind::Integer; break;
    case REDIS_REPLY_ARRAY: reply.kind = Reply::Kind::Array; break;
    default: reply.kind = Reply::Kind::Null; break;  // REDIS_REPLY_NIL: hiredis 0.14 makes no others.
  }
  if (reply.kind == Reply::Kind::Integer) reply.integer = from.integer;
  if (reply.is_string() || reply.is_error()) reply.text.assign(from.str, static_cast<std::size_t>(from.len));
  if (reply.kind == Reply::Kind::Array) {
    for (std::size_t i = 0; i < from.elements; ++i) reply.items.push_back(from_hiredis(*from.element[i]));
  }
  return reply;
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using HiredisReply = std::unique_ptr<redisReply, FreeReply>;

struct Arguments {
  explicit Arguments(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      texts.push_back(word.data());
      lengths.push_back(word.size());
    }
  }
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
};

const char* noun(ServerKind kind) { return kind == ServerKind::Sentinel ? "sentinel" : "node"; }

}  // namespace

std::string describe_network_error(const Endpoint& at, ServerKind kind, int error, const std::string& words) {
  const std::string who = fmt::format("{} {}", noun(kind), to_string(at));
  const char* option = kind == ServerKind::Sentinel ? " (--sentinel HOST:PORT)" : "";
  switch (error) {
    case ECONNREFUSED:
      return fmt::format(
          "{}: connection refused: nothing listens there. Is the {} running, and is the address right?{}", who,
          noun(kind), option);
    case ETIMEDOUT:
    case EAGAIN:
    case EINPROGRESS:
      return fmt::format(
          "{}: no answer in time. Is the host up, a firewall between, or the process hung? (--timeout MS)", who);
    case EHOSTUNREACH:
    case ENETUNREACH: return fmt::format("{}: no route there: check the address and the network{}", who, option);
    case ECONNRESET:
    case EPIPE: return fmt::format("{}: connection reset: the process ended or refused this client", who);
    default: break;
  }
  return fmt::format("{}: {}", who, error != 0 ? std::strerror(error) : words);
}

std::string describe_server_error(const Endpoint& at, ServerKind kind, const std::string& error) {
  const std::string who = fmt::format("{} {}", noun(kind), to_string(at));
  const char* variable = kind == ServerKind::Sentinel ? "VIGIL_PASSWORD" : "VIGIL_NODE_PASSWORD";
  const char* option = kind == ServerKind::Sentinel ? "--password-file" : "--node-password-file";
  if (error.rfind("NOAUTH", 0) == 0) {
    return fmt::format("{} wants a password: set {} in the environment, or use {} FILE", who, variable, option);
  }
  if (error.rfind("WRONGPASS", 0) == 0) {
    return fmt::format("{} refused the user or the password: check {} or {} FILE", who, variable, option);
  }
  if (error.find("without any password configured") != std::string::npos) {
    return fmt::format("{} has no password, but one was given: unset {}", who, variable);
  }
  if (error.rfind("NOPERM", 0) == 0) return fmt::format("{}: this user may not do that: {}", who, error);
  return fmt::format("{}: {}", who, error);
}

Result<Connection> Connection::open(const Endpoint& at, const ConnectOptions& options) {
  std::unique_ptr<redisContext, Free> context(
      redisConnectWithTimeout(at.host.c_str(), at.port, to_timeval(options.connect_timeout)));
  if (!context) return unexpected(fmt::format("{}: out of memory", to_string(at)));
  if (context->err != 0) {
    const int error = context->err == REDIS_ERR_IO ? errno : 0;
    return unexpected(describe_network_error(at, options.kind, error, context->errstr));
  }
  redisSetTimeout(context.get(), to_timeval(options.command_timeout));
  Connection link(at, options.kind, std::move(context));
  if (options.tls) {
    auto tls = options.tls->secure(link.context_->fd);
    if (!tls) return unexpected(link.tls_error(tls.error()));
    link.tls_ = std::move(*tls);
  }
  if (options.credentials.password.empty()) return link;

  std::vector<std::string> auth{"AUTH"};
  if (!options.credentials.user.empty()) auth.push_back(options.credentials.user);
  auth.push_back(options.credentials.password);
  if (auto reply = link.ask(auth); !reply) return unexpected(reply.error());
  return link;
}

std::string Connection::network_error() const {
  const int error = context_->err == REDIS_ERR_IO ? errno : context_->err == REDIS_ERR_EOF ? ECONNRESET : 0;
  return describe_network_error(at_, kind_, error, context_->errstr);
}

std::string Connection::tls_error(const std::string& why) const {
  if (why == kTlsTimedOut) return describe_network_error(at_, kind_, ETIMEDOUT, why);
  return describe_network_error(at_, kind_, 0, why);
}

// Through TLS, at once; hiredis keeps what it is given until it is asked for an answer.
Result<void> Connection::write(const std::vector<std::string>& words) {
  Arguments arguments(words);
  char* raw = nullptr;
  const auto size =
      redisFormatCommandArgv(&raw, static_cast<int>(words.size()), arguments.texts.data(), arguments.lengths.data());
  if (size < 0) return unexpected(fmt::format("{}: out of memory", to_string(at_)));
  const auto written = tls_->write({raw, static_cast<std::size_t>(size)});
  redisFreeCommand(raw);
  if (!written) return unexpected(tls_error(written.error()));
  return {};
}

Result<bool> Connection::read_tls() {
  std::array<char, 16 * 1024> buffer;
  const auto count = tls_->read(buffer.data(), buffer.size());
  if (!count && count.error() == kTlsTimedOut) return false;
  if (!count) return unexpected(tls_error(count.error()));
  redisReaderFeed(context_->reader, buffer.data(), *count);
  return true;
}

Result<Reply> Connection::command(const std::vector<std::string>& words) {
  if (tls_) {
    if (auto written = write(words); !written) return unexpected(written.error());
    void* raw = nullptr;
    while (true) {
      if (redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) return unexpected(network_error());
      if (raw != nullptr) break;
      const auto more = read_tls();
      if (!more) return unexpected(more.error());
      if (!*more) return unexpected(tls_error(kTlsTimedOut));
    }
    HiredisReply reply(static_cast<redisReply*>(raw));
    return from_hiredis(*reply);
  }
  Arguments arguments(words);
  HiredisReply reply(static_cast<redisReply*>(redisCommandArgv(context_.get(), static_cast<int>(words.size()),
                                                               arguments.texts.data(), arguments.lengths.data())));
  if (!reply) return unexpected(network_error());
  return from_hiredis(*reply);
}

Result<Reply> Connection::ask(const std::vector<std::string>& words) {
  auto reply = command(words);
  if (reply && reply->is_error()) return unexpected(describe_server_error(at_, kind_, reply->text));
  return reply;
}

Result<void> Connection::send(const std::vector<std::string>& words) {
  if (tls_) return write(words);
  Arguments arguments(words);
  redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), arguments.texts.data(),
                         arguments.lengths.data());
  int done = 0;
  while (done == 0) {
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return unexpected(network_error());
  }
  return {};
}

Result<std::optional<Reply>> Connection::read(Millis wait) {
  void* raw = nullptr;
  if (redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) return unexpected(network_error());
  if (raw == nullptr) {
    pollfd poller{.fd = context_->fd, .events = POLLIN, .revents = 0};
    const bool here = tls_ && tls_->has_unread();
    if (!here && poll(&poller, 1, static_cast<int>(wait.count())) <= 0) return std::nullopt;
    if (tls_) {
      // Part of a record, or one of TLS's own: no reply yet.
      const auto more = read_tls();
      if (!more) return unexpected(more.error());
    } else if (redisBufferRead(context_.get()) != REDIS_OK)
      return unexpected(network_error());
    if (redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) return unexpected(network_error());
  }
  if (raw == nullptr) return std::nullopt;
  HiredisReply reply(static_cast<redisReply*>(raw));
  return from_hiredis(*reply);
}

}  // namespace sentinel
