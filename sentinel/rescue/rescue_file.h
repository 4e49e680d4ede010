// A rescue file under construction, and the folder that such files are kept in:
//
//   <folder>/<group>/<epoch>-<node>.aof    RESP commands, mode 0600; .rdb for a snapshot
//   <folder>/<group>/<epoch>-<node>.json   metadata.h
//
// Under its name stands only what is whole and on disk; until then it is called .<name>.tmp and removed when
// this object goes away without finish(). The oldest beyond `keep` go when a new one is finished.
//
//   auto file = RescueFile::create(folder, metadata);
//   file->append(text);  ...
//   auto path = file->finish(metadata);
//
// Blocks on the disk: not for the event loop's thread. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "sentinel/rescue/metadata.h"

namespace sentinel {

class RescueFile {
 public:
  // Makes the folders, mode 0700, if they are missing.
  static Result<RescueFile> create(const std::string& folder, const RescueMetadata& metadata);
  RescueFile(RescueFile&& other) noexcept;
  RescueFile& operator=(RescueFile&&) = delete;
  ~RescueFile();

  Result<void> append(std::string_view text);
  // Writes the metadata, makes all of it durable, gives it its name, and removes the oldest of the group beyond
  // `keep` (at least one stays). The path of the file.
  Result<std::string> finish(const RescueMetadata& metadata, unsigned keep);

 private:
  RescueFile() = default;
  std::string in_group(const std::string& name) const { return group_folder_ + "/" + name; }

  std::string group_folder_;
  std::string name_;  // Without its suffix.
  std::string suffix_;
  std::string temporary_;
  int descriptor_ = -1;
};

// A group's or node's name as a part of a path: letters, digits and . _ - stay, except a dot in front.
std::string path_part(std::string_view name);

// Removes what a rescue that was killed left behind. Of no use while one runs in that folder.
void remove_unfinished(const std::string& folder);

}  // namespace sentinel
