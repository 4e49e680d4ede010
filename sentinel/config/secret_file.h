// What the configuration points at on disk: password files and scripts.
#pragma once

#include <optional>
#include <string>

#include "common/result.h"

namespace sentinel {

inline constexpr std::size_t kSecretBytesMax =
    512;  // Redis' own limit on AUTH is far above; ours keeps commands small.

// What is wrong with a password, without repeating it.
std::optional<std::string> secret_problem(const std::string& secret);

// The first line of the file, without its line end.
Result<std::string> read_secret_file(const std::string& path);

// A regular file with the "others may read" bit.
bool readable_by_everyone(const std::string& path);

// Why this file cannot be run, if it cannot.
std::optional<std::string> script_problem(const std::string& path);

// At most `max_bytes` of a file; an error beyond that, or when it cannot be read.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

}  // namespace sentinel
