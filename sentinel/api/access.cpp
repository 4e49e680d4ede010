#include "sentinel/api/access.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "sentinel/acl/acl_file.h"
#include "sentinel/api/acl_storage.h"
#include "sentinel/api/client_line.h"

namespace sentinel {
namespace {

constexpr std::string_view kNoFile =
    "This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
    "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
    "users in the Redis configuration.";
constexpr std::string_view kFileAndUsers =
    "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This "
    "setup is very likely to lead to configuration errors and security holes, please define either an ACL file or "
    "declare users directly in your redis.conf, but not both.";
constexpr std::string_view kProtected =
    "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
    "default user. In this mode connections are only accepted from the loopback interface. If you want to connect from "
    "external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending "
    "the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host "
    "the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG "
    "REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the "
    "Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If "
    "you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an "
    "authentication password for the default user. NOTE: You only need to do one of the above things in order for the "
    "server to start accepting connections from the outside.";

}  // namespace

std::string_view user_name(const Client& client) { return client.user ? client.user->name() : kDefaultUser; }

Access::Access(Daemon& daemon, ClientRegistry& clients, AccessSettings settings, std::string_view password)
    : daemon_(daemon),
      clients_(clients),
      settings_(std::move(settings)),
      users_({.all_channels = settings_.pubsub_default_allchannels}),
      log_(settings_.log_max) {
  users_.set_default_password(password);
}

Result<void> Access::start() {
  if (settings_.file.empty()) return users_.define(settings_.users);
  if (!settings_.users.empty()) return unexpected(std::string(kFileAndUsers));
  auto users = read_file();
  if (!users) return unexpected("Aborting startup because of ACL errors: " + users.error());
  users_.replace(std::move(*users));
  return {};
}

Result<std::vector<AclUser>> Access::read_file() const {
  const auto text = read_acl_file(settings_.file);
  if (!text) return unexpected(text.error());
  return read_acl_text(*text, settings_.file, users_.start());
}

void Access::connected(Client& client) {
  client.user = users_.default_user();
  client.authenticated = !users_.authentication_needed();
  refresh(client);
}

std::string_view Access::denial(bool from_this_machine) const {
  const bool open = settings_.protected_mode && !users_.default_user()->needs_password() && !from_this_machine;
  return open ? kProtected : std::string_view();
}

bool Access::authentication_needed(const Client& client) const {
  return !client.authenticated && users_.authentication_needed();
}

void Access::refresh(Client& client) const {
  client.unrestricted = client.user->unrestricted() && !authentication_needed(client);
}

bool Access::authenticate(Client& client, std::string_view user, std::string_view password, std::string_view word) {
  auto known = users_.authenticate(user, password);
  if (known == nullptr) {
    denied(AclLogReason::Auth, client, word, user);
    count_failure(client);
    return false;
  }
  client.user = std::move(known);
  client.authenticated = true;
  refresh(client);
  return true;
}

std::optional<std::string> Access::refusal(Client& client, std::optional<CommandIndex> command,
                                           std::string_view full_name, Arguments words) {
  // A command that is not in the catalogue needs all permissions.
  const Verdict verdict = command                       ? client.user->judge(*command, words)
                          : client.user->unrestricted() ? Verdict{}
                                                        : Verdict{.denial = Denial::Command};
  switch (verdict.denial) {
    case Denial::None: return std::nullopt;
    case Denial::Command:
      denied(AclLogReason::Command, client, full_name, user_name(client));
      return fmt::format("NOPERM this user has no permissions to run the '{}' command", full_name);
    case Denial::Channel:
      denied(AclLogReason::Channel, client, words[verdict.word], user_name(client));
      return "NOPERM this user has no permissions to access one of the channels used as arguments";
  }
  UNREACHABLE();
}

void Access::denied(AclLogReason reason, const Client& client, std::string_view object, std::string_view user) {
  std::string line = client_line(client);
  if (line.ends_with('\n')) line.pop_back();
  log_.add({.reason = reason,
            .object = std::string(object),
            .user = std::string(user),
            .client = std::move(line),
            .at = daemon_.now()});
}

void Access::count_failure(const Client& client) {
  ++failures_;
  const TimePoint now = daemon_.now();
  if (failures_said_ && now - *failures_said_ < kAuthFailuresSaidEvery) return;
  failures_said_ = now;
  const std::uint64_t count = std::exchange(failures_, 0);
  spdlog::warn("{} wrong password{} given, the last by client {}; see ACL LOG", count, count == 1 ? "" : "s",
               client.facts().address);
}

// --- Changes.

Result<void> Access::set_user(Client& by, const std::string& name, const std::vector<std::string>& rules) {
  const auto known = users_.find(name);
  const std::string before = known ? known->describe() : std::string();
  if (auto set = users_.set(name, rules); !set) return set;
  if (users_.find(name)->describe() != before) apply_changes(by);
  return {};
}

bool Access::remove_user(Client& by, std::string_view name) {
  const auto user = users_.find(name);
  if (user == nullptr || !users_.remove(name)) return false;
  end_clients_of(*user, by);
  daemon_.users_changed();
  return true;
}

Result<void> Access::load(Client& by) {
  if (settings_.file.empty()) return unexpected(std::string(kNoFile));
  auto users = read_file();
  if (!users) return unexpected(users.error());
  for (const auto& removed : users_.replace(std::move(*users))) end_clients_of(*removed, by);
  apply_changes(by);
  return {};
}

Result<void> Access::save() {
  if (settings_.file.empty()) return unexpected(std::string(kNoFile));
  if (auto written = write_acl_file(settings_.file, users_.lines()); !written) {
    spdlog::warn("{}", written.error());
    return unexpected(
        std::string("There was an error trying to save the ACLs. Please check the server logs for more information"));
  }
  return {};
}

// What clients may do follows their users at once, and so with peers, which
// are no longer clients here. Who listens to what it may
// no longer hear is closed: there is no other way to tell it.
void Access::apply_changes(Client& by) {
  std::vector<Client*> overhearing;
  for (const auto& [id, client] : clients_.all()) {
    refresh(*client);
    const AclUser& user = *client->user;
    const bool allowed = std::all_of(client->channels.begin(), client->channels.end(),
                                     [&](const auto& name) { return user.may_use_channel(name); }) &&
                         std::all_of(client->patterns.begin(), client->patterns.end(),
                                     [&](const auto& name) { return user.may_use_pattern(name); });
    if (!allowed) overhearing.push_back(client);
  }
  for (Client* client : overhearing) close(*client, by);
  refresh(by);  // It need not be registered.
  daemon_.users_changed();
}

void Access::end_clients_of(const AclUser& user, Client& by) {
  std::vector<Client*> ended;
  for (const auto& [id, client] : clients_.all()) {
    if (client->user.get() == &user) ended.push_back(client);
  }
  for (Client* client : ended) {
    client->user = users_.default_user();
    client->authenticated = client->unrestricted = false;
    close(*client, by);
  }
}

void Access::close(Client& client, Client& by) {
  if (&client == &by) {
    client.close_after_replies = true;
  } else {
    client.close();
  }
}

}  // namespace sentinel
