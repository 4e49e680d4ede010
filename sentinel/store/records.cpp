#include "sentinel/store/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/overloaded.h"
#include "sentinel/store/record_json.h"

namespace sentinel {
namespace {

// R-E2: one vote per epoch, and epochs only grow. The epoch alone (no
// candidate) may be followed by the vote of that epoch. Epochs are unsigned,
// SQLite's integers are not: with different signs the order turns around.
constexpr char kWriteVote[] = R"(
INSERT INTO votes(grp, epoch, candidate) VALUES (?1, ?2, ?3)
ON CONFLICT(grp) DO UPDATE SET epoch = excluded.epoch, candidate = excluded.candidate
WHERE ((excluded.epoch > votes.epoch) <> ((excluded.epoch < 0) <> (votes.epoch < 0)))
   OR (excluded.epoch = votes.epoch AND votes.candidate = ''))";

void write_vote(Database& database, const VoteRecord& vote, std::vector<std::string>& violations) {
  database.run(kWriteVote, vote.group, vote.epoch.value, vote.candidate.value);
  if (database.failed() || database.changes() != 0) return;
  VoteRecord stored;
  database.query(
      "SELECT epoch, candidate FROM votes WHERE grp = ?1",
      [&](const Row& row) {
        stored = {.group = vote.group, .epoch = Epoch{row.bits(0)}, .candidate = NodeId{row.text(1)}};
      },
      vote.group);
  const bool repeated =
      stored.epoch == vote.epoch && (vote.candidate == stored.candidate || vote.candidate.value.empty());
  if (database.failed() || repeated) return;
  violations.push_back(fmt::format("group {}: vote for '{}' in epoch {} refused, epoch {} is voted for '{}'",
                                   vote.group, vote.candidate.value, vote.epoch.value, stored.epoch.value,
                                   stored.candidate.value));
}

void write_config(Database& database, const ConfigRecord& config) {
  database.run("INSERT OR REPLACE INTO configs(grp, epoch, host, port, run_id, leader) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
               config.group, config.epoch.value, config.master.host, std::uint64_t{config.master.port}, config.run_id,
               config.leader.value);
}

void write_replica(Database& database, const ReplicaRecord& replica) {
  const std::uint64_t port = replica.at.port;
  if (replica.known) {
    database.run("INSERT OR REPLACE INTO replicas(grp, host, port) VALUES (?1, ?2, ?3)", replica.group, replica.at.host,
                 port);
  } else {
    database.run("DELETE FROM replicas WHERE grp = ?1 AND host = ?2 AND port = ?3", replica.group, replica.at.host,
                 port);
  }
}

void write_peer(Database& database, const PeerRecord& peer) {
  if (peer.known) {
    database.run("INSERT OR REPLACE INTO peers(grp, id, host, port) VALUES (?1, ?2, ?3, ?4)", peer.group, peer.id.value,
                 peer.at.host, std::uint64_t{peer.at.port});
  } else {
    database.run("DELETE FROM peers WHERE grp = ?1 AND id = ?2", peer.group, peer.id.value);
  }
}

// A removed group is forgotten, except that its removal is known (the
// configuration file may still name it), its history, and its vote and
// members: a group of that name watched again must not vote twice in an epoch,
// nor be a majority by itself.
void write_group(Database& database, const GroupRecord& group) {
  const std::string& name = group.settings.name;
  database.run(
      "INSERT INTO groups(grp, monitored, settings) VALUES (?1, ?2, ?3)"
      " ON CONFLICT(grp) DO UPDATE SET monitored = excluded.monitored, settings = excluded.settings",
      name, group.monitored, to_json(group.settings));
  if (group.monitored) return;
  database.run("DELETE FROM configs WHERE grp = ?1", name);
  database.run("DELETE FROM replicas WHERE grp = ?1", name);
}

// One row a failover: the row of its latest timeline.
void write_failover(Database& database, const FailoverTimeline& timeline) {
  database.run("INSERT OR REPLACE INTO failovers(grp, epoch, leader, timeline) VALUES (?1, ?2, ?3, ?4)", timeline.group,
               timeline.epoch.value, timeline.leader.value, to_json(timeline));
  database.run(
      "DELETE FROM failovers WHERE seq IN"
      " (SELECT seq FROM failovers WHERE grp = ?1 ORDER BY seq DESC LIMIT -1 OFFSET ?2)",
      timeline.group, std::uint64_t{kHistoryRowsPerGroupMax});
}

// What a record tells of. Of two with one subject the later one stands.
std::string subject(const Record& record) {
  const char zero = '\0';  // Not in a host name, and names that hold it only merge less.
  return std::visit(
      overloaded{
          [&](const VoteRecord& it) { return fmt::format("v{}", it.group); },
          [&](const ConfigRecord& it) { return fmt::format("c{}", it.group); },
          [&](const ReplicaRecord& it) {
            return fmt::format("r{}{}{}{}{}", it.group, zero, it.at.host, zero, it.at.port);
          },
          [&](const PeerRecord& it) { return fmt::format("p{}{}{}", it.group, zero, it.id.value); },
          // A removal also clears other tables, so a later creation does not stand for it.
          [&](const GroupRecord& it) { return fmt::format("g{}{}{}", it.settings.name, zero, it.monitored); },
          [&](const FailoverRecord& it) {
            return fmt::format("f{}{}{}{}{}", it.timeline.group, zero, it.timeline.epoch.value, zero,
                               it.timeline.leader.value);
          },
      },
      record);
}

}  // namespace

std::vector<std::string> write_records(Database& database, const std::vector<Record>& records) {
  std::vector<std::string> violations;
  bool history = false;
  for (const Record& record : records) {
    std::visit(overloaded{
                   [&](const VoteRecord& it) { write_vote(database, it, violations); },
                   [&](const ConfigRecord& it) { write_config(database, it); },
                   [&](const ReplicaRecord& it) { write_replica(database, it); },
                   [&](const PeerRecord& it) { write_peer(database, it); },
                   [&](const GroupRecord& it) { write_group(database, it); },
                   [&](const FailoverRecord& it) {
                     history = true;
                     write_failover(database, it.timeline);
                   },
               },
               record);
  }
  if (history) {
    database.run("DELETE FROM failovers WHERE seq IN (SELECT seq FROM failovers ORDER BY seq DESC LIMIT -1 OFFSET ?1)",
                 std::uint64_t{kHistoryRowsMax});
  }
  return violations;
}

RestoredState read_state(Database& database) {
  RestoredState state;
  const auto endpoint = [](const Row& row, int column) {
    return Endpoint{.host = row.text(column), .port = static_cast<std::uint16_t>(row.integer(column + 1))};
  };
  database.query("SELECT grp, epoch, candidate FROM votes", [&](const Row& row) {
    state.votes.push_back({.group = row.text(0), .epoch = Epoch{row.bits(1)}, .candidate = NodeId{row.text(2)}});
  });
  database.query("SELECT grp, epoch, host, port, run_id, leader FROM configs", [&](const Row& row) {
    state.configs.push_back({.group = row.text(0),
                             .epoch = Epoch{row.bits(1)},
                             .master = endpoint(row, 2),
                             .run_id = row.text(4),
                             .leader = NodeId{row.text(5)}});
  });
  database.query("SELECT grp, host, port FROM replicas",
                 [&](const Row& row) { state.replicas.push_back({.group = row.text(0), .at = endpoint(row, 1)}); });
  database.query("SELECT grp, id, host, port FROM peers", [&](const Row& row) {
    state.peers.push_back({.group = row.text(0), .id = NodeId{row.text(1)}, .at = endpoint(row, 2)});
  });
  database.query("SELECT settings, monitored, grp FROM groups ORDER BY seq", [&](const Row& row) {
    GroupRecord group{.settings = settings_from_json(row.text(0)), .monitored = row.integer(1) != 0};
    group.settings.name = row.text(2);
    state.groups.push_back(std::move(group));
  });
  database.query(
      "SELECT timeline FROM failovers WHERE seq IN (SELECT max(seq) FROM failovers GROUP BY grp) ORDER BY seq",
      [&](const Row& row) { state.last_failovers.push_back({timeline_from_json(row.text(0))}); });
  return state;
}

std::vector<FailoverTimeline> read_history(Database& database, std::string_view group, std::size_t limit) {
  std::vector<FailoverTimeline> history;
  const auto add = [&](const Row& row) { history.push_back(timeline_from_json(row.text(0))); };
  const auto rows = static_cast<std::uint64_t>(limit);
  if (group.empty()) {
    database.query("SELECT timeline FROM failovers ORDER BY seq DESC LIMIT ?1", add, rows);
  } else {
    database.query("SELECT timeline FROM failovers WHERE grp = ?2 ORDER BY seq DESC LIMIT ?1", add, rows, group);
  }
  return history;
}

void coalesce(std::vector<Record>& records) {
  // Of votes the one that the writer would end with: the first of the highest
  // epoch. A contradiction among them is dropped here without its report.
  std::map<std::string, const VoteRecord*> votes;
  for (const Record& record : records) {
    const auto* vote = std::get_if<VoteRecord>(&record);
    if (vote == nullptr) continue;
    const VoteRecord*& standing = votes[vote->group];
    const bool wins = standing == nullptr || vote->epoch > standing->epoch ||
                      (vote->epoch == standing->epoch && standing->candidate.value.empty());
    if (wins) standing = vote;
  }
  // Of everything else the last: backwards, keeping what is met first.
  std::set<std::string> told;
  std::vector<Record> kept;
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    const auto* vote = std::get_if<VoteRecord>(&*record);
    const bool keep = vote != nullptr ? votes.at(vote->group) == vote : told.insert(subject(*record)).second;
    if (keep) kept.push_back(*record);
  }
  std::reverse(kept.begin(), kept.end());
  records = std::move(kept);
}

}  // namespace sentinel
