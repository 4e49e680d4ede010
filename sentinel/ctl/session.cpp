#include "sentinel/ctl/session.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sentinel/ctl/fields.h"

namespace sentinel {

namespace {

constexpr std::size_t kSentinelsMax = 256;     // More than any deployment has; bounds what peers can make us dial.
constexpr std::size_t kGroupsInErrorMax = 20;  // An error message is no listing.

void add_unique(std::vector<Endpoint>& list, const Endpoint& at) {
  if (list.size() < kSentinelsMax && std::find(list.begin(), list.end(), at) == list.end()) list.push_back(at);
}

}  // namespace

Result<Connection*> Session::sentinel(const Endpoint& at) {
  auto found = links_.find(at);
  if (found == links_.end()) found = links_.emplace(at, Connection::open(at, options_.sentinel)).first;
  if (!found->second) return unexpected(found->second.error());
  return &*found->second;
}

Result<Connection*> Session::any_sentinel() {
  std::string errors;
  for (const Endpoint& at : options_.sentinels) {
    auto link = sentinel(at);
    if (link) {
      if (auto pong = (*link)->ask({"PING"}); pong)
        return link;
      else
        link = unexpected(pong.error());
    }
    errors += (errors.empty() ? "" : "\n") + link.error();
  }
  return unexpected(errors);
}

Result<std::vector<std::string>> Session::groups(Connection& link) {
  auto reply = link.ask({"SENTINEL", "MASTERS"});
  if (!reply) return unexpected(reply.error());
  auto list = to_field_list(*reply);
  if (!list) return unexpected(fmt::format("sentinel {}: SENTINEL MASTERS: {}", to_string(link.at()), list.error()));
  std::vector<std::string> names;
  for (const Fields& master : *list) names.push_back(master.text("name"));
  std::sort(names.begin(), names.end());
  return names;
}

Result<Reply> Session::ask_group(Connection& link, const std::vector<std::string>& words, const std::string& group) {
  auto reply = link.command(words);
  if (!reply || !reply->is_error()) return reply;
  if (reply->text.find("No such master") == std::string::npos) {
    return unexpected(describe_server_error(link.at(), options_.sentinel.kind, reply->text));
  }
  auto names = groups(link);
  if (!names) return unexpected(names.error());
  std::string there = names->empty() ? "it watches no group" : "it watches ";
  if (names->size() > kGroupsInErrorMax) {
    names->resize(kGroupsInErrorMax);
    names->push_back("...");
  }
  there += fmt::format("{}", fmt::join(*names, ", "));
  return unexpected(fmt::format("sentinel {} knows no group '{}': {}", to_string(link.at()), group, there));
}

std::vector<Endpoint> Session::all_sentinels(const std::string& group) {
  std::vector<Endpoint> all;
  for (const Endpoint& at : options_.sentinels) add_unique(all, at);
  for (std::size_t i = 0; i < all.size(); ++i) {  // Grows while it is walked: peers of peers count too.
    auto link = sentinel(all[i]);
    if (!link) continue;
    auto reply = (*link)->ask({"SENTINEL", "SENTINELS", group});
    if (!reply) continue;
    auto peers = to_field_list(*reply);
    if (!peers) continue;
    for (const Fields& peer : *peers) {
      if (const auto at = peer.endpoint()) add_unique(all, *at);
    }
  }
  return all;
}

}  // namespace sentinel
