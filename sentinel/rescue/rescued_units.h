// Reads a rescue file back: what is replayed together or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace sentinel {

using DatabaseKey = std::pair<unsigned, std::string>;

// One write, or the writes between MULTI and EXEC.
struct RescuedUnit {
  unsigned database = 0;                           // When it begins.
  std::vector<std::vector<std::string>> commands;  // With the SELECTs of a transaction, without MULTI and EXEC.
  std::set<DatabaseKey> keys;
  bool whole_databases = false;  // Something in it has no keys: FLUSHALL, SWAPDB, FUNCTION.
  std::size_t bytes = 0;
};

// The units of a file's text. An error if it is not a whole rescue file.
Result<std::vector<RescuedUnit>> read_units(std::string_view text);

// A word for people: quoted, with escapes where it is not printable, cut after `max` bytes.
std::string readable(std::string_view word, std::size_t max);

}  // namespace sentinel
