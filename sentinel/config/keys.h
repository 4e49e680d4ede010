// The tables of keys a configuration file may hold, one table a block. Reader,
// did-you-mean, the default in configs/sentinel.yaml and its test come from the same rows.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sentinel/config/daemon_config.h"
#include "sentinel/config/yaml_tree.h"

namespace sentinel {

// Where readers leave what they find wrong; nothing stops at the first error.
class Problems {
 public:
  explicit Problems(std::string folder) : folder_(std::move(folder)) {}

  // What is not printable ASCII in the text becomes "?": a path or an address
  // that a message repeats must not steer a terminal.
  void error(const YamlNode& where, std::string text);
  void warning(const YamlNode& where, std::string text);

  // An absolute path; relative ones start at the configuration file's folder.
  std::string absolute(const std::string& path) const;

  // Sorted by position.
  std::vector<ConfigError> take_errors();
  std::vector<ConfigError> take_warnings();

 private:
  std::string folder_;
  std::vector<ConfigError> errors_;
  std::vector<ConfigError> warnings_;
};

template <typename Target>
struct Key {
  std::string name;
  std::function<void(const YamlNode& value, Target& target, Problems& problems)> read;
  std::function<std::string(const Target&)> print;  // As it would stand in the file; "" for no value.
};

template <typename Target>
using KeyTable = std::vector<Key<Target>>;

// Which keys of a block were written, and their values.
using SeenKeys = std::map<std::string, const YamlNode*, std::less<>>;

// The top level before its parts are put together: blocks are read in the
// order they depend on each other, not in the order they are written.
struct RootDraft {
  std::uint16_t port = kDefaultPort;
  std::vector<std::string> bind{"0.0.0.0"};
  std::string announce_host;
  std::uint16_t announce_port = 0;  // 0: `port`.
  bool announce_hostnames = true;
  std::string password;
  std::string peer_user;
  std::string peer_password;
  std::string acl_file;
  unsigned acl_log_max = AccessSettings{}.log_max;
  bool protected_mode = false;
  std::string source_address;
  Millis tcp_keepalive{std::chrono::seconds(ConfSettings{}.tcp_keepalive)};
  std::string state_dir = DaemonConfig{}.state_dir;
  std::vector<Endpoint> peers;
  unsigned max_parallel_failovers = ProcessSettings{}.max_parallel_failovers;
};

// An entry of `users:`.
struct UserDraft {
  std::string name;
  std::string rules;     // Separated by blanks.
  std::string password;  // A further rule ">password".
};

const KeyTable<RootDraft>& root_keys();         // Without the blocks below.
const std::vector<std::string>& root_blocks();  // users, log, limits, tls, webhooks, defaults, groups.
const KeyTable<UserDraft>& user_keys();
const KeyTable<LogSettings>& log_keys();
const KeyTable<ClientLimits>& limit_keys();
const KeyTable<TlsSettings>& tls_keys();
const KeyTable<WebhookSettings>& webhook_keys();
const KeyTable<GroupSettings>& identity_keys();  // name and master: never inherited.
const KeyTable<GroupSettings>& group_keys();     // What `defaults:` and a group may both say.

template <typename Target>
std::vector<std::string> names_of(const KeyTable<Target>& table) {
  std::vector<std::string> names;
  for (const Key<Target>& key : table) names.push_back(key.name);
  return names;
}

// Every pair of `node` whose key is in `known`. Reports a node that is no map,
// keys that are no text, duplicates, and unknown keys.
SeenKeys index_map(const YamlNode& node, const std::vector<std::string>& known, Problems& problems);

// Reads what `seen` has of `table` into `target`.
template <typename Target>
void apply(const KeyTable<Target>& table, const SeenKeys& seen, Target& target, Problems& problems) {
  for (const Key<Target>& key : table) {
    const auto found = seen.find(key.name);
    if (found != seen.end()) key.read(*found->second, target, problems);
  }
}

// For documentation and its test.
struct KeyDoc {
  std::string block;  // "" for the top level, "log", "defaults", "groups", ...
  std::string name;
  std::string default_value;  // "" for none.
};
std::vector<KeyDoc> documented_keys();

}  // namespace sentinel
