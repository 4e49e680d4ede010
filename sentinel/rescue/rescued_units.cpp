#include "sentinel/rescue/rescued_units.h"

#include <algorithm>
#include <cstdio>

#include "sentinel/rescue/command_effect.h"
#include "sentinel/rescue/stream_parser.h"

namespace sentinel {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

void add(RescuedUnit& unit, std::span<const std::string_view> words, unsigned database) {
  unit.commands.emplace_back(words.begin(), words.end());
  for (const std::string_view word : words) unit.bytes += word.size();
  if (effect_of(words) != CommandEffect::Write) return;
  const auto keys = keys_of(words);
  for (const std::string_view key : keys) unit.keys.emplace(database, key);
  if (keys.empty()) unit.whole_databases = true;
}

}  // namespace

Result<std::vector<RescuedUnit>> read_units(std::string_view text) {
  std::vector<RescuedUnit> units;
  StreamParser parser;
  unsigned database = 0;
  bool in_transaction = false;
  for (std::size_t at = 0; at < text.size(); at += kPieceBytes) {
    parser.feed(text.substr(at, kPieceBytes));
    StreamParser::Step step = parser.next();
    for (; step == StreamParser::Step::Command; step = parser.next()) {
      const auto words = parser.words();
      const CommandEffect effect = effect_of(words);
      if (effect == CommandEffect::Begin) units.push_back({.database = database});
      if (effect == CommandEffect::Begin || effect == CommandEffect::End) {
        in_transaction = effect == CommandEffect::Begin;
        continue;
      }
      if (const auto selected = selected_database(words)) database = *selected;
      if (effect == CommandEffect::Select && !in_transaction) continue;
      if (!in_transaction) units.push_back({.database = database});
      add(units.back(), words, database);
    }
    if (step == StreamParser::Step::Broken) return unexpected("not a rescue file: " + parser.error());
  }
  if (in_transaction || parser.pending() != 0) return unexpected(std::string("the rescue file is cut off"));
  return units;
}

std::string readable(std::string_view word, std::size_t max) {
  std::string text = "\"";
  for (const char c : word.substr(0, max)) {
    const auto byte = static_cast<unsigned char>(c);
    char escape[8];
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\r') {
      text += "\\r";
    } else if (byte < 0x20 || byte >= 0x7f) {
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      text += escape;
    } else {
      text += c;
    }
  }
  text += '"';
  if (word.size() > max) text += "...(" + std::to_string(word.size()) + " bytes)";
  return text;
}

}  // namespace sentinel
