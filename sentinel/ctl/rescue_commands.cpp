#include "sentinel/ctl/rescue_commands.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "sentinel/ctl/commands.h"
#include "sentinel/ctl/rescue_target.h"
#include "sentinel/ctl/table.h"
#include "sentinel/rescue/stream_parser.h"

namespace sentinel {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kWordShown = 120;  // Bytes.

void print_json(const Json& json) { fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace)); }

std::string when(std::int64_t ms) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(ms / 1000)));
}

Json metadata_json(const RescueEntry& entry) {
  Json json = Json::parse(to_json(entry.metadata));
  json["name"] = entry.name;
  json["path"] = entry.path;
  json["replayed"] = entry.replayed;
  return json;
}

std::string state_of(const RescueEntry& entry) {
  std::string state = entry.metadata.complete ? "complete" : "incomplete";
  if (entry.replayed) state += ", replayed";
  return state;
}

struct Loaded {
  RescueEntry entry;
  std::vector<RescuedUnit> units;
};

// The commands of a file that has some. `database` replaces the one that the file only assumes.
Result<Loaded> load(const RescueOptions& options) {
  auto entry = find_rescue(options.folder, options.file);
  if (!entry) return unexpected(entry.error());
  if (entry->metadata.kind == RescueKind::Snapshot)
    return unexpected(
        fmt::format("{} is a snapshot: start a redis-server on a copy of it to look inside", entry->path));
  auto text = read_whole(entry->path);
  if (!text) return unexpected(text.error());
  if (options.database) {
    if (entry->metadata.database_source != DatabaseSource::Assumed)
      return unexpected(std::string("--database: this file knows its database"));
    // The file begins with the SELECT of the assumed one.
    const std::string assumed = std::to_string(entry->metadata.start_database);
    const std::string given = std::to_string(*options.database);
    const std::string_view before[] = {"SELECT", assumed}, instead[] = {"SELECT", given};
    const std::size_t size = stream_command(before).size();
    *text = stream_command(instead) + text->substr(std::min(size, text->size()));
  }
  auto units = read_units(*text);
  if (!units) return unexpected(fmt::format("{}: {}", entry->path, units.error()));
  return Loaded{std::move(*entry), std::move(*units)};
}

std::set<DatabaseKey> keys_of_units(const std::vector<RescuedUnit>& units) {
  std::set<DatabaseKey> keys;
  for (const RescuedUnit& unit : units) keys.insert(unit.keys.begin(), unit.keys.end());
  return keys;
}

std::string shown(const DatabaseKey& key) { return fmt::format("{}:{}", key.first, readable(key.second, kWordShown)); }

}  // namespace

ExitCode run_rescue_list(Session& session, const RescueOptions& options) {
  std::vector<std::string> problems;
  const auto entries = list_rescues(options.folder, options.group, problems);
  if (!entries) return fail(session.options(), entries.error());
  for (const std::string& problem : problems) fmt::print(stderr, "vigilctl: {}\n", problem);
  if (session.options().json) {
    Json array = Json::array();
    for (const RescueEntry& entry : *entries) array.push_back(metadata_json(entry));
    print_json(array);
    return ExitCode::Ok;
  }
  if (entries->empty()) {
    fmt::print("no rescued writes in {}\n", options.folder);
    return ExitCode::Ok;
  }
  std::vector<std::vector<std::string>> rows{{"rescue", "kind", "commands", "keys", "bytes", "rescued", "state"}};
  for (const RescueEntry& entry : *entries) {
    const RescueMetadata& m = entry.metadata;
    const bool stream = m.kind == RescueKind::Stream;
    rows.push_back({entry.name, name_of(m.kind), stream ? std::to_string(m.commands) : "-",
                    stream ? std::to_string(m.keys) : "-", std::to_string(m.file_bytes), when(m.rescued_at_ms),
                    state_of(entry)});
  }
  fmt::print("{}", render_table(rows, session.options().style));
  return ExitCode::Ok;
}

ExitCode run_rescue_show(Session& session, const RescueOptions& options) {
  const auto loaded = load(options);
  if (!loaded) return fail(session.options(), loaded.error());
  const RescueMetadata& m = loaded->entry.metadata;
  std::vector<std::string> lines;
  std::size_t left = options.limit == 0 ? SIZE_MAX : options.limit;
  for (const RescuedUnit& unit : loaded->units) {
    unsigned database = unit.database;
    for (const auto& words : unit.commands) {
      const std::vector<std::string_view> views(words.begin(), words.end());
      if (const auto selected = selected_database(views)) {
        database = *selected;
        continue;
      }
      if (left == 0) break;
      --left;
      std::string line = fmt::format("{}{}", database, unit.commands.size() > 1 ? " transaction" : "");
      for (const std::string& word : words) line += ' ' + readable(word, kWordShown);
      lines.push_back(std::move(line));
    }
  }
  if (session.options().json) {
    Json json = metadata_json(loaded->entry);
    json["lines"] = lines;
    print_json(json);
    return ExitCode::Ok;
  }
  fmt::print("{}, {}\n{} commands on {}{} keys, by {} while {} was the master; rescued {}\n", loaded->entry.path,
             state_of(loaded->entry), m.commands, m.keys_exact ? "" : "more than ", m.keys, to_string(m.node),
             to_string(m.master), when(m.rescued_at_ms));
  if (!m.complete) fmt::print("incomplete: {}\n", m.incomplete_because);
  if (m.database_source != DatabaseSource::Backlog)
    fmt::print("the first database, {}, is {}\n", m.start_database,
               m.database_source == DatabaseSource::Keyspace ? "the only one that had keys" : "assumed");
  for (const std::string& line : lines) fmt::print("{}\n", line);
  return ExitCode::Ok;
}

ExitCode run_rescue_diff(Session& session, const RescueOptions& options) {
  const auto loaded = load(options);
  if (!loaded) return fail(session.options(), loaded.error());
  auto master = connect_master(session, loaded->entry.metadata.group, options.to);
  if (!master) return fail(session.options(), master.error());
  const auto states = key_states(session, *master, loaded->entry, keys_of_units(loaded->units));
  if (!states) return fail(session.options(), states.error());
  std::map<KeyState, std::size_t> counts;
  for (const auto& [key, state] : states->keys) ++counts[state];
  if (session.options().json) {
    Json keys = Json::array();
    for (const auto& [key, state] : states->keys)
      keys.push_back({{"database", key.first}, {"key", key.second}, {"state", name_of(state)}});
    print_json({{"master", to_string(master->at())}, {"unknown_because", states->unknown_because}, {"keys", keys}});
    return ExitCode::Ok;
  }
  for (const auto& [key, state] : states->keys) fmt::print("{:<9} {}\n", name_of(state), shown(key));
  fmt::print("{}: {} missing, {} untouched, {} changed since, {} unknown\n", to_string(master->at()),
             counts[KeyState::Missing], counts[KeyState::Untouched], counts[KeyState::Changed],
             counts[KeyState::Unknown]);
  if (!states->unknown_because.empty()) fmt::print("unknown: {}\n", states->unknown_because);
  return ExitCode::Ok;
}

ExitCode run_rescue_replay(Session& session, const RescueOptions& options) {
  const SessionOptions& how = session.options();
  const auto loaded = load(options);
  if (!loaded) return fail(how, loaded.error());
  const RescueEntry& entry = loaded->entry;
  if (entry.replayed) return fail(how, entry.name + " was replayed already", ExitCode::Bad);
  if (entry.metadata.database_source == DatabaseSource::Assumed && !options.database)
    return fail(how, "nothing tells which database the first commands are for: say --database N");
  auto plan = read_plan(entry);
  if (!plan) return fail(how, plan.error());
  if (*plan && options.policy && (*plan)->policy != *options.policy)
    return fail(
        how, fmt::format("a replay with --{} was interrupted; it can only go on with that", name_of((*plan)->policy)));
  if (!*plan && !options.policy) return fail(how, "say which keys: --untouched, --only-missing or --all");
  auto master = connect_master(session, entry.metadata.group, options.to);
  if (!master) return fail(how, master.error());
  std::string unknown;
  if (!*plan) {
    KeyStates states;
    if (*options.policy != ReplayPolicy::All) {
      auto known = key_states(session, *master, entry, keys_of_units(loaded->units));
      if (!known) return fail(how, known.error());
      states = std::move(*known);
      unknown = states.unknown_because;
    }
    *plan = plan_replay(loaded->units, *options.policy, states);
  }
  const std::uint64_t applies = (*plan)->applied();
  if (options.dry_run) {
    if (how.json) {
      print_json({{"dry_run", true},
                  {"master", to_string(master->at())},
                  {"would_apply", applies},
                  {"would_skip", loaded->units.size() - applies},
                  {"unknown_because", unknown}});
    } else {
      fmt::print("would apply {} of {} writes to {}\n", applies, loaded->units.size(), to_string(master->at()));
      if (!unknown.empty()) fmt::print("keys that exist are left alone: {}\n", unknown);
    }
    return ExitCode::Ok;
  }
  const auto report = replay(*master, entry, loaded->units, **plan);
  if (!report) return fail(how, report.error(), ExitCode::Bad);
  if (how.json) {
    print_json({{"master", to_string(master->at())},
                {"applied", report->applied},
                {"skipped", report->skipped},
                {"resumed", report->resumed},
                {"refused", report->failures},
                {"refusals", report->failed}});
  } else {
    fmt::print("{} of {} writes applied to {}{}\n", report->applied, loaded->units.size(), to_string(master->at()),
               report->resumed ? ", some of them by the replay that was interrupted" : "");
    if (!unknown.empty()) fmt::print("keys that exist were left alone: {}\n", unknown);
    for (const std::string& failure : report->failed) fmt::print("refused: {}\n", failure);
  }
  return report->failures == 0 ? ExitCode::Ok : ExitCode::Bad;
}

}  // namespace sentinel
