#include "sentinel/net/client_registry.h"

namespace sentinel {

Client* ClientRegistry::oldest_unproven() const {
  for (const auto& [id, client] : clients_) {
    if (!client->proven && !client->closing) return client;
  }
  return nullptr;
}

}  // namespace sentinel
