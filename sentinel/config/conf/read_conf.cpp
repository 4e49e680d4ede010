#include "sentinel/config/conf/read_conf.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <glob.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/conf/numbers.h"
#include "sentinel/config/conf/conf_line.h"
#include "sentinel/config/conf/sentinel_directives.h"
#include "sentinel/config/conf/server_directives.h"

namespace sentinel::conf {
namespace {

// What a group is that says nothing but its `monitor` line: stock's defaults.
GroupSettings conf_group_defaults() { return GroupSettings{}; }

ConfError cannot_open(const std::string& path, const char* why) {
  return {.file = path, .line = 0, .text = {}, .message = fmt::format("can't open config file '{}': {}", path, why)};
}

Result<std::string, ConfError> read_text(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return unexpected(cannot_open(path, std::strerror(errno != 0 ? errno : EIO)));
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return unexpected(cannot_open(path, std::strerror(EISDIR)));
  std::string text;
  char block[1 << 16];
  while (file.read(block, sizeof block), file.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kConfBytesMax) return unexpected(cannot_open(path, "larger than 64 MiB"));
  }
  return text;
}

class Reader {
 public:
  explicit Reader(bool touch_files) : touch_files_(touch_files) {
    draft_.touch_files = touch_files;
    config_.format = ConfigFormat::SentinelConf;
    config_.defaults = conf_group_defaults();
  }

  std::optional<ConfError> read(const std::string& file, std::string_view text, int first_line, int depth);
  std::optional<ConfError> finish(const std::string& path);
  DaemonConfig take() { return std::move(config_); }
  void note_overrides(std::string_view options);

 private:
  std::optional<ConfError> include(const std::string& pattern, int depth, const ConfError& here);

  bool touch_files_;
  DaemonConfig config_;
  ServerDraft draft_;
  std::vector<QueuedLine> sentinel_lines_;
};

std::optional<ConfError> Reader::read(const std::string& file, std::string_view text, int first_line, int depth) {
  int number = first_line - 1;
  for (const std::string_view raw : split_lines(text)) {
    ++number;
    const std::string_view line = trimmed(raw);
    if (is_blank(line)) continue;
    ConfError here{.file = file, .line = number, .text = std::string(line), .message = {}};
    const auto words = split_words(line);
    if (!words) {
      here.message = "Unbalanced quotes in configuration line";
      return here;
    }
    if (words->empty()) continue;
    const std::string name = lower(words->front());
    if (name == "sentinel") {
      // Alone it is the command line's switch into this mode.
      if (words->size() > 1) sentinel_lines_.push_back({file, number, std::string(line), *words});
    } else if (name == "include" && words->size() == 2) {
      if (auto problem = include((*words)[1], depth, here)) return problem;
    } else {
      here.message = apply_server_directive(*words, draft_, config_);
      if (!here.message.empty()) return here;
    }
  }
  return std::nullopt;
}

std::optional<ConfError> Reader::include(const std::string& pattern, int depth, const ConfError& here) {
  if (!touch_files_) return std::nullopt;
  if (depth >= kIncludeDepthMax) {
    ConfError problem = here;
    problem.message = fmt::format("included more than {} files deep", kIncludeDepthMax);
    return problem;
  }
  std::vector<std::string> files{pattern};
  if (pattern.find_first_of("*?[") != std::string::npos) {
    files.clear();
    glob_t found{};
    // A pattern that matches nothing is no error, as in stock.
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
  }
  for (const std::string& file : files) {
    const auto text = read_text(file);
    if (!text) return text.error();
    if (auto problem = read(file, *text, 1, depth + 1)) return problem;
  }
  return std::nullopt;
}

void Reader::note_overrides(std::string_view options) {
  for (const std::string_view line : split_lines(options)) {
    const auto words = split_words(line);
    if (!words || words->size() < 2) continue;
    const std::string name = lower(words->front());
    if (name != "sentinel" && name != "include") config_.overrides.push_back({name, *words});
  }
}

// One address that others can use; no wildcard, no name, and none that may be missing.
bool is_own_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  if (host == "0.0.0.0" || host == "::") return false;
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

std::optional<ConfError> Reader::finish(const std::string& path) {
  if (auto problem = apply_sentinel_lines(sentinel_lines_, touch_files_, config_)) return problem;
  ConfSettings& conf = config_.conf;
  config_.file = path;
  config_.state_dir = path + ".vigil-state";
  config_.listen.clear();
  for (const std::string& host : draft_.bind) config_.listen.push_back({host, draft_.port});
  config_.peer_user = conf.sentinel_user;
  config_.peer_password = conf.sentinel_pass;
  config_.access = {.users = {},
                    .file = conf.acl_file,
                    .log_max = conf.acl_log_max,
                    .pubsub_default_allchannels = conf.acl_pubsub_allchannels,
                    .protected_mode = conf.protected_mode};
  for (const auto& words : conf.users) {
    config_.access.users.push_back({.name = words.front(), .rules = {words.begin() + 1, words.end()}});
  }
  Endpoint& announce = config_.process.announce;
  announce.host = conf.announce_ip;
  announce.port = conf.announce_port != 0 ? conf.announce_port : config_.reached_at();
  if (announce.host.empty() && draft_.bind.size() == 1 && is_own_address(draft_.bind.front()))
    announce.host = draft_.bind.front();
  if (!draft_.log_file.empty()) config_.log.file = draft_.log_file;
  for (const std::string& text : draft_.warnings) config_.warnings.push_back({0, 0, text});
  return std::nullopt;
}

}  // namespace

Result<DaemonConfig, ConfError> read_conf_text(const ConfSource& source) {
  Reader reader(source.touch_files);
  if (auto problem = reader.read(source.path, source.text, 1, 0)) return unexpected(*problem);
  // Stock puts an empty line between the file and the options.
  const int behind = static_cast<int>(split_lines(source.text).size()) + 2;
  if (auto problem = reader.read(source.path, source.options, behind, 0)) return unexpected(*problem);
  reader.note_overrides(source.options);
  if (auto problem = reader.finish(source.path)) return unexpected(*problem);
  return reader.take();
}

Result<DaemonConfig, ConfError> read_conf(const std::string& path, std::string_view options) {
  const auto text = read_text(path);
  if (!text) return unexpected(text.error());
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(path, failed);
  return read_conf_text(
      {.text = *text, .path = failed ? path : absolute.lexically_normal().string(), .options = options});
}

}  // namespace sentinel::conf
