// The fields of a reply to INFO, in order: lines "key:value"; section titles and empty lines are skipped.
//
//   for_each_info_field(text, [&](std::string_view key, std::string_view value) { ... });
#pragma once

#include <string_view>

namespace sentinel {

template <typename Visit>
void for_each_info_field(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (line.empty() || line.front() == '#' || colon == std::string_view::npos) continue;
    visit(line.substr(0, colon), line.substr(colon + 1));
  }
}

}  // namespace sentinel
