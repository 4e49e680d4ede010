#include "sentinel/config/keys.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "sentinel/config/secret_file.h"
#include "sentinel/config/suggest.h"
#include "sentinel/config/values.h"

namespace sentinel {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kPeersMax = 64;
constexpr std::size_t kUrlBytesMax = 2048;

// The items of a list of single values, after reporting everything else.
std::vector<const YamlNode*> scalar_items(const YamlNode& node, std::string_view key, Problems& problems) {
  std::vector<const YamlNode*> items;
  if (node.kind != YamlNode::Kind::List) {
    problems.error(node, fmt::format("{}: expected a list, such as [a, b]", key));
    return items;
  }
  for (const YamlNode& item : node.items) {
    if (scalar_text(item, key, problems)) items.push_back(&item);
  }
  return items;
}

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

void read_source_address(const YamlNode& node, RootDraft& root, Problems& problems) {
  const std::string* text = scalar_text(node, "source-address", problems);
  if (!text) return;
  if (!is_ip_address(*text)) {
    problems.error(node, fmt::format("source-address: {} is not an IP address", shown(*text)));
    return;
  }
  root.source_address = *text;
}

void read_bind(const YamlNode& node, RootDraft& root, Problems& problems) {
  root.bind.clear();
  for (const YamlNode* item : scalar_items(node, "bind", problems)) {
    if (!is_ip_address(item->text)) {
      problems.error(*item,
                     fmt::format("bind: {} is not an IP address; the port is a key of its own", shown(item->text)));
    } else if (std::find(root.bind.begin(), root.bind.end(), item->text) != root.bind.end()) {
      problems.error(*item, fmt::format("bind: {} is listed twice", item->text));
    } else {
      root.bind.push_back(item->text);
    }
  }
  if (node.kind == YamlNode::Kind::List && node.items.empty()) problems.error(node, "bind: the list is empty");
}

void read_peers(const YamlNode& node, RootDraft& root, Problems& problems) {
  const auto items = scalar_items(node, "peers", problems);
  if (items.size() > kPeersMax) problems.error(node, fmt::format("peers: more than {} sentinels", kPeersMax));
  std::set<Endpoint> seen;
  for (const YamlNode* item : items) {
    const auto peer = value_of(*item, "peers", problems, read_endpoint);
    if (!peer) continue;
    if (!seen.insert(*peer).second) {
      problems.error(*item, fmt::format("peers: {} is listed twice", to_string(*peer)));
      continue;
    }
    root.peers.push_back(*peer);
  }
}

void read_announce_host(const YamlNode& node, RootDraft& root, Problems& problems) {
  const std::string* text = scalar_text(node, "announce-host", problems);
  if (!text) return;
  const bool wildcard = *text == "0.0.0.0" || *text == "::" || *text == "*";
  if (wildcard || text->size() > 253 || text->find_first_of(" \t\r\n,[]") != std::string::npos) {
    problems.error(node, fmt::format("announce-host: {} is no address others can connect to", shown(*text)));
    return;
  }
  root.announce_host = *text;
}

void read_log_file(const YamlNode& node, LogSettings& log, Problems& problems) {
  const std::string* text = scalar_text(node, "file", problems);
  if (!text) return;
  log.file = *text == "stdout" ? *text : path_text(node, "file", problems).value_or(log.file);
}

void read_webhook_url(const YamlNode& node, WebhookSettings& hook, Problems& problems) {
  const std::string* text = scalar_text(node, "url", problems);
  if (!text) return;
  // Not repeated in the message: addresses of chat services are secrets.
  const bool scheme = text->starts_with("http://") || text->starts_with("https://");
  const bool host = scheme && text->size() > text->find("://") + 3 && text->at(text->find("://") + 3) != '/';
  const bool clean = std::all_of(text->begin(), text->end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!host || !clean || text->size() > kUrlBytesMax) {
    problems.error(node, "url: not an http:// or https:// address");
    return;
  }
  hook.url = *text;
}

void read_webhook_groups(const YamlNode& node, WebhookSettings& hook, Problems& problems) {
  for (const YamlNode* item : scalar_items(node, "groups", problems)) hook.groups.push_back(item->text);
}

void read_name(const YamlNode& node, GroupSettings& group, Problems& problems) {
  const std::string* text = scalar_text(node, "name", problems);
  if (!text) return;
  const bool allowed = std::all_of(text->begin(), text->end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
  if (!allowed || text->size() > kNameBytesMax) {
    problems.error(node, fmt::format("name: {} may only hold letters, digits and . _ - ({} at most)", shown(*text),
                                     kNameBytesMax));
    return;
  }
  group.name = *text;
}

void read_master(const YamlNode& node, GroupSettings& group, Problems& problems) {
  if (auto master = value_of(node, "master", problems, read_endpoint)) group.master = std::move(*master);
}

template <typename Target>
Key<Target> user_name_key(std::string name, std::string Target::*field) {
  auto read = [=](const YamlNode& node, Target& target, Problems& problems) {
    const std::string* text = scalar_text(node, name, problems);
    if (!text) return;
    if (text->size() > kNameBytesMax || text->find_first_of(" \t\r\n") != std::string::npos) {
      problems.error(node, fmt::format("{}: a user name holds no blanks", name));
      return;
    }
    target.*field = *text;
  };
  return {name, read, [](const Target&) { return std::string(); }};
}

void read_lag(const YamlNode& node, GroupSettings& group, Problems& problems) {
  const auto value = value_of(node, "write-safety-max-lag", problems, read_duration);
  if (!value) return;
  if (*value < 1s || *value > 1h || *value % 1s != 0ms) {
    problems.error(node, "write-safety-max-lag: whole seconds between 1s and 1h, as Redis counts them");
    return;
  }
  group.max_lag = *value;
}

Key<GroupSettings> script_key(std::string name, std::string GroupSettings::*field) {
  auto read = [=](const YamlNode& node, GroupSettings& group, Problems& problems) {
    auto path = path_text(node, name, problems);
    if (!path) return;
    if (const auto problem = script_problem(*path)) {
      problems.error(node, fmt::format("{}: {}", name, *problem));
      return;
    }
    group.*field = std::move(*path);
  };
  return {name, read, [](const GroupSettings&) { return std::string(); }};
}

void read_renames(const YamlNode& node, GroupSettings& group, Problems& problems) {
  if (node.kind != YamlNode::Kind::Map) {
    problems.error(node, "rename-commands: expected a block such as {CONFIG: my-config}");
    return;
  }
  group.rename_commands.clear();
  for (const auto& [key, value] : node.pairs) {
    const std::string* from = scalar_text(key, "rename-commands", problems);
    const std::string* to = scalar_text(value, "rename-commands", problems);
    if (!from || !to) continue;
    std::string command = *from;
    std::transform(command.begin(), command.end(), command.begin(), [](unsigned char c) { return std::toupper(c); });
    if (command.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != std::string::npos || command.size() > 64) {
      problems.error(key, "rename-commands: not the name of a Redis command");
    } else if (to->find_first_of(" \t\r\n") != std::string::npos || to->size() > kNameBytesMax) {
      problems.error(value, "rename-commands: the new name holds no blanks");
    } else if (!group.rename_commands.emplace(command, *to).second) {
      problems.error(key, fmt::format("rename-commands: {} is given twice", command));
    }
  }
}

// Passwords may stand in them: no message repeats them as a whole.
void read_rules(const YamlNode& node, UserDraft& user, Problems& problems) {
  if (const std::string* text = scalar_text(node, "rules", problems)) user.rules = *text;
}

template <typename Target>
std::function<std::string(const Target&)> prints(std::string text) {
  return [text](const Target&) { return text; };
}

}  // namespace

const KeyTable<RootDraft>& root_keys() {
  static const KeyTable<RootDraft> table{
      count_key("port", &RootDraft::port, {1, 65535}),
      {"bind", read_bind, prints<RootDraft>("[0.0.0.0]")},
      {"source-address", read_source_address, prints<RootDraft>("")},
      duration_key("tcp-keepalive", &RootDraft::tcp_keepalive, {0ms, 24h}),
      {"announce-host", read_announce_host, prints<RootDraft>("")},
      count_key("announce-port", &RootDraft::announce_port, {1, 65535}),
      switch_key("announce-hostnames", &RootDraft::announce_hostnames),
      secret_key("password", &RootDraft::password),
      secret_file_key("password-file", &RootDraft::password),
      user_name_key("peer-user", &RootDraft::peer_user),
      secret_key("peer-password", &RootDraft::peer_password),
      secret_file_key("peer-password-file", &RootDraft::peer_password),
      path_key("acl-file", &RootDraft::acl_file),
      count_key("acl-log-max", &RootDraft::acl_log_max, {1, 100'000}),
      switch_key("protected-mode", &RootDraft::protected_mode),
      path_key("state-dir", &RootDraft::state_dir),
      {"peers", read_peers, prints<RootDraft>("[]")},
      count_key("max-parallel-failovers", &RootDraft::max_parallel_failovers, {0, 10'000}),
  };
  return table;
}

const std::vector<std::string>& root_blocks() {
  static const std::vector<std::string> blocks{"users", "log", "limits", "tls", "webhooks", "defaults", "groups"};
  return blocks;
}

const KeyTable<UserDraft>& user_keys() {
  static const KeyTable<UserDraft> table{
      user_name_key("name", &UserDraft::name),
      {"rules", read_rules, prints<UserDraft>("")},
      secret_key("password", &UserDraft::password),
      secret_file_key("password-file", &UserDraft::password),
  };
  return table;
}

const KeyTable<LogSettings>& log_keys() {
  static const KeyTable<LogSettings> table{
      choice_key("level", &LogSettings::level,
                 Choices<LogLevel>{{"debug", LogLevel::Debug},
                                   {"info", LogLevel::Info},
                                   {"warning", LogLevel::Warning},
                                   {"error", LogLevel::Error}}),
      choice_key("format", &LogSettings::format,
                 Choices<LogFormat>{{"text", LogFormat::Text}, {"json", LogFormat::Json}}),
      {"file", read_log_file, [](const LogSettings& log) { return log.file; }},
  };
  return table;
}

const KeyTable<ClientLimits>& limit_keys() {
  static const KeyTable<ClientLimits> table{
      count_key("max-clients", &ClientLimits::max_clients, {10, 1'000'000}),
      size_key("client-output-buffer", &ClientLimits::client_output_buffer,
               {std::size_t{64} << 10, std::size_t{1} << 30}),
      size_key("query-buffer", &ClientLimits::query_buffer, {std::size_t{16} << 10, std::size_t{1} << 30}),
  };
  return table;
}

const KeyTable<TlsSettings>& tls_keys() {
  static const KeyTable<TlsSettings> table{
      switch_key("enabled", &TlsSettings::enabled),
      count_key("port", &TlsSettings::port, {1, 65535}),
      path_key("cert-file", &TlsSettings::cert_file),
      path_key("key-file", &TlsSettings::key_file),
      secret_key("key-password", &TlsSettings::key_file_pass),
      secret_file_key("key-password-file", &TlsSettings::key_file_pass),
      path_key("ca-file", &TlsSettings::ca_cert_file),
      path_key("ca-dir", &TlsSettings::ca_cert_dir),
      choice_key("require-client-certificate", &TlsSettings::auth_clients,
                 Choices<TlsClientCertificate>{{"on", TlsClientCertificate::Required},
                                               {"optional", TlsClientCertificate::Optional},
                                               {"off", TlsClientCertificate::Ignored}}),
      switch_key("links", &TlsSettings::links),
      path_key("client-cert-file", &TlsSettings::client_cert_file),
      path_key("client-key-file", &TlsSettings::client_key_file),
      secret_key("client-key-password", &TlsSettings::client_key_file_pass),
      secret_file_key("client-key-password-file", &TlsSettings::client_key_file_pass),
      choice_key("min-version", &TlsSettings::protocols, Choices<std::string>{{"1.2", ""}, {"1.3", "TLSv1.3"}}),
      text_key("ciphers", &TlsSettings::ciphers),
      text_key("ciphersuites", &TlsSettings::ciphersuites),
  };
  return table;
}

const KeyTable<WebhookSettings>& webhook_keys() {
  static const KeyTable<WebhookSettings> table{
      {"url", read_webhook_url, prints<WebhookSettings>("")},
      secret_key("secret", &WebhookSettings::secret),
      secret_file_key("secret-file", &WebhookSettings::secret),
      {"groups", read_webhook_groups, prints<WebhookSettings>("")},
  };
  return table;
}

const KeyTable<GroupSettings>& identity_keys() {
  static const KeyTable<GroupSettings> table{
      {"name", read_name, prints<GroupSettings>("")},
      {"master", read_master, prints<GroupSettings>("")},
  };
  return table;
}

const KeyTable<GroupSettings>& group_keys() {
  static const KeyTable<GroupSettings> table{
      count_key("quorum", &GroupSettings::quorum, {1, kPeersMax + 1}),
      duration_key("down-after", &GroupSettings::down_after, {50ms, 24h}),
      duration_key("failover-timeout", &GroupSettings::failover_timeout, {1s, 24h}),
      count_key("parallel-syncs", &GroupSettings::parallel_syncs, {1, 1000}),
      count_key("priority", &GroupSettings::priority, {1, 1'000'000}),
      switch_key("crash-detection", &GroupSettings::crash_detection),
      duration_key("crash-confirm", &GroupSettings::crash_confirm, {10ms, 1min}),
      duration_key("evidence-hold-max", &GroupSettings::evidence_hold_max, {0ms, 1h}),
      choice_key("write-safety", &GroupSettings::write_safety,
                 Choices<WriteSafety>{
                     {"enforce", WriteSafety::Enforce}, {"audit", WriteSafety::Audit}, {"off", WriteSafety::Off}}),
      count_key("write-safety-replicas", &GroupSettings::min_replicas, {1, 100}),
      {"write-safety-max-lag", read_lag, [](const GroupSettings& group) { return print_duration(group.max_lag); }},
      choice_key("on-empty-restart", &GroupSettings::on_empty_restart,
                 Choices<OnEmptyRestart>{{"failover", OnEmptyRestart::Failover}, {"ignore", OnEmptyRestart::Ignore}}),
      duration_key("loading-timeout", &GroupSettings::loading_timeout, {0ms, 24h}),
      choice_key("rescue", &GroupSettings::rescue,
                 Choices<Rescue>{{"stream", Rescue::Stream}, {"snapshot", Rescue::Snapshot}, {"off", Rescue::Off}}),
      duration_key("rescue-deadline", &GroupSettings::rescue_deadline, {100ms, 50s}),
      size_key("rescue-max-bytes", &GroupSettings::rescue_bytes_max, {std::size_t{1} << 10, std::size_t{1} << 40}),
      count_key("rescue-keep", &GroupSettings::rescue_keep, {1, 1000}),
      user_name_key("auth-user", &GroupSettings::auth_user),
      secret_key("auth-password", &GroupSettings::auth_pass),
      secret_file_key("auth-password-file", &GroupSettings::auth_pass),
      {"rename-commands", read_renames, prints<GroupSettings>("{}")},
      script_key("notification-script", &GroupSettings::notification_script),
      script_key("client-reconfig-script", &GroupSettings::client_reconfig_script),
  };
  return table;
}

}  // namespace sentinel
