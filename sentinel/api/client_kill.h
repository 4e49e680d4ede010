// CLIENT KILL, and the types of clients that it and CLIENT LIST know.
#pragma once

#include <optional>
#include <string_view>

#include "sentinel/api/command.h"

namespace sentinel {

enum class ClientType { Normal, PubSub, Replication };  // Of the last there is none here.

// nullopt for a word that is no type.
std::optional<ClientType> parse_client_type(std::string_view word);
ClientType type_of(const Client& client);

Outcome client_kill(CommandContext& context, Client& client, Arguments arguments);

}  // namespace sentinel
