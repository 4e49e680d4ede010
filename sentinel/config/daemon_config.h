// Everything the daemon needs to know before it starts, as plain data.
// read_config.h fills it from YAML; the defaults written here are the ones that
// configs/sentinel.yaml documents, and a test compares the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/endpoint.h"
#include "common/tls_settings.h"
#include "sentinel/acl/settings.h"
#include "sentinel/config/config_error.h"
#include "sentinel/core/settings.h"

namespace sentinel {

enum class LogLevel { Debug, Info, Warning, Error, Nothing };
enum class LogFormat { Text, Json };

struct LogSettings {
  LogLevel level = LogLevel::Info;
  LogFormat format = LogFormat::Text;
  std::string file = "stdout";  // "stdout", or an absolute path.
  bool syslog = false;          // To syslog too; sentinel.conf mode only.
  std::string syslog_ident = "redis";
  std::string syslog_facility = "local0";  // user, or local0 to local7.
  bool operator==(const LogSettings&) const = default;
};

struct ClientLimits {
  unsigned max_clients = 10000;
  std::size_t client_output_buffer = std::size_t{8} << 20;  // Bytes. A subscriber that falls further behind is closed.
  std::size_t query_buffer = std::size_t{1} << 20;          // Bytes of one unfinished command.
  bool operator==(const ClientLimits&) const = default;
};

struct WebhookSettings {
  std::string url;                  // http:// or https://
  std::string secret;               // Key of the HMAC-SHA256 signature. Empty: unsigned.
  std::vector<std::string> groups;  // Only events of these. Empty: all, and process events.
  bool operator==(const WebhookSettings&) const = default;
};

inline constexpr std::uint16_t kDefaultPort = 26379;

// What a group is that says nothing but its name and master. Differs from a
// bare GroupSettings, whose values are stock Sentinel's.
inline GroupSettings yaml_group_defaults() {
  GroupSettings group;
  group.quorum = 0;  // Replaced by the majority of the sentinels, or 2 when they are discovered.
  group.down_after = Millis{5000};
  group.crash_detection = true;
  group.write_safety = WriteSafety::Enforce;
  group.rescue = Rescue::Stream;
  group.on_empty_restart = OnEmptyRestart::Failover;
  return group;
}

enum class ConfigFormat { Yaml, SentinelConf };

// What a sentinel.conf tells of the past: the daemon, or redis-sentinel before
// it, wrote it down there. conf/merge_state.h joins it with the state file.
struct ConfGroupState {
  std::string name;
  Epoch config_epoch;
  Epoch leader_epoch;  // It voted in this epoch; for whom is not in the file.
  std::vector<Endpoint> replicas;
  std::vector<std::pair<NodeId, Endpoint>> sentinels;
  bool operator==(const ConfGroupState&) const = default;
};
struct ConfState {
  NodeId self;  // Empty: none yet.
  Epoch current_epoch;
  std::vector<ConfGroupState> groups;  // One for each of DaemonConfig::groups, in their order.
  bool untouched = false;              // The file is as this program left it.
  bool operator==(const ConfState&) const = default;
};

// A server directive of the command line: it stands in for the file's lines of that name.
struct ConfOverride {
  std::string name;                // Lower case.
  std::vector<std::string> words;  // With the name.
  bool operator==(const ConfOverride&) const = default;
};

// What only a sentinel.conf can say, and what SENTINEL CONFIG SET can change;
// with YAML all that no key is for keeps the defaults.
// The names in comments are redis.conf's.
enum class Supervised { No, Upstart, Systemd, Auto };
struct ConfSettings {
  bool daemonize = false;
  std::string pid_file;  // pidfile; empty: none.
  Supervised supervised = Supervised::No;
  std::string folder;                // dir: the working folder. Empty: as started.
  std::string log_level = "notice";  // loglevel in stock's words; LogSettings has what it means.

  bool protected_mode = false;
  bool deny_scripts_reconfig = true;  // SENTINEL SET may not name programs.
  bool resolve_hostnames = false;
  bool announce_hostnames = false;
  std::string announce_ip;          // sentinel announce-ip and -port as written, for SENTINEL CONFIG GET.
  std::uint16_t announce_port = 0;  // 0: the real one.
  std::string sentinel_user;        // With DaemonConfig::peer_password. Empty: the default user.
  std::string sentinel_pass;        // As written; peer_password is `requirepass` when this is empty.

  std::vector<std::vector<std::string>> users;  // `user` lines: the words behind `user`.
  std::string acl_file;                         // aclfile
  unsigned acl_log_max = 128;                   // acllog-max-len
  bool acl_pubsub_allchannels = false;          // acl-pubsub-default

  Millis idle_timeout{0};  // timeout; 0: never.
  unsigned tcp_keepalive = 300;
  std::optional<unsigned> tcp_backlog;  // None: the server's own choice.
  std::string bind_source_address;      // bind-source-addr: connections to nodes and sentinels leave from it.
};

// A TLS block speaks TLS everywhere unless it says otherwise.
inline TlsSettings yaml_tls_defaults() {
  TlsSettings tls;
  tls.links = true;
  return tls;
}

struct DaemonConfig {
  std::string file;  // The path it was read from.
  ConfigFormat format = ConfigFormat::Yaml;
  ConfSettings conf;
  ConfState conf_state;
  std::vector<ConfOverride> overrides;  // Of the command line.
  ProcessSettings process;  // `self` stays empty: the store knows it. `announce.host` may be empty: derive it
                            // from the local address of a connection to a master.
  std::vector<Endpoint> listen{{"0.0.0.0", kDefaultPort}};  // Port 0: with TLS only, at tls.port.
  std::string password;       // Clients and peers must send it (requirepass). Empty: none.
  std::string peer_user;      // What we send to peers (sentinel-user). Empty: the default user.
  std::string peer_password;  // ... (sentinel-pass). Empty: `password` is sent, as the default user.
  AccessSettings access;
  std::string state_dir = "/var/lib/vigil";
  LogSettings log;
  ClientLimits limits;
  TlsSettings tls;
  std::vector<WebhookSettings> webhooks;
  GroupSettings defaults = yaml_group_defaults();  // Also of groups added later by SENTINEL MONITOR.
  std::vector<GroupSettings> groups;

  // The port that other sentinels are told, unless announce-port says another: theirs must be able to connect.
  std::uint16_t reached_at() const {
    const std::uint16_t plain = listen.empty() ? std::uint16_t{0} : listen.front().port;
    return (tls.links || plain == 0) && tls.port != 0 ? tls.port : plain;
  }

  std::vector<ConfigError> warnings;  // Worth a log line at start; none stops it.
};

}  // namespace sentinel
