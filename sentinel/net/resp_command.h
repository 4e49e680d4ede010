// A command as a RESP array of bulk strings, appended to what is to be written.
#pragma once

#include <string>
#include <vector>

namespace sentinel {

using Words = std::vector<std::string>;

inline void append_command(std::string& out, const Words& words) {
  out += '*' + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += '$' + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  }
}

}  // namespace sentinel
