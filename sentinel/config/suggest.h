// "did you mean": the known key nearest to a mistyped one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sentinel {

// The candidate that `word` most likely stands for: redis-sentinel's name of
// the same setting ("down-after-milliseconds"), or the fewest edits: two, or a third of a longer word.
std::optional<std::string> suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sentinel
