#include "sentinel/net/client_list.h"

namespace sentinel {

std::string_view client_list_field(std::string_view line, std::string_view key) {
  while (!line.empty()) {
    const auto end = line.find(' ');
    const std::string_view field = line.substr(0, end);
    line = end == std::string_view::npos ? std::string_view{} : line.substr(end + 1);
    if (field.size() > key.size() && field.starts_with(key) && field[key.size()] == '=')
      return field.substr(key.size() + 1);
  }
  return {};
}

}  // namespace sentinel
