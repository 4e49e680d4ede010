#include "sentinel/ctl/changes_since.h"

#include <fmt/core.h>

#include "sentinel/ctl/fields.h"
#include "sentinel/rescue/command_effect.h"
#include "sentinel/rescue/stream_parser.h"

namespace sentinel {
namespace {

constexpr Millis kSilenceMax{5000};

// The size of a command in the stream that was read from there.
std::size_t size_of(std::span<const std::string_view> words) { return stream_command(words).size(); }

}  // namespace

Result<ChangesSince> changes_since(Connection link, std::uint64_t from_offset) {
  const auto text = link.ask({"INFO", "replication"});
  if (!text) return unexpected(text.error());
  const Fields info = parse_info(text->text);
  const auto first = info.number("repl_backlog_first_byte_offset");
  const auto last = info.number("master_repl_offset");
  if (!first || !last || info.number("repl_backlog_active").value_or(0) == 0 ||
      static_cast<std::uint64_t>(*first) > from_offset)
    return unexpected(
        fmt::format("{} no longer has its stream since the failover (repl-backlog-size)", to_string(link.at())));
  ChangesSince changes;
  const auto end = static_cast<std::uint64_t>(*last) + 1;
  if (end <= from_offset) return changes;
  const auto answer = link.ask({"PSYNC", info.text("master_replid"), std::to_string(from_offset)});
  if (!answer) return unexpected(answer.error());
  if (!answer->text.starts_with("CONTINUE")) return unexpected("PSYNC was answered with " + answer->text.substr(0, 20));
  // A promoted master selects its database anew.
  unsigned database = 0;
  for (std::uint64_t at = from_offset; at < end;) {
    const auto reply = link.read(kSilenceMax);
    if (!reply) return unexpected(reply.error());
    if (!*reply) return unexpected(fmt::format("{} stopped in the middle of its stream", to_string(link.at())));
    const auto words = words_of(**reply);
    if (!words || words->empty()) return unexpected(fmt::format("{} sent no stream", to_string(link.at())));
    const std::vector<std::string_view> views(words->begin(), words->end());
    at += size_of(views);
    if (const auto selected = selected_database(views)) database = *selected;
    if (effect_of(views) != CommandEffect::Write) continue;
    const auto keys = keys_of(views);
    if (keys.empty()) changes.whole_databases = true;
    for (const std::string_view key : keys) changes.keys.emplace(database, key);
  }
  return changes;
}

}  // namespace sentinel
