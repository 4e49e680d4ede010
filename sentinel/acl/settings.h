// What a configuration says about who may do what here. Plain data.
#pragma once

#include <string>
#include <vector>

namespace sentinel {

// A line `user <name> <rule> ...` of sentinel.conf, an entry of `users:` in YAML.
struct UserLine {
  std::string name;
  std::vector<std::string> rules;
  int line = 0;  // Where it stands; 0: unknown.
  bool operator==(const UserLine&) const = default;
};

struct AccessSettings {
  std::vector<UserLine> users;              // Besides the default user, or about it. Not together with `file`.
  std::string file;                         // aclfile: what ACL LOAD reads and ACL SAVE writes. Empty: none.
  unsigned log_max = 128;                   // acllog-max-len: entries of ACL LOG.
  bool pubsub_default_allchannels = false;  // acl-pubsub-default: what a new user may subscribe to.
  bool protected_mode = false;              // Without a password: only clients of this machine.
  bool operator==(const AccessSettings&) const = default;
};

}  // namespace sentinel
