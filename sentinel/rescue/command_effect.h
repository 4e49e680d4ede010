// What a command of a replication stream does, as far as a rescue must know. Redis replicates effects, so few
// commands occur, and what is unknown here is taken for a write of the key behind its name.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace sentinel {

enum class CommandEffect {
  Write,      // Goes into the file and is counted.
  Select,     // Changes the database of what follows.
  Begin,      // MULTI
  End,        // EXEC
  Message,    // PUBLISH, SPUBLISH: nobody waits for it any more. Left out.
  Keepalive,  // PING, REPLCONF: the link's own. Left out.
};

// REQUIRES: at least one word.
CommandEffect effect_of(std::span<const std::string_view> words);

// The keys that a write changes; none for one that concerns whole databases or functions (FLUSHALL, SWAPDB, FUNCTION).
// Of a script that is replicated as such: the keys that it names.
std::vector<std::string_view> keys_of(std::span<const std::string_view> words);

}  // namespace sentinel
