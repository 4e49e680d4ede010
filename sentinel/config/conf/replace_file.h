// Replaces a file so that a crash leaves the old one or the new one, whole and
// on disk: a new file in the same folder, fsync, rename, fsync of the folder.
// The mode and owner of the old one stay; a symbolic link leads to the file
// that is replaced.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace sentinel::conf {

// Blocks on the disk. The error is the system's text.
Result<void> replace_file(const std::string& path, std::string_view text);

// What the file holds now. An error unless it is a file that can be read;
// `absent` is set if there is none at all.
Result<std::string> read_current(const std::string& path, bool& absent);

// To recognise a text again: not against an adversary, who could write the state file as well.
std::string fingerprint(std::string_view text);

}  // namespace sentinel::conf
