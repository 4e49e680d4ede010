// What every client of a RESP server needs: a command's form on the wire, and
// what old servers say to a password.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sentinel {

using Words = std::vector<std::string>;

// Appends the command as a RESP array of bulk strings.
inline void append_command(std::string& out, const Words& words) {
  out += '*' + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += '$' + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  }
}

// The error of a server without a password that got one with AUTH.
inline bool needs_no_password(std::string_view error) {
  return error.find("without any password configured") != std::string_view::npos ||
         error.find("no password is set") != std::string_view::npos;
}

}  // namespace sentinel
