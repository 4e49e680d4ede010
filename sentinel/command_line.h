// What the arguments ask for. Two families meet here: ours (--check) and those
// of redis-sentinel and redis-server, since the program may be started under
// their names.
//
//   vigil-sentinel sentinel.yaml
//   vigil-sentinel /etc/redis/sentinel.conf --port 26380 --sentinel monitor m 127.0.0.1 6379 2
//   redis-server /etc/redis/sentinel.conf --sentinel        (through a link)
#pragma once

#include <string>
#include <vector>

namespace sentinel {

struct CommandLine {
  enum class Wish {
    Run,
    Check,   // Tell what the file means or what is wrong with it.
    Say,     // `text` to stdout, exit status 0.
    Refuse,  // `text` to stderr, exit status 1.
    NoFile,  // Stock's log line, exit status 1.
  };
  Wish wish = Wish::Run;
  std::string text;
  std::string file;
  std::string options;  // Lines for conf::read_conf().
};

// `program` is argv[0]. Pure.
CommandLine parse_command_line(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace sentinel
