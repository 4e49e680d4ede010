#include "sentinel/api/client_tracking.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/resp/text.h"
#include "common/result.h"

namespace sentinel {
namespace {

constexpr std::size_t kPrefixesMax = 64;  // Of one client.

Outcome refuse(Client& client, std::string_view error) {
  client.reply().error(error);
  return Outcome::Answered;
}

Outcome accept(Client& client) {
  client.reply().simple("OK");
  return Outcome::Answered;
}

// The words behind ON or OFF.
Result<Tracking> parse_options(const CommandContext& context, Arguments words) {
  Tracking wanted{.on = true};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool more = i + 1 < words.size();
    if (is_word(words[i], "redirect") && more) {
      const std::string_view value = words[++i];
      if (wanted.redirect != 0) {
        return unexpected(std::string("ERR A client can only redirect to a single other client"));
      }
      const auto [rest, failure] = std::from_chars(value.data(), value.data() + value.size(), wanted.redirect);
      if (failure != std::errc{} || rest != value.data() + value.size()) {
        return unexpected(std::string("ERR value is not an integer or out of range"));
      }
      if (context.clients.find(wanted.redirect) == nullptr) {
        return unexpected(std::string("ERR The client ID you want redirect to does not exist"));
      }
    } else if (is_word(words[i], "bcast")) {
      wanted.broadcast = true;
    } else if (is_word(words[i], "optin")) {
      wanted.opt_in = true;
    } else if (is_word(words[i], "optout")) {
      wanted.opt_out = true;
    } else if (is_word(words[i], "noloop")) {
      wanted.no_loop = true;
    } else if (is_word(words[i], "prefix") && more && wanted.prefixes.size() < kPrefixesMax) {
      wanted.prefixes.emplace_back(words[++i]);
    } else {
      return unexpected(std::string("ERR syntax error"));
    }
  }
  return wanted;
}

std::optional<std::string> mode_error(const Tracking& now, const Tracking& wanted) {
  if (!wanted.broadcast && !wanted.prefixes.empty()) return "ERR PREFIX option requires BCAST mode to be enabled";
  if (now.on && now.broadcast != wanted.broadcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it "
           "with a different mode.";
  }
  if (wanted.broadcast && (wanted.opt_in || wanted.opt_out))
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  if (wanted.opt_in && wanted.opt_out) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if ((wanted.opt_in && now.opt_out) || (wanted.opt_out && now.opt_in)) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it "
           "with a different mode.";
  }
  return std::nullopt;
}

bool overlap(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

std::optional<std::string> prefix_error(const std::vector<std::string>& present,
                                        const std::vector<std::string>& wanted) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (const std::string& other : present) {
      if (!overlap(wanted[i], other)) continue;
      return fmt::format(
          "ERR Prefix '{}' overlaps with an existing prefix '{}'. Prefixes for a single client must not overlap.",
          wanted[i], other);
    }
    for (std::size_t j = i + 1; j < wanted.size(); ++j) {
      if (!overlap(wanted[i], wanted[j])) continue;
      return fmt::format(
          "ERR Prefix '{}' overlaps with another provided prefix '{}'. Prefixes for a single client must not overlap.",
          wanted[i], wanted[j]);
    }
  }
  return std::nullopt;
}

}  // namespace

Outcome client_tracking(CommandContext& context, Client& client, Arguments arguments) {
  Result<Tracking> wanted = parse_options(context, arguments.subspan(3));
  if (!wanted) return refuse(client, wanted.error());
  if (is_word(arguments[2], "off")) {
    client.tracking = Tracking{};
    return accept(client);
  }
  if (!is_word(arguments[2], "on")) return refuse(client, "ERR syntax error");
  if (const auto error = mode_error(client.tracking, *wanted)) return refuse(client, *error);
  if (wanted->broadcast) {
    if (const auto error = prefix_error(client.tracking.prefixes, wanted->prefixes)) return refuse(client, *error);
    std::vector<std::string>& all = wanted->prefixes;
    all.insert(all.begin(), client.tracking.prefixes.begin(), client.tracking.prefixes.end());
    if (all.size() > kPrefixesMax) return refuse(client, "ERR too many prefixes for one client");
  }
  client.tracking = std::move(*wanted);
  return accept(client);
}

Outcome client_caching(CommandContext&, Client& client, Arguments arguments) {
  Tracking& tracking = client.tracking;
  if (!tracking.on) {
    return refuse(client,
                  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
                  "enabled");
  }
  const bool yes = is_word(arguments[2], "yes");
  if (!yes && !is_word(arguments[2], "no")) return refuse(client, "ERR syntax error");
  if (yes && !tracking.opt_in) {
    return refuse(client, "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  }
  if (!yes && !tracking.opt_out) {
    return refuse(client, "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  }
  tracking.caching = true;
  return accept(client);
}

Outcome client_getredir(CommandContext&, Client& client, Arguments) {
  client.reply().integer(client.tracking.on ? static_cast<std::int64_t>(client.tracking.redirect) : -1);
  return Outcome::Answered;
}

Outcome client_trackinginfo(CommandContext&, Client& client, Arguments) {
  const Tracking& tracking = client.tracking;
  std::vector<std::string_view> flags{tracking.on ? "on" : "off"};
  if (tracking.broadcast) flags.push_back("bcast");
  if (tracking.opt_in) flags.push_back("optin");
  if (tracking.opt_in && tracking.caching) flags.push_back("caching-yes");
  if (tracking.opt_out) flags.push_back("optout");
  if (tracking.opt_out && tracking.caching) flags.push_back("caching-no");
  if (tracking.no_loop) flags.push_back("noloop");
  ReplyWriter reply = client.reply();
  reply.map(3).bulk("flags").set(flags.size());
  for (const std::string_view flag : flags) reply.bulk(flag);
  reply.bulk("redirect").integer(tracking.on ? static_cast<std::int64_t>(tracking.redirect) : -1);
  reply.bulk("prefixes").array(tracking.prefixes.size());
  for (const std::string& prefix : tracking.prefixes) reply.bulk(prefix);
  return Outcome::Answered;
}

}  // namespace sentinel
