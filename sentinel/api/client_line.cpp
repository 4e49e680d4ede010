#include "sentinel/api/client_line.h"

#include <fmt/format.h>

#include <chrono>

#include "sentinel/api/access.h"

namespace sentinel {

// With the fields that clients and dashboards read.
std::string client_line(const Client& client) {
  const auto now = ShellClock::now();
  const auto seconds = [&](ShellClock::time_point since) {
    return std::chrono::duration_cast<std::chrono::seconds>(now - since).count();
  };
  const ClientFacts& facts = client.facts();
  std::string flags;
  if (client.subscribed()) flags += 'P';
  if (client.tracking) flags += 't';
  if (client.close_after_replies) flags += 'c';
  if (client.no_evict) flags += 'e';
  if (flags.empty()) flags = "N";
  const std::size_t pending = client.output.size() + client.bytes_in_flight();
  return fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db=0 sub={} psub={} ssub=0 multi=-1 qbuf={} "
      "qbuf-free=0 argv-mem=0 multi-mem=0 obl=0 oll={} omem={} tot-mem={} events=r cmd={} user={} redir=-1 resp={} "
      "lib-name={} lib-ver={}\n",
      facts.id, facts.address, facts.local_address, facts.descriptor, client.name, seconds(facts.since),
      seconds(client.last_request), flags, client.channels.size(), client.patterns.size(), client.bytes_unread(),
      pending > 0 ? 1 : 0, pending, pending + client.bytes_unread(), client.last_command, user_name(client),
      static_cast<int>(client.protocol), client.library_name, client.library_version);
}

}  // namespace sentinel
