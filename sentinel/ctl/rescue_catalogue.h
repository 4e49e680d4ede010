// The rescue files on this host's disk, as vigilctl finds them.
//
//   <folder>/<group>/<epoch>-<node>.aof, .json beside it; .replayed once it was replayed
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "sentinel/rescue/metadata.h"

namespace sentinel {

inline constexpr const char* kRescueFolder = "/var/lib/vigil/rescue";

struct RescueEntry {
  std::string name;  // "mymaster/7-10.0.0.1-6379": what the commands take.
  std::string path;  // Of the .aof or .rdb.
  RescueMetadata metadata;
  bool replayed = false;

  // A file with this suffix instead.
  std::string beside(const std::string& suffix) const;
};

// By name of the group, then from old to new. Files without readable metadata are an error of the entry's own:
// they come as lines in `problems`.
Result<std::vector<RescueEntry>> list_rescues(const std::string& folder, const std::string& group,
                                              std::vector<std::string>& problems);

// By a name as in the list, or by the path of a file.
Result<RescueEntry> find_rescue(const std::string& folder, const std::string& file);

Result<std::string> read_whole(const std::string& path);

}  // namespace sentinel
