// What stops a sentinel.conf, in stock's words.
#pragma once

#include <string>
#include <string_view>

namespace sentinel::conf {

struct ConfError {
  std::string file;
  int line = 0;      // From 1. 0: the file as a whole, and `message` says all.
  std::string text;  // Of the line, trimmed.
  std::string message;
  bool operator==(const ConfError&) const = default;
};

// Stock's banner for stderr:
//
//   *** FATAL CONFIG FILE ERROR (Redis 7.2.0) ***
//   Reading the configuration file, at line 2
//   >>> 'sentinel monitor m 127.0.0.1 6379 0'
//   Quorum must be 1 or greater.
//
// A secret of the line is shown as in stock: the operator's own terminal.
std::string print_banner(const ConfError& error, std::string_view version);

}  // namespace sentinel::conf
