// Configuration files. Reading ends with a configuration that keeps its
// promises, or with errors in the order of the file, each at a place inside it
// and in printable words that repeat no secret.
#include <tuple>
#include <vector>

#include "sentinel/config/read_config.h"
#include "sentinel/config/yaml_tree.h"
#include "sentinel/core/limits.h"
#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

constexpr std::size_t kErrorBytesMax = 5000;     // A path of 4 KiB is repeated.
constexpr std::string_view kSecretMark = "Zq9";  // Of secrets in the dictionary: no word of ours holds it.

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

std::size_t secrets_in(const YamlNode& node) {
  std::size_t found = 0;
  for (const YamlNode& item : node.items) found += secrets_in(item);
  for (const auto& [key, value] : node.pairs) {
    const bool secret = key.text == "password" || key.text == "peer-password" || key.text == "auth-password" ||
                        key.text == "secret" || key.text == "url";
    found += secret ? count(value.text, kSecretMark) : secrets_in(value);
  }
  return found;
}

// The mark is in the file, and only in values that are secret.
bool holds_secrets_only(std::string_view text) {
  const auto tree = parse_yaml(text);
  const std::size_t marks = count(text, kSecretMark);
  return tree && marks > 0 && marks == secrets_in(*tree);
}

std::vector<std::size_t> line_lengths(std::string_view text) {
  std::vector<std::size_t> lengths;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lengths.push_back(end - at);
    at = end + 1;
  }
  return lengths;
}

void check_errors(std::string_view text, const std::vector<ConfigError>& errors) {
  const std::vector<std::size_t> lengths = line_lengths(text);
  const bool secrets = holds_secrets_only(text);
  std::tuple<int, int> before{0, 0};
  for (const ConfigError& error : errors) {
    CHECK((error.line == 0) == (error.column == 0));
    if (error.line != 0) {
      CHECK(error.line > 0 && static_cast<std::size_t>(error.line) <= lengths.size());
      // Behind the last byte of a line is where something is missing.
      const std::size_t length = lengths[static_cast<std::size_t>(error.line) - 1];
      CHECK(error.column > 0 && static_cast<std::size_t>(error.column) <= length + 1);
    }
    const std::tuple<int, int> place{error.line, error.column};
    CHECK(before <= place);
    before = place;
    CHECK(!error.text.empty() && error.text.size() <= kErrorBytesMax);
    for (const char c : error.text) CHECK(c >= ' ' && c <= '~');
    if (secrets) CHECK(error.text.find(kSecretMark) == std::string::npos);
  }
}

void check_config(const DaemonConfig& config) {
  CHECK(!config.listen.empty() && config.reached_at() != 0);
  CHECK(config.process.announce.port != 0);
  CHECK(config.state_dir.starts_with('/'));
  for (const GroupSettings& group : config.groups) {
    CHECK(!group.name.empty() && group.name.size() <= kGroupNameBytesMax);
    CHECK(!group.master.host.empty() && group.master.port != 0);
    CHECK(group.quorum > 0 && group.parallel_syncs > 0 && group.min_replicas > 0);
    CHECK(group.down_after > Millis{0} && group.failover_timeout > Millis{0} && group.crash_confirm > Millis{0});
    CHECK(group.max_lag > Millis{0} && group.evidence_hold_max >= Millis{0});
  }
}

void check(std::string_view text) {
  const auto config = read_config_text({.text = text, .path = "/nowhere/sentinel.yaml", .local_addresses = {}});
  if (!config) {
    CHECK(!config.error().empty());
    return check_errors(text, config.error());
  }
  check_config(*config);
  check_errors(text, config->warnings);
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sentinel::check(sentinel::expand_runs(sentinel::text_of(data, size)));
  return 0;
}
