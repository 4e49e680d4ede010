#include "sentinel/ctl/rescue_catalogue.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sentinel {
namespace {

namespace fs = std::filesystem;

bool is_rescue(const fs::path& path) {
  const bool suffix = path.extension() == ".aof" || path.extension() == ".rdb";
  return suffix && !path.filename().string().starts_with('.');
}

Result<RescueEntry> entry_of(const fs::path& path) {
  RescueEntry entry;
  entry.path = path.string();
  entry.name = path.parent_path().filename().string() + "/" + path.stem().string();
  const auto text = read_whole(entry.beside(".json"));
  if (!text) return unexpected(text.error());
  auto metadata = rescue_metadata_from_json(*text);
  if (!metadata) return unexpected(fmt::format("{}: {}", entry.beside(".json"), metadata.error()));
  entry.metadata = std::move(*metadata);
  entry.replayed = fs::exists(entry.beside(".replayed"));
  return entry;
}

}  // namespace

std::string RescueEntry::beside(const std::string& suffix) const {
  return fs::path(path).replace_extension(suffix).string();
}

Result<std::string> read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unexpected(fmt::format("can't read {}: {}", path, std::strerror(errno)));
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

Result<std::vector<RescueEntry>> list_rescues(const std::string& folder, const std::string& group,
                                              std::vector<std::string>& problems) {
  std::error_code error;
  std::vector<RescueEntry> entries;
  fs::directory_iterator groups(folder, error);
  if (error == std::errc::no_such_file_or_directory) return entries;  // Nothing was ever rescued here.
  if (error) return unexpected(fmt::format("can't read {}: {}", folder, error.message()));
  for (const auto& each : groups) {
    if (!each.is_directory()) continue;
    for (const auto& file : fs::directory_iterator(each.path(), error)) {
      if (!is_rescue(file.path())) continue;
      auto entry = entry_of(file.path());
      if (!entry) {
        problems.push_back(entry.error());
      } else if (group.empty() || entry->metadata.group == group) {
        entries.push_back(std::move(*entry));
      }
    }
    if (error) problems.push_back(fmt::format("can't read {}: {}", each.path().string(), error.message()));
  }
  std::sort(entries.begin(), entries.end(), [](const RescueEntry& a, const RescueEntry& b) {
    return std::tie(a.metadata.group, a.metadata.rescued_at_ms, a.name) <
           std::tie(b.metadata.group, b.metadata.rescued_at_ms, b.name);
  });
  return entries;
}

Result<RescueEntry> find_rescue(const std::string& folder, const std::string& file) {
  for (const fs::path& path : {fs::path(file), fs::path(folder) / (file + ".aof"), fs::path(folder) / (file + ".rdb")})
    if (is_rescue(path) && fs::is_regular_file(path)) return entry_of(fs::absolute(path));
  return unexpected(fmt::format("there is no rescue {} in {}; vigilctl rescue list shows what there is", file, folder));
}

}  // namespace sentinel
