// sentinel.conf. Any line splits into words that print as one line and split
// into the same words again. A file that is read is rewritten into one that says the same, that a second
// rewrite leaves alone, and in which no value has become a line or a word of its own.
#include "sentinel/config/conf/conf_facts.h"
#include "sentinel/config/conf/conf_line.h"
#include "sentinel/config/conf/merge_state.h"
#include "sentinel/config/conf/read_conf.h"
#include "sentinel/config/conf/rewrite.h"
#include "sentinel/config/conf/to_yaml.h"
#include "sentinel/config/read_config.h"
#include "sentinel/core/limits.h"
#include "tests/fuzz/input.h"

namespace sentinel::conf {
namespace {

constexpr char kPath[] = "/nowhere/sentinel.conf";
constexpr std::size_t kRewrittenBytesMax = 16 * 1024;  // Rewriting long files tells nothing new.

void check_words(std::string_view line) {
  const auto words = split_words(line);
  if (!words) return;
  const std::string printed = print_words(*words);
  for (const char c : printed) CHECK(c >= ' ' && c <= '~');
  CHECK(split_words(printed) == words);
}

void check_error(std::string_view text, const ConfError& error) {
  CHECK(!error.message.empty());
  CHECK(error.line >= 1 && static_cast<std::size_t>(error.line) <= split_lines(text).size());
  CHECK(trimmed(split_lines(text)[static_cast<std::size_t>(error.line) - 1]) == error.text);
}

void check_config(const DaemonConfig& config) {
  CHECK(config.format == ConfigFormat::SentinelConf);
  CHECK(config.groups.size() == config.conf_state.groups.size());
  CHECK(config.conf_state.self.value.empty() || config.conf_state.self.value.size() == 40);
  for (std::size_t i = 0; i < config.groups.size(); ++i) {
    const GroupSettings& group = config.groups[i];
    const ConfGroupState& state = config.conf_state.groups[i];
    CHECK(group.name == state.name && !group.name.empty() && group.name.size() <= kGroupNameBytesMax);
    CHECK(!group.master.host.empty() && group.master.port != 0 && group.quorum > 0 && group.parallel_syncs > 0);
    CHECK(group.down_after > Millis{0} && group.failover_timeout > Millis{0});
    CHECK(state.replicas.size() <= kNodesPerGroupMax && state.sentinels.size() <= kPeersPerGroupMax);
    CHECK(state.config_epoch <= config.conf_state.current_epoch);
  }
}

void check_rewriting(std::string_view text, DaemonConfig config) {
  const NodeId self{config.conf_state.self.value.empty() ? std::string(40, 'a') : config.conf_state.self.value};
  const StateMerge merge = merge_state(config, {});
  CHECK(merge.groups == config.groups);
  const ConfFacts facts = initial_facts(config, self, merge.restored);
  const std::string once = rewrite_text(text, facts);
  CHECK(check_rewritten(kPath, once, facts));
  CHECK(rewrite_text(once, facts) == once);
  const auto again = read_conf_text({.text = once, .path = kPath, .touch_files = false});
  CHECK(again.has_value());
  CHECK(again->groups == config.groups);  // Same order, too: lines stay in place.
  CHECK(again->password == config.password && again->listen == config.listen);
  CHECK(again->conf.users == config.conf.users && again->conf.sentinel_pass == config.conf.sentinel_pass);
  CHECK(again->conf_state.self == self && again->conf_state.current_epoch == config.conf_state.current_epoch);
  // From nothing: every value goes through the printer, and none may escape from its line.
  const std::string fresh = rewrite_text("", facts);
  CHECK(check_rewritten(kPath, fresh, facts));
  for (const char c : fresh) CHECK(c == '\n' || (c >= ' ' && c <= '~'));
}

void check(std::string_view text) {
  for (const std::string_view line : split_lines(text)) check_words(line);
  const auto config = read_conf_text({.text = text, .path = kPath, .touch_files = false});
  if (!config) return check_error(text, config.error());
  check_config(*config);
  const Conversion yaml = to_yaml(*config);
  for (const char c : yaml.yaml) CHECK(c == '\n' || (c >= ' ' && c <= '~'));
  if (text.size() <= kRewrittenBytesMax) check_rewriting(text, *config);
}

}  // namespace
}  // namespace sentinel::conf

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sentinel::conf::check(sentinel::expand_runs(sentinel::text_of(data, size)));
  return 0;
}
