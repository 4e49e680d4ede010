#include "tests/bench/fleet/control.h"

#include <asio/post.hpp>
#include <string>
#include <utility>

#include "common/resp/text.h"

namespace sentinel::fleet {

using asio::ip::tcp;

namespace {
std::int64_t microseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
}  // namespace

Control::Control(asio::io_context& io, Fleet& fleet) : io_(io), fleet_(fleet), acceptor_(io) {}

Result<void> Control::start(std::uint16_t port) {
  asio::error_code error;
  acceptor_.open(tcp::v4(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind({asio::ip::address_v4::loopback(), port}, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return unexpected("control port " + std::to_string(port) + ": " + error.message());
  accept();
  return {};
}

void Control::accept() {
  acceptor_.async_accept([this](asio::error_code error, tcp::socket socket) {
    if (!error) std::make_shared<Connection>(std::move(socket), *this, 0)->start();
    accept();
  });
}

void Control::wants_flush(std::shared_ptr<Connection> connection) {
  asio::post(io_, [connection = std::move(connection)] { connection->flush(); });
}

void Control::request(Connection& connection, std::span<const std::string_view> words) {
  if (is_word(words[0], "kill")) return fault(connection, words.subspan(1), Health::Dead);
  if (is_word(words[0], "stop")) return fault(connection, words.subspan(1), Health::Stopped);
  if (is_word(words[0], "revive")) return fault(connection, words.subspan(1), Health::Running);
  if (is_word(words[0], "stats")) return statistics(connection);
  if (is_word(words[0], "promotions")) return promotions(connection);
  connection.reply().error("ERR unknown command; see control.h");
}

void Control::fault(Connection& connection, std::span<const std::string_view> words, Health health) {
  std::vector<std::size_t> groups;
  for (const std::string_view word : words) {
    const auto group = parse_unsigned(word, kGroupsMax);
    if (!group || !fleet_.has(*group)) {
      connection.reply().error("ERR no such group: " + std::string(word));
      return;
    }
    groups.push_back(*group);
  }
  connection.reply().integer(microseconds(fleet_.fault(groups, health)));
}

void Control::statistics(Connection& connection) {
  const Counters& counters = fleet_.counters();
  const std::pair<const char*, std::uint64_t> rows[] = {
      {"pings", counters.pings},         {"infos", counters.infos},
      {"publishes", counters.publishes}, {"role_changes", counters.role_changes},
      {"others", counters.others},       {"unknown", counters.unknown},
      {"delivered", counters.delivered}, {"accepted", counters.accepted},
      {"open", counters.open},
  };
  auto reply = connection.reply();
  reply.array(2 * std::size(rows));
  for (const auto& [name, value] : rows) reply.bulk(name).integer(static_cast<std::int64_t>(value));
}

void Control::promotions(Connection& connection) {
  auto reply = connection.reply();
  reply.array(3 * fleet_.promotions().size());
  for (const Promotion& promotion : fleet_.promotions()) {
    reply.integer(static_cast<std::int64_t>(promotion.group)).bulk(to_string(promotion.at));
    reply.integer(microseconds(promotion.when));
  }
}

}  // namespace sentinel::fleet
