#include "sentinel/config/conf/to_yaml.h"
#include "sentinel/acl/users.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "sentinel/config/scalars.h"

namespace sentinel::conf {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNameBytesMax = 64;

// A YAML string whatever the text holds, of printable ASCII: YAML has no other bytes to offer.
std::string yaml_string(std::string_view text) {
  std::string yaml = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (yaml += '\\') += c;
    else if (c >= ' ' && c <= '~')
      yaml += c;
    else
      yaml += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return yaml + '"';
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

class Converter {
 public:
  explicit Converter(const DaemonConfig& config) : config_(config) {}

  Conversion run() {
    result_.yaml = "# Made by vigilctl convert from " + std::string(is_ascii(config_.file) ? config_.file : "a file") +
                   ". Every key is documented in configs/sentinel.yaml.\n";
    process();
    peers();
    logging();
    limits();
    defaults();
    groups();
    not_carried();
    return std::move(result_);
  }

 private:
  void put(const std::string& line) { result_.yaml += line + '\n'; }
  void note(std::string text) { result_.notes.push_back(std::move(text)); }

  void secret(const char* indent, const char* key, const std::string& value, const std::string& what) {
    if (value.empty()) return;
    if (!is_ascii(value))
      return note(what + " holds bytes that YAML can't: put it into a file, and name it in " + key + "-file");
    put(fmt::format("{}{}: {}", indent, key, yaml_string(value)));
    secrets_ = true;
  }

  void process() {
    const std::uint16_t port = config_.listen.empty() ? kDefaultPort : config_.listen.front().port;
    if (port == 0)
      note("port 0: YAML always listens; the default port is taken");
    else
      put(fmt::format("port: {}", port));
    std::vector<std::string> bind;
    for (const Endpoint& at : config_.listen) {
      const bool optional = at.host.starts_with('-');
      std::string host = optional ? at.host.substr(1) : at.host;
      if (host == "*") host = "0.0.0.0";
      if (host == "::*") host = "::";
      if (optional) {
        note(fmt::format("bind {}: an address that may be missing has no place in YAML; left out", at.host));
        continue;
      }
      bind.push_back(yaml_string(host));
    }
    if (!bind.empty()) put(fmt::format("bind: [{}]", fmt::join(bind, ", ")));
    const ConfSettings& conf = config_.conf;
    if (!conf.announce_ip.empty()) put("announce-host: " + yaml_string(conf.announce_ip));
    if (conf.announce_port != 0) put(fmt::format("announce-port: {}", conf.announce_port));
    if (conf.resolve_hostnames && !conf.announce_hostnames) put("announce-hostnames: off");
    if (!conf.bind_source_address.empty()) put("source-address: " + yaml_string(conf.bind_source_address));
    if (conf.tcp_keepalive != ConfSettings{}.tcp_keepalive) put(fmt::format("tcp-keepalive: {}s", conf.tcp_keepalive));
    secret("", "password", config_.password, "requirepass");
    secret("", "peer-password", conf.sentinel_pass, "sentinel-pass");
    access();
    std::error_code missing;
    if (std::filesystem::is_directory(config_.state_dir, missing)) {
      put("state-dir: " + yaml_string(config_.state_dir));
    } else {
      note(
          "myid, epochs and known nodes are state, not configuration: run vigil-sentinel once with the sentinel.conf, "
          "and convert then, to take them along in " +
          config_.state_dir);
    }
  }

  void access() {
    const ConfSettings& conf = config_.conf;
    if (!conf.sentinel_user.empty() && !conf.sentinel_pass.empty()) {
      put("peer-user: " + yaml_string(conf.sentinel_user));
    }
    if (!conf.acl_file.empty()) {
      const bool absolute = conf.acl_file.starts_with('/');
      put("acl-file: " + yaml_string(absolute ? conf.acl_file : conf.folder + '/' + conf.acl_file));
    }
    const unsigned log_max = within("acllog-max-len", conf.acl_log_max, 1U, 100'000U);
    if (log_max != AccessSettings{}.log_max) put(fmt::format("acl-log-max: {}", log_max));
    if (conf.protected_mode) put("protected-mode: on");
    if (conf.users.empty()) return;
    put("users:");
    for (const UserLine& line : config_.access.users) {
      const auto user = read_user_line(line, {.all_channels = conf.acl_pubsub_allchannels});
      if (!user) continue;  // The reader took it: cannot be.
      put("  - name: " + yaml_string(line.name));
      put("    rules: " + yaml_string(user->describe()));  // With hashes instead of passwords.
    }
  }

  // Membership by list is safer, but it is the operator who knows whether these are all.
  void peers() {
    std::set<std::string> known;
    for (const ConfGroupState& group : config_.conf_state.groups)
      for (const auto& [id, at] : group.sentinels) known.insert(yaml_string(to_string(at)));
    if (known.empty()) return;
    put(fmt::format("#peers: [{}]", fmt::join(known, ", ")));
    note("sentinels still find each other by discovery; a peers: list is safer, and is prepared as a comment");
  }

  void logging() {
    put("log:");
    const char* level = "info";
    switch (config_.log.level) {
      case LogLevel::Debug: level = "debug"; break;
      case LogLevel::Info: break;
      case LogLevel::Warning: level = "warning"; break;
      case LogLevel::Error: level = "error"; break;
      case LogLevel::Nothing:
        level = "error";
        note("loglevel nothing: YAML's least is error");
        break;
    }
    put(fmt::format("  level: {}", level));
    std::string file = config_.log.file;
    if (file != "stdout" && !file.starts_with('/')) file = config_.conf.folder + '/' + file;
    if (file != "stdout") put("  file: " + yaml_string(file));
  }

  void limits() {
    const ClientLimits standard;
    const ClientLimits& given = config_.limits;
    if (given == standard) return;
    put("limits:");
    put(fmt::format("  max-clients: {}", within("maxclients", given.max_clients, 10U, 1'000'000U)));
    put(fmt::format("  client-output-buffer: {}",
                    print_size(within("client-output-buffer-limit pubsub", given.client_output_buffer,
                                      std::size_t{64} << 10, std::size_t{1} << 30))));
  }

  template <typename Number>
  Number within(const std::string& what, Number value, Number least, Number most) {
    const Number kept = std::clamp(value, least, most);
    if (kept != value) note(fmt::format("{} {}: YAML takes {} to {}; {} is taken", what, value, least, most, kept));
    return kept;
  }
  std::string duration(const std::string& what, Millis value, Millis least, Millis most) {
    const Millis kept = std::clamp(value, least, most);
    if (kept != value)
      note(fmt::format("{} {}: YAML takes {} to {}; {} is taken", what, print_duration(value), print_duration(least),
                       print_duration(most), print_duration(kept)));
    return print_duration(kept);
  }

  void defaults() {
    const GroupSettings& stock = config_.defaults;
    put("defaults:  # Redis Sentinel's; YAML's own are stricter.");
    put("  down-after: " + print_duration(stock.down_after));
    put("  failover-timeout: " + print_duration(stock.failover_timeout));
    put("  crash-detection: off");
    put("  write-safety: off");
    note("crash-detection and write-safety stay off, as in Redis Sentinel; on and enforce are Vigil's advice");
  }

  void groups() {
    if (config_.groups.empty()) return;
    put("groups:");
    for (const GroupSettings& settings : config_.groups) group(settings);
  }

  void group(const GroupSettings& group) {
    const std::string& name = group.name;
    const bool name_ok = name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](unsigned char c) {
                           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
                         });
    if (!name_ok)
      return note(
          fmt::format("master {}: left out, its name has other characters than letters, digits . _ -", shown(name)));
    const GroupSettings& stock = config_.defaults;
    put("  - name: " + yaml_string(name));
    put("    master: " + yaml_string(to_string(group.master)));
    put(fmt::format("    quorum: {}", within("quorum of " + name, group.quorum, 1U, 32U)));
    if (group.down_after != stock.down_after)
      put("    down-after: " + duration("down-after-milliseconds of " + name, group.down_after, 50ms, 24h));
    if (group.failover_timeout != stock.failover_timeout)
      put("    failover-timeout: " + duration("failover-timeout of " + name, group.failover_timeout, 1s, 24h));
    if (group.parallel_syncs != stock.parallel_syncs)
      put(fmt::format("    parallel-syncs: {}", within("parallel-syncs of " + name, group.parallel_syncs, 1U, 1000U)));
    if (!group.auth_user.empty()) put("    auth-user: " + yaml_string(group.auth_user));
    secret("    ", "auth-password", group.auth_pass, "auth-pass of " + name);
    std::vector<std::string> renames;
    for (const auto& [from, to] : group.rename_commands) renames.push_back(yaml_string(from) + ": " + yaml_string(to));
    if (!renames.empty()) put(fmt::format("    rename-commands: {{{}}}", fmt::join(renames, ", ")));
    script("notification-script", group.notification_script);
    script("client-reconfig-script", group.client_reconfig_script);
    if (group.master_reboot_down_after > 0ms)
      note(fmt::format("master-reboot-down-after-period of {}: not carried over", name));
  }

  void script(const char* key, const std::string& path) {
    if (path.empty()) return;
    std::error_code ignored;
    put(fmt::format("    {}: {}", key, yaml_string(std::filesystem::absolute(path, ignored).string())));
  }

  void not_carried() {
    const ConfSettings& conf = config_.conf;
    const auto lost = [&](bool is, const char* text) {
      if (is) note(text);
    };
    lost(conf.daemonize, "daemonize: an init system does that; see configs/systemd");
    lost(!conf.pid_file.empty(), "pidfile: not carried over; the init system knows the process");
    lost(config_.log.syslog, "syslog: not carried over; log to stdout, and let the journal keep it");
    lost(conf.acl_pubsub_allchannels, "acl-pubsub-default allchannels: new users get no channels; give them &*");
    lost(!conf.deny_scripts_reconfig, "deny-scripts-reconfig no: scripts are set in the file only");
    lost(conf.idle_timeout > 0ms, "timeout: not carried over; idle clients stay");
    lost(conf.tcp_backlog.has_value(), "tcp-backlog: not carried over; 4096 connections may wait");
    lost(secrets_, "the output holds passwords: chmod 600 it, or move them into files (password-file)");
  }

  const DaemonConfig& config_;
  Conversion result_;
  bool secrets_ = false;
};

}  // namespace

Conversion to_yaml(const DaemonConfig& config) { return Converter(config).run(); }

}  // namespace sentinel::conf
