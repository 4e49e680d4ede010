// Who a client is, and what it may do: the users (sentinel/acl) at work on
// connections. Error texts are stock's.
//
//   Access access(daemon, clients, settings, requirepass);
//   access.connected(client);
//   if (auto refused = access.refusal(client, command, words)) client.reply().error(*refused);
//
// A client that may do everything has its `unrestricted` flag set, and nothing
// else is looked at for its commands. Threading: the server's executor only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/acl/acl_log.h"
#include "sentinel/acl/settings.h"
#include "sentinel/acl/users.h"
#include "sentinel/api/daemon.h"
#include "sentinel/net/client_handler.h"
#include "sentinel/net/client_registry.h"

namespace sentinel {

inline constexpr std::string_view kWrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr Millis kAuthFailuresSaidEvery{10'000};  // Guessing passwords is logged, but does not fill the log.

class Access {
 public:
  Access(Daemon& daemon, ClientRegistry& clients, AccessSettings settings, std::string_view password);

  // Reads the users of the settings, or of the ACL file. The error says what is wrong; nobody is served then.
  Result<void> start();

  void connected(Client& client);  // Also for RESET: it is the default user again.
  // "" unless the client must not even connect (protected-mode).
  std::string_view denial(bool from_this_machine) const;
  bool authentication_needed(const Client& client) const;
  // `word` is how it came: "AUTH". False: it is not right, and is logged.
  bool authenticate(Client& client, std::string_view user, std::string_view password, std::string_view word);
  // The error, if the client may not run this command with these words; it is logged.
  std::optional<std::string> refusal(Client& client, std::optional<CommandIndex> command, std::string_view full_name,
                                     Arguments words);

  // Changes by ACL commands; `by` is the client that sent one, and still gets its reply. Errors without "ERR ".
  Result<void> set_user(Client& by, const std::string& name, const std::vector<std::string>& rules);
  bool remove_user(Client& by, std::string_view name);
  Result<void> load(Client& by);
  Result<void> save();

  const AclUsers& users() const { return users_; }
  AclLog& log() { return log_; }
  const AccessSettings& settings() const { return settings_; }

 private:
  Result<std::vector<AclUser>> read_file() const;
  void refresh(Client& client) const;
  void apply_changes(Client& by);
  void close(Client& client, Client& by);
  void end_clients_of(const AclUser& user, Client& by);
  void denied(AclLogReason reason, const Client& client, std::string_view object, std::string_view user);
  void count_failure(const Client& client);

  Daemon& daemon_;
  ClientRegistry& clients_;
  AccessSettings settings_;
  AclUsers users_;
  AclLog log_;
  std::uint64_t failures_ = 0;  // Of authentication, since the log said so.
  std::optional<TimePoint> failures_said_;
};

// The user's name: "default" before authentication, as stock shows it.
std::string_view user_name(const Client& client);

}  // namespace sentinel
