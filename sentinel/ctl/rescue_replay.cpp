#include "sentinel/ctl/rescue_replay.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

namespace sentinel {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kChunkUnits = 200;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr Millis kExecMax{60000};
constexpr const char* kMarkerDays = "2592000";  // 30 days, in seconds: after that the file's own mark remains.
constexpr const char* kDone = "done";

Result<void> write_durably(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  const auto failed = [&] { return unexpected(fmt::format("can't write {}: {}", path, std::strerror(errno))); };
  if (file < 0) return failed();
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0;
  Result<void> result;
  if (!written) result = failed();
  ::close(file);
  return result;
}

std::string plan_text(const ReplayPlan& plan) {
  std::string bits;
  for (const bool apply : plan.apply) bits += apply ? '1' : '0';
  return Json{{"policy", name_of(plan.policy)}, {"apply", bits}}.dump() + "\n";
}

std::optional<ReplayPolicy> policy_of(const std::string& name) {
  for (const auto policy : {ReplayPolicy::Untouched, ReplayPolicy::OnlyMissing, ReplayPolicy::All})
    if (name == name_of(policy)) return policy;
  return std::nullopt;
}

std::string words_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + readable(word, 64);
  return text;
}

// One chunk: units [begin, end) of those that apply, and the marker, in one transaction.
class Chunk {
 public:
  explicit Chunk(Connection& master) : master_(master) {}

  void add(const RescuedUnit& unit) {
    commands_.push_back({"SELECT", std::to_string(unit.database)});
    commands_.insert(commands_.end(), unit.commands.begin(), unit.commands.end());
  }

  Result<void> apply(const std::string& marker, const std::string& value, ReplayReport& report) {
    commands_.push_back({"SELECT", "0"});
    commands_.push_back({"SET", marker, value, "EX", kMarkerDays});
    if (auto sent = master_.send({"MULTI"}); !sent) return sent;
    for (const auto& command : commands_)
      if (auto sent = master_.send(command); !sent) return sent;
    if (auto sent = master_.send({"EXEC"}); !sent) return sent;
    std::string refusal;
    for (std::size_t i = 0; i <= commands_.size(); ++i) {  // With MULTI.
      auto queued = answer();
      if (!queued) return unexpected(queued.error());
      if (queued->is_error() && refusal.empty()) refusal = queued->text;
    }
    const auto results = answer();
    if (!results) return unexpected(results.error());
    if (!refusal.empty() || results->is_error())
      return unexpected(
          fmt::format("{} refused: {}", to_string(master_.at()), refusal.empty() ? results->text : refusal));
    for (std::size_t i = 0; i < results->items.size() && i < commands_.size(); ++i) {
      if (!results->items[i].is_error()) continue;
      if (report.failures++ < kFailuresShown)
        report.failed.push_back(words_text(commands_[i]) + ": " + results->items[i].text);
    }
    return {};
  }

 private:
  Result<Reply> answer() {
    auto reply = master_.read(kExecMax);
    if (!reply) return unexpected(reply.error());
    if (!*reply) return unexpected(fmt::format("{} did not answer in time", to_string(master_.at())));
    return std::move(**reply);
  }

  Connection& master_;
  std::vector<std::vector<std::string>> commands_;
};

// How many units an earlier replay has done. An error if all.
Result<std::uint64_t> units_done(Connection& master, const std::string& marker) {
  if (auto selected = master.ask({"SELECT", "0"}); !selected) return unexpected(selected.error());
  const auto reply = master.ask({"GET", marker});
  if (!reply) return unexpected(reply.error());
  if (reply->kind == Reply::Kind::Null) return std::uint64_t{0};
  if (reply->text == kDone)
    return unexpected(fmt::format("these writes were replayed to {} already (key {})", to_string(master.at()), marker));
  const auto done = parse_unsigned(reply->text, UINT64_MAX);
  if (!done) return unexpected(fmt::format("the key {} holds something else than a count", marker));
  return *done;
}

}  // namespace

const char* name_of(ReplayPolicy policy) {
  switch (policy) {
    case ReplayPolicy::Untouched: return "untouched";
    case ReplayPolicy::OnlyMissing: return "only-missing";
    case ReplayPolicy::All: return "all";
  }
  return "?";
}

std::uint64_t ReplayPlan::applied() const {
  return static_cast<std::uint64_t>(std::count(apply.begin(), apply.end(), true));
}

ReplayPlan plan_replay(const std::vector<RescuedUnit>& units, ReplayPolicy policy, const KeyStates& states) {
  ReplayPlan plan{policy, {}};
  const auto allowed = [&](const DatabaseKey& key) {
    const auto state = states.keys.find(key);
    if (state == states.keys.end()) return false;
    switch (state->second) {
      case KeyState::Missing: return true;
      case KeyState::Untouched: return policy == ReplayPolicy::Untouched;
      case KeyState::Changed:
      case KeyState::Unknown: return false;
    }
    return false;
  };
  for (const RescuedUnit& unit : units)
    plan.apply.push_back(policy == ReplayPolicy::All ||
                         (!unit.whole_databases && std::all_of(unit.keys.begin(), unit.keys.end(), allowed)));
  return plan;
}

std::string marker_of(const RescueMetadata& metadata) {
  return fmt::format("vigil:rescue:{}:{}", metadata.replication_id, metadata.from_offset);
}

Result<std::optional<ReplayPlan>> read_plan(const RescueEntry& entry) {
  const std::string path = entry.beside(".plan");
  if (!std::filesystem::exists(path)) return std::optional<ReplayPlan>();
  const auto text = read_whole(path);
  if (!text) return unexpected(text.error());
  const Json value = Json::parse(*text, nullptr, false);
  if (!value.is_object() || !value.contains("policy") || !value["policy"].is_string() || !value.contains("apply") ||
      !value["apply"].is_string())
    return unexpected(fmt::format("{} is not a plan", path));
  const auto policy = policy_of(value["policy"].get<std::string>());
  if (!policy) return unexpected(fmt::format("{} has an unknown policy", path));
  ReplayPlan plan{*policy, {}};
  for (const char bit : value["apply"].get<std::string>()) plan.apply.push_back(bit == '1');
  return std::optional(std::move(plan));
}

Result<ReplayReport> replay(Connection& master, const RescueEntry& entry, const std::vector<RescuedUnit>& units,
                            const ReplayPlan& plan) {
  if (plan.apply.size() != units.size()) return unexpected(std::string("the plan is for another file"));
  const std::string marker = marker_of(entry.metadata);
  const auto done = units_done(master, marker);
  if (!done) return unexpected(done.error());
  if (auto written = write_durably(entry.beside(".plan"), plan_text(plan)); !written)
    return unexpected(written.error());
  ReplayReport report;
  report.resumed = *done > 0;
  report.applied = plan.applied();
  report.skipped = units.size() - report.applied;
  for (std::size_t next = *done; next < units.size();) {
    Chunk chunk(master);
    std::size_t bytes = 0;
    const std::size_t first = next;
    for (; next < units.size() && next - first < kChunkUnits && bytes < kChunkBytes; ++next) {
      if (!plan.apply[next]) continue;
      chunk.add(units[next]);
      bytes += units[next].bytes;
    }
    if (auto applied = chunk.apply(marker, std::to_string(next), report); !applied) return unexpected(applied.error());
  }
  Chunk last(master);
  if (auto applied = last.apply(marker, kDone, report); !applied) return unexpected(applied.error());
  const Json mark{{"master", to_string(master.at())},
                  {"policy", name_of(plan.policy)},
                  {"applied", report.applied},
                  {"skipped", report.skipped},
                  {"refused", report.failures}};
  if (auto written = write_durably(entry.beside(".replayed"), mark.dump(2) + "\n"); !written)
    return unexpected(written.error());
  std::error_code ignored;
  std::filesystem::remove(entry.beside(".plan"), ignored);
  return report;
}

}  // namespace sentinel
