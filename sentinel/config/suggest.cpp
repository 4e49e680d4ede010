#include "sentinel/config/suggest.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace sentinel {
namespace {

constexpr std::size_t kWordMax = 40;  // Longer than every key: no use in measuring garbage.

struct Synonym {
  std::string_view foreign;
  std::string_view ours;
};

// What redis-sentinel, and people in a hurry, call it.
constexpr std::array kSynonyms{
    Synonym{"down-after-milliseconds", "down-after"},
    Synonym{"auth-pass", "auth-password"},
    Synonym{"auth-password-path", "auth-password-file"},
    Synonym{"requirepass", "password"},
    Synonym{"sentinel-pass", "peer-password"},
    Synonym{"rename-command", "rename-commands"},
    Synonym{"min-replicas", "write-safety-replicas"},
    Synonym{"min-replicas-to-write", "write-safety-replicas"},
    Synonym{"max-lag", "write-safety-max-lag"},
    Synonym{"min-replicas-max-lag", "write-safety-max-lag"},
    Synonym{"dir", "state-dir"},
    Synonym{"loglevel", "level"},
    Synonym{"logfile", "file"},
    Synonym{"maxclients", "max-clients"},
    Synonym{"listen", "bind"},
    Synonym{"sentinels", "peers"},
    Synonym{"masters", "groups"},
    Synonym{"monitor", "groups"},
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string> suggest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > kWordMax) return std::nullopt;
  std::string normal(word);
  for (char& c : normal) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const Synonym& synonym : kSynonyms) {
    const auto ours = std::find(candidates.begin(), candidates.end(), synonym.ours);
    if (normal == synonym.foreign && ours != candidates.end()) return *ours;
  }
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, normal.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(normal, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace sentinel
