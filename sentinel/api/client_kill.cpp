#include "sentinel/api/client_kill.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "common/resp/text.h"
#include "common/result.h"
#include "sentinel/api/access.h"

namespace sentinel {
namespace {

// What all set conditions have in common is closed.
struct Filter {
  std::optional<std::uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<ClientType> type;
  std::optional<std::string_view> user;
  bool skip_self = true;
};

bool matches(const Filter& filter, const Client& client) {
  if (filter.id && client.facts().id != *filter.id) return false;
  if (filter.address && client.facts().address != *filter.address) return false;
  if (filter.local_address && client.facts().local_address != *filter.local_address) return false;
  if (filter.type && type_of(client) != *filter.type) return false;
  if (filter.user && user_name(client) != *filter.user) return false;
  return true;
}

Result<Filter> parse_filter(Arguments words, const AclUsers& users) {
  Filter filter;
  if (words.size() % 2 != 0) return unexpected(std::string("ERR syntax error"));
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string_view value = words[i + 1];
    if (is_word(words[i], "id")) {
      std::uint64_t id = 0;
      const auto [rest, failure] = std::from_chars(value.data(), value.data() + value.size(), id);
      if (failure != std::errc{} || rest != value.data() + value.size() || id == 0) {
        return unexpected(std::string("ERR client-id should be greater than 0"));
      }
      filter.id = id;
    } else if (is_word(words[i], "type")) {
      filter.type = parse_client_type(value);
      if (!filter.type) return unexpected(fmt::format("ERR Unknown client type '{}'", value));
    } else if (is_word(words[i], "addr")) {
      filter.address = value;
    } else if (is_word(words[i], "laddr")) {
      filter.local_address = value;
    } else if (is_word(words[i], "user")) {
      if (users.find(value) == nullptr) return unexpected(fmt::format("ERR No such user '{}'", value));
      filter.user = value;
    } else if (is_word(words[i], "skipme") && (is_word(value, "yes") || is_word(value, "no"))) {
      filter.skip_self = is_word(value, "yes");
    } else {
      return unexpected(std::string("ERR syntax error"));
    }
  }
  return filter;
}

std::int64_t close_matching(CommandContext& context, Client& self, const Filter& filter) {
  std::vector<Client*> found;
  for (const auto& [id, other] : context.clients.all()) {
    if (!other->closing && matches(filter, *other) && !(filter.skip_self && other == &self)) found.push_back(other);
  }
  // Peers have users, too: they come again, if they still may.
  if (filter.user) context.daemon.users_changed();
  for (Client* other : found) {
    if (other == &self) {
      self.close_after_replies = true;  // It still gets this reply.
    } else {
      other->close();
    }
  }
  return static_cast<std::int64_t>(found.size());
}

}  // namespace

std::optional<ClientType> parse_client_type(std::string_view word) {
  if (is_word(word, "normal")) return ClientType::Normal;
  if (is_word(word, "pubsub")) return ClientType::PubSub;
  if (is_word(word, "master") || is_word(word, "replica") || is_word(word, "slave")) return ClientType::Replication;
  return std::nullopt;
}

ClientType type_of(const Client& client) { return client.subscribed() ? ClientType::PubSub : ClientType::Normal; }

Outcome client_kill(CommandContext& context, Client& client, Arguments arguments) {
  if (arguments.size() == 3) {  // The old form: an address, answered OK or an error.
    Filter filter;
    filter.address = arguments[2];
    filter.skip_self = false;
    if (close_matching(context, client, filter) == 0) {
      client.reply().error("ERR No such client");
    } else {
      client.reply().simple("OK");
    }
    return Outcome::Answered;
  }
  const Result<Filter> filter = parse_filter(arguments.subspan(2), context.access.users());
  if (!filter) {
    client.reply().error(filter.error());
  } else {
    client.reply().integer(close_matching(context, client, *filter));
  }
  return Outcome::Answered;
}

}  // namespace sentinel
