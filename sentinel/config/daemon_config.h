// Everything the daemon needs to know before it starts, as plain data.
// read_config.h fills it from YAML; the defaults written here are the ones that
// configs/sentinel.yaml documents, and a test compares the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "sentinel/config/config_error.h"
#include "sentinel/core/settings.h"

namespace sentinel {

enum class LogLevel { Debug, Info, Warning, Error };
enum class LogFormat { Text, Json };

struct LogSettings {
  LogLevel level = LogLevel::Info;
  LogFormat format = LogFormat::Text;
  std::string file = "stdout";  // "stdout", or an absolute path.
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

// The shape is fixed so that files can be prepared; read_config() refuses `enabled: on`.
struct TlsSettings {
  bool enabled = false;
  std::string cert_file;
  std::string key_file;
  std::string ca_file;
  bool require_client_certificate = true;
  bool operator==(const TlsSettings&) const = default;
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
  return group;
}

struct DaemonConfig {
  std::string file;         // The path it was read from.
  ProcessSettings process;  // `self` stays empty: the store knows it. `announce.host` may be empty: derive it
                            // from the local address of a connection to a master.
  std::vector<Endpoint> listen{{"0.0.0.0", kDefaultPort}};
  std::string password;       // Clients and peers must send it. Empty: none.
  std::string peer_password;  // What we send to peers. Equal to `password` unless given.
  std::string state_dir = "/var/lib/vigil";
  LogSettings log;
  ClientLimits limits;
  TlsSettings tls;
  std::vector<WebhookSettings> webhooks;
  GroupSettings defaults = yaml_group_defaults();  // Also of groups added later by SENTINEL MONITOR.
  std::vector<GroupSettings> groups;

  std::vector<ConfigError> warnings;  // Worth a log line at start; none stops it.
};

}  // namespace sentinel
