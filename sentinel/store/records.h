// Records to rows and back. The rules that must hold on disk whatever the
// caller does are in the SQL: a vote never goes back (R-E2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/record.h"
#include "sentinel/store/database.h"

namespace sentinel {

inline constexpr std::size_t kHistoryRowsPerGroupMax = 200;  // Failovers kept; then drop the oldest.
inline constexpr std::size_t kHistoryRowsMax = 20000;        // Of all groups.

// Writes records in order, inside a transaction of the writer. Returns a text
// for each vote that contradicts a stored one; the stored one stays. That is a
// bug of the caller which safety must survive.
std::vector<std::string> write_records(Database& database, const std::vector<Record>& records);

RestoredState read_state(Database& database);

// Failovers of a group ("" for all groups), the newest first.
std::vector<FailoverTimeline> read_history(Database& database, std::string_view group, std::size_t limit);

// Drops records that later ones in the list make void, so that a list that
// grows while the disk refuses is bounded by the number of things it tells of.
// Writing the result leaves the same rows as writing the input.
void coalesce(std::vector<Record>& records);

}  // namespace sentinel
