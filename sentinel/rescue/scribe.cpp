#include "sentinel/rescue/scribe.h"

#include <array>
#include <functional>

#include "sentinel/rescue/command_effect.h"

namespace sentinel {

Scribe::Scribe(unsigned database, ScribeLimits limits)
    : limits_(limits), parser_(limits.command_bytes_max), database_(database) {
  const std::string number = std::to_string(database);
  text_ = stream_command(std::array<std::string_view, 2>{"SELECT", number});
  counts_.file_bytes = drafted_.file_bytes = text_.size();
}

Result<void> Scribe::take(std::string_view bytes) {
  parser_.feed(bytes);
  for (;;) {
    switch (parser_.next()) {
      case StreamParser::Step::NeedMore: return {};
      case StreamParser::Step::Broken: return unexpected("the stream is not understood: " + parser_.error());
      case StreamParser::Step::Command: break;
    }
    if (auto taken = take_command(); !taken) return taken;
  }
}

Result<void> Scribe::take_command() {
  const auto words = parser_.words();
  const CommandEffect effect = effect_of(words);
  bool keep = true;
  switch (effect) {
    case CommandEffect::Begin: in_transaction_ = true; break;
    case CommandEffect::End:
      in_transaction_ = false;
      ++drafted_.transactions;
      break;
    case CommandEffect::Select: database_ = selected_database(words).value_or(database_); break;
    case CommandEffect::Write: count(words); break;
    case CommandEffect::Message:
      ++drafted_.messages;
      keep = false;
      break;
    case CommandEffect::Keepalive: keep = false; break;
  }
  if (keep) {
    draft_ += parser_.bytes();
    drafted_.file_bytes += parser_.bytes().size();
  }
  drafted_.stream_bytes = parser_.consumed();
  if (drafted_.file_bytes > limits_.file_bytes_max)
    return unexpected("more than " + std::to_string(limits_.file_bytes_max) + " bytes");
  if (in_transaction_) return {};
  text_ += draft_;
  draft_.clear();
  counts_ = drafted_;
  return {};
}

void Scribe::count(std::span<const std::string_view> words) {
  ++drafted_.commands;
  ++drafted_.databases[database_];
  for (const std::string_view key : keys_of(words)) {
    if (key_hashes_.size() >= kKeysCountedMax) {
      drafted_.keys_exact = false;
      return;
    }
    key_hashes_.insert(std::hash<std::string_view>{}(key)*31 + database_);
    drafted_.keys = key_hashes_.size();
  }
}

}  // namespace sentinel
