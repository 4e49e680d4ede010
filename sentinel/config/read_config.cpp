#include "sentinel/config/read_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "sentinel/acl/users.h"
#include "sentinel/config/keys.h"
#include "sentinel/config/local_addresses.h"
#include "sentinel/config/scalars.h"
#include "sentinel/config/secret_file.h"
#include "sentinel/config/yaml_tree.h"

namespace sentinel {
namespace {

constexpr std::size_t kGroupsMax = 10'000;
constexpr std::size_t kWebhooksMax = 32;

// A group with the places its cross-checks point at.
struct ReadGroup {
  GroupSettings settings;
  const YamlNode* where = nullptr;
  SeenKeys seen;
};

void refuse_both(const SeenKeys& seen, const std::string& key, Problems& problems) {
  const auto inline_value = seen.find(key);
  const auto file = seen.find(key + "-file");
  if (inline_value == seen.end() || file == seen.end()) return;
  const YamlNode& later = file->second->line < inline_value->second->line ? *inline_value->second : *file->second;
  problems.error(later, fmt::format("{0} and {0}-file are both given: keep one", key));
}

const YamlNode& place(const SeenKeys& seen, std::string_view key, const YamlNode& otherwise) {
  const auto found = seen.find(key);
  return found == seen.end() ? otherwise : *found->second;
}

template <typename Target>
void read_block(const SeenKeys& root, std::string_view name, const KeyTable<Target>& table, Target& target,
                Problems& problems) {
  const auto found = root.find(name);
  if (found == root.end() || found->second->kind == YamlNode::Kind::Null)
    return;  // A block whose keys are all commented out.
  apply(table, index_map(*found->second, names_of(table), problems), target, problems);
}

bool is_wildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }
bool is_loopback(const std::string& host) { return host.starts_with("127.") || host == "::1" || host == "localhost"; }

class Reader {
 public:
  Reader(const ConfigText& source, const YamlNode& root)
      : source_(source), root_(root), problems_(folder_of(source.path)) {}

  Result<DaemonConfig, std::vector<ConfigError>> run() {
    std::vector<std::string> known = names_of(root_keys());
    known.insert(known.end(), root_blocks().begin(), root_blocks().end());
    seen_ = index_map(root_, known, problems_);
    read_top();
    read_block(seen_, "log", log_keys(), config_.log, problems_);
    read_block(seen_, "limits", limit_keys(), config_.limits, problems_);
    read_users();
    read_defaults();
    read_groups();
    read_webhooks();
    for (ReadGroup& group : groups_) finish_quorum(group.settings, group.seen, *group.where);
    check_unique();
    warn();
    auto errors = problems_.take_errors();
    if (!errors.empty()) return unexpected(std::move(errors));
    for (ReadGroup& group : groups_) config_.groups.push_back(std::move(group.settings));
    config_.file = source_.path;
    config_.warnings = problems_.take_warnings();
    return std::move(config_);
  }

 private:
  static std::string folder_of(const std::string& path) {
    std::error_code ignored;
    const std::filesystem::path absolute = std::filesystem::absolute(path, ignored);
    return absolute.parent_path().string();
  }

  void read_top() {
    RootDraft draft;
    apply(root_keys(), seen_, draft, problems_);
    refuse_both(seen_, "password", problems_);
    refuse_both(seen_, "peer-password", problems_);
    config_.password = draft.password;
    config_.peer_password = draft.peer_password;
    config_.peer_user = draft.peer_user;
    if (!draft.peer_user.empty() && draft.peer_password.empty()) {
      problems_.error(place(seen_, "peer-user", root_), "peer-user: needs a peer-password");
    }
    config_.access.file = draft.acl_file;
    config_.access.log_max = draft.acl_log_max;
    config_.access.protected_mode = draft.protected_mode;
    config_.conf.bind_source_address = draft.source_address;
    config_.conf.tcp_keepalive =
        static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(draft.tcp_keepalive).count());
    config_.state_dir = draft.state_dir;
    config_.listen.clear();
    plain_port_ = draft.port;
    read_tls(draft);
    for (const std::string& host : draft.bind) config_.listen.push_back({host, plain_port_});
    Endpoint& announce = config_.process.announce;
    announce.port = draft.announce_port != 0 ? draft.announce_port : config_.reached_at();
    announce.host = draft.announce_host;
    config_.conf.announce_ip = draft.announce_host;
    config_.conf.announce_port = draft.announce_port;
    config_.conf.resolve_hostnames = true;  // Whoever writes a name wants it looked up.
    config_.conf.announce_hostnames = draft.announce_hostnames;
    config_.conf.sentinel_user = draft.peer_user;
    config_.conf.sentinel_pass = draft.peer_password;
    if (announce.host.empty() && draft.bind.size() == 1 && !is_wildcard(draft.bind[0])) announce.host = draft.bind[0];
    place_ourselves(draft);
    config_.process.max_parallel_failovers = draft.max_parallel_failovers;
  }

  // One peers list serves all sentinels of a deployment: our own entry is left
  // out, and tells us our address when nothing else does.
  void place_ourselves(const RootDraft& draft) {
    Endpoint& announce = config_.process.announce;
    const auto is_local = [&](const Endpoint& peer) {
      const auto& local = source_.local_addresses;
      return peer.port == announce.port && std::find(local.begin(), local.end(), peer.host) != local.end();
    };
    for (const Endpoint& peer : draft.peers) {
      const bool listens = std::any_of(config_.listen.begin(), config_.listen.end(), [&](const Endpoint& at) {
        return at.host == peer.host && peer.port == config_.reached_at();
      });
      if (peer == announce || listens || is_local(peer)) {
        if (announce.host.empty()) announce.host = peer.host;
        in_own_list_ = true;
        continue;
      }
      config_.process.peers.push_back(peer);
    }
  }

  void read_users() {
    const auto found = seen_.find("users");
    if (found == seen_.end() || found->second->kind == YamlNode::Kind::Null) return;
    const YamlNode& list = *found->second;
    if (list.kind != YamlNode::Kind::List) {
      problems_.error(list, "users: expected a list, each user starting with \"- name: ...\"");
      return;
    }
    if (!config_.access.file.empty()) problems_.error(list, "users: with acl-file the users stand in that file");
    for (const YamlNode& item : list.items) read_user(item);
  }

  void read_user(const YamlNode& item) {
    UserDraft draft;
    const SeenKeys seen = index_map(item, names_of(user_keys()), problems_);
    apply(user_keys(), seen, draft, problems_);
    refuse_both(seen, "password", problems_);
    user_secret_inline_ = user_secret_inline_ || seen.contains("password");
    if (item.kind != YamlNode::Kind::Map) return;
    if (draft.name.empty()) {
      problems_.error(item, "the user has no name");
      return;
    }
    UserLine line{.name = draft.name, .rules = {}, .line = item.line};
    std::istringstream words(draft.rules);
    line.rules.assign(std::istream_iterator<std::string>(words), {});
    if (!draft.password.empty()) line.rules.push_back(">" + draft.password);
    const auto same = [&](const UserLine& other) { return other.name == line.name; };
    if (std::any_of(config_.access.users.begin(), config_.access.users.end(), same)) {
      problems_.error(item, fmt::format("name: there is another user {}", shown(line.name)));
    }
    if (const auto user = read_user_line(line, {}); !user) {
      problems_.error(place(seen, "rules", item), fmt::format("rules: {}", user.error()));
    }
    config_.access.users.push_back(std::move(line));
  }

  // Without a port of its own TLS takes `port`, and nobody is served in plain text.
  void read_tls(const RootDraft& draft) {
    TlsSettings& tls = config_.tls = yaml_tls_defaults();
    read_block(seen_, "tls", tls_keys(), tls, problems_);
    const YamlNode& where = place(seen_, "tls", root_);
    if (where.kind == YamlNode::Kind::Map) {
      SeenKeys seen;
      for (const auto& [key, value] : where.pairs) seen.emplace(key.text, &value);
      refuse_both(seen, "key-password", problems_);
      refuse_both(seen, "client-key-password", problems_);
    }
    if (!tls.enabled) {
      tls.port = 0;
      tls.links = false;
      return;
    }
    if (tls.cert_file.empty()) problems_.error(where, "tls: cert-file is missing");
    if (tls.key_file.empty()) problems_.error(where, "tls: key-file is missing");
    if (tls.client_cert_file.empty() != tls.client_key_file.empty())
      problems_.error(where, "tls: client-cert-file and client-key-file belong together: one is missing");
    const bool checks = tls.links || tls.auth_clients != TlsClientCertificate::Ignored;
    if (checks && tls.ca_cert_file.empty() && tls.ca_cert_dir.empty())
      problems_.error(where, "tls: ca-file or ca-dir is missing: it tells whose certificates are accepted");
    if (tls.port == draft.port)
      problems_.error(where, "tls: port is the plain-text port; leave it out to serve TLS only");
    plain_port_ = tls.port == 0 ? std::uint16_t{0} : draft.port;
    if (tls.port == 0) tls.port = draft.port;
  }

  void read_defaults() {
    const auto found = seen_.find("defaults");
    if (found == seen_.end() || found->second->kind == YamlNode::Kind::Null) {
      finish_quorum(config_.defaults, {}, root_);
      return;
    }
    std::vector<std::string> known = names_of(group_keys());
    default_seen_ = index_map(*found->second, known, problems_);
    apply(group_keys(), default_seen_, config_.defaults, problems_);
    refuse_both(default_seen_, "auth-password", problems_);
    finish_quorum(config_.defaults, default_seen_, *found->second);
  }

  void read_groups() {
    const auto found = seen_.find("groups");
    if (found == seen_.end() || found->second->kind == YamlNode::Kind::Null) return;
    const YamlNode& list = *found->second;
    if (list.kind != YamlNode::Kind::List) {
      problems_.error(list, "groups: expected a list, each group starting with \"- name: ...\"");
      return;
    }
    if (list.items.size() > kGroupsMax) {
      problems_.error(list, fmt::format("groups: more than {}", kGroupsMax));
      return;
    }
    for (const YamlNode& item : list.items) read_group(item);
  }

  void read_group(const YamlNode& item) {
    std::vector<std::string> known = names_of(identity_keys());
    for (std::string& name : names_of(group_keys())) known.push_back(std::move(name));
    ReadGroup group{config_.defaults, &item, index_map(item, known, problems_)};
    apply(identity_keys(), group.seen, group.settings, problems_);
    apply(group_keys(), group.seen, group.settings, problems_);
    refuse_both(group.seen, "auth-password", problems_);
    if (item.kind == YamlNode::Kind::Map) {
      if (!group.seen.contains("name")) problems_.error(item, "the group has no name");
      if (!group.seen.contains("master")) problems_.error(item, "the group has no master: add \"master: host:port\"");
    }
    groups_.push_back(std::move(group));
  }

  void read_webhooks() {
    const auto found = seen_.find("webhooks");
    if (found == seen_.end() || found->second->kind == YamlNode::Kind::Null) return;
    const YamlNode& list = *found->second;
    if (list.kind != YamlNode::Kind::List) {
      problems_.error(list, "webhooks: expected a list, each starting with \"- url: ...\"");
      return;
    }
    if (list.items.size() > kWebhooksMax) problems_.error(list, fmt::format("webhooks: more than {}", kWebhooksMax));
    for (const YamlNode& item : list.items) {
      WebhookSettings hook;
      const SeenKeys seen = index_map(item, names_of(webhook_keys()), problems_);
      apply(webhook_keys(), seen, hook, problems_);
      refuse_both(seen, "secret", problems_);
      webhook_secret_inline_ = webhook_secret_inline_ || seen.contains("secret");
      if (item.kind == YamlNode::Kind::Map && !seen.contains("url")) problems_.error(item, "the webhook has no url");
      for (const std::string& name : hook.groups) {
        const auto named = [&](const ReadGroup& group) { return group.settings.name == name; };
        if (std::any_of(groups_.begin(), groups_.end(), named)) continue;
        problems_.error(place(seen, "groups", item), fmt::format("groups: there is no group {}", shown(name)));
      }
      config_.webhooks.push_back(std::move(hook));
    }
  }

  // A quorum nobody wrote is the majority of the listed sentinels. One that
  // can never be reached is an error where it was written.
  void finish_quorum(GroupSettings& group, const SeenKeys& seen, const YamlNode& where) {
    const auto& peers = config_.process.peers;
    const unsigned members = static_cast<unsigned>(peers.size()) + 1;
    if (group.quorum == 0) group.quorum = peers.empty() ? 2 : members / 2 + 1;
    if (peers.empty() || group.quorum <= members || !seen.contains("quorum")) return;
    if (&group != &config_.defaults && group.quorum == config_.defaults.quorum) return;  // Said once, at `defaults`.
    problems_.error(place(seen, "quorum", where),
                    fmt::format("quorum: {} can never be reached by {} sentinels ({} peer{} and this one)",
                                group.quorum, members, peers.size(), peers.size() == 1 ? "" : "s"));
  }

  void check_unique() {
    std::map<std::string, int> names;
    std::map<Endpoint, std::string> masters;
    for (const ReadGroup& group : groups_) {
      const GroupSettings& settings = group.settings;
      if (!settings.name.empty()) {
        const YamlNode& where = place(group.seen, "name", *group.where);
        const auto [first, fresh] = names.emplace(settings.name, where.line);
        if (!fresh)
          problems_.error(where,
                          fmt::format("name: there is another group \"{}\" on line {}", settings.name, first->second));
      }
      if (settings.master.port == 0) continue;
      const YamlNode& where = place(group.seen, "master", *group.where);
      const auto [first, fresh] = masters.emplace(settings.master, settings.name);
      if (!fresh)
        problems_.error(where, fmt::format("master: {} is already the master of \"{}\"", to_string(settings.master),
                                           first->second));
      const auto& peers = config_.process.peers;
      const bool sentinel_address = settings.master == config_.process.announce ||
                                    std::find(peers.begin(), peers.end(), settings.master) != peers.end();
      if (sentinel_address)
        problems_.error(where, fmt::format("master: {} is a sentinel's address", to_string(settings.master)));
      if (is_wildcard(settings.master.host))
        problems_.error(where, "master: no node can be reached at a wildcard address");
    }
  }

  void warn() {
    const bool exposed = std::any_of(config_.listen.begin(), config_.listen.end(),
                                     [](const Endpoint& endpoint) { return !is_loopback(endpoint.host); });
    const auto about_default = [](const UserLine& user) { return user.name == kDefaultUser; };
    const bool default_has_rules = !config_.access.file.empty() ||
                                   std::any_of(config_.access.users.begin(), config_.access.users.end(), about_default);
    if (exposed && config_.password.empty() && !config_.access.protected_mode && !default_has_rules) {
      problems_.warning(place(seen_, "bind", YamlNode{}),
                        "no password, and not bound to loopback only: anyone who reaches the port can order failovers");
    }
    // Who names only the others makes an odd number with us; a list of all, without our address, makes an even one.
    const std::size_t peers = config_.process.peers.size();
    if (peers >= 3 && peers % 2 == 1 && !in_own_list_) {
      problems_.warning(
          place(seen_, "peers", YamlNode{}),
          fmt::format("no entry is an address of this machine, so with this one there are {} sentinels; if "
                      "one of them is this one, say which with announce-host",
                      peers + 1));
    }
    if (groups_.empty()) problems_.warning(place(seen_, "groups", YamlNode{}), "no groups: nothing is watched yet");
    for (const ReadGroup& group : groups_) {
      const GroupSettings& settings = group.settings;
      if (settings.crash_detection && settings.crash_confirm > settings.down_after) {
        problems_.warning(place(group.seen, "crash-confirm", *group.where),
                          fmt::format("crash-confirm {} is longer than down-after {} and never takes effect",
                                      print_duration(settings.crash_confirm), print_duration(settings.down_after)));
      }
    }
    if (inline_secrets() && readable_by_everyone(source_.path)) {
      problems_.warning(YamlNode{}, "holds passwords and is readable by every user of this machine: chmod 600 it");
    }
  }

  bool inline_secrets() const {
    const auto has = [](const SeenKeys& seen) { return seen.contains("auth-password"); };
    return seen_.contains("password") || seen_.contains("peer-password") || has(default_seen_) ||
           std::any_of(groups_.begin(), groups_.end(), [&](const ReadGroup& group) { return has(group.seen); }) ||
           webhook_secret_inline_ || user_secret_inline_;
  }

  const ConfigText& source_;
  const YamlNode& root_;
  Problems problems_;
  DaemonConfig config_;
  SeenKeys seen_;
  SeenKeys default_seen_;
  bool in_own_list_ = false;      // `peers` names us, too.
  std::uint16_t plain_port_ = 0;  // 0: TLS has taken it.
  std::vector<ReadGroup> groups_;
  bool webhook_secret_inline_ = false;
  bool user_secret_inline_ = false;
};

}  // namespace

Result<DaemonConfig, std::vector<ConfigError>> read_config_text(const ConfigText& source) {
  const auto root = parse_yaml(source.text);
  if (!root) return unexpected(std::vector<ConfigError>{root.error()});
  if (root->kind == YamlNode::Kind::Null) {
    return unexpected(std::vector<ConfigError>{{0, 0, "empty: it needs at least a \"groups:\" list"}});
  }
  return Reader(source, *root).run();
}

Result<DaemonConfig, std::vector<ConfigError>> read_config(const std::string& path) {
  const auto text = read_file(path, kConfigBytesMax);
  if (!text) return unexpected(std::vector<ConfigError>{{0, 0, text.error()}});
  return read_config_text({.text = *text, .path = path, .local_addresses = local_addresses()});
}

}  // namespace sentinel
