// Every command a client can send, and the checks before one runs: known,
// right number of words, authenticated, allowed in the client's state. Error
// texts are stock's.
//
//   CommandTable commands(daemon, registry, pubsub, {.password = settings.requirepass});
//   RespServer server(executor, options, registry, commands, adopt_peer);
//
// The three arguments outlive the table. Threading: the server's executor only.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sentinel/api/access.h"
#include "sentinel/api/command.h"

namespace sentinel {

class CommandTable final : public ClientHandler {
 public:
  CommandTable(Daemon& daemon, ClientRegistry& clients, PubSub& pubsub, CommandOptions options);

  std::string_view denial(bool from_this_machine) const override;
  void connected(Client& client) override;
  Outcome handle(Client& client, Arguments arguments) override;
  asio::awaitable<void> finish(Client& client, std::vector<std::string> arguments) override;
  void disconnected(Client& client) override;

  const std::vector<Command>& commands() const { return commands_; }
  Access& access() { return access_; }

 private:
  struct Found {
    const Command* command = nullptr;  // nullptr: the error has been answered.
  };

  const Command* look_up(std::string_view name) const;
  Found find(Client& client, Arguments arguments);
  bool try_master_address(Client& client, Arguments arguments);
  bool waits_for_pause(const Command& command) const;
  Outcome muted(Client& client, Arguments arguments);  // handle(), without counting.
  Outcome dispatch(Client& client, Arguments arguments);
  void refuse(Client& client, std::string_view error);

  std::vector<Command> commands_;
  std::unordered_map<std::string_view, const Command*> by_name_;
  Access access_;
  CommandContext context_;
};

}  // namespace sentinel
