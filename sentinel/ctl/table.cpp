#include "sentinel/ctl/table.h"

#include <fmt/core.h>

#include <algorithm>

namespace sentinel {

std::string render_table(const std::vector<std::vector<std::string>>& rows, const Style& style) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      line += fmt::format("{:<{}}", printable(rows[r][i]), i + 1 < rows[r].size() ? widths[i] + 2 : 0);
    }
    out += (r == 0 ? style.bold(line) : line) + "\n";
  }
  return out;
}

}  // namespace sentinel
