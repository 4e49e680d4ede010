// All users. "default" is always among them.
//
//   AclUsers users({.all_channels = false});
//   users.set("metrics", {"on", ">secret", "+sentinel|masters"});
//   if (auto user = users.authenticate("metrics", "secret")) ...
//
// A user that is changed stays the same object: who holds it sees the change.
// Threading: one executor.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "sentinel/acl/settings.h"
#include "sentinel/acl/user.h"

namespace sentinel {

inline constexpr std::size_t kAclUsersMax = 10'000;

class AclUsers {
 public:
  using Map = std::map<std::string, std::shared_ptr<AclUser>, std::less<>>;

  explicit AclUsers(NewUser start);

  // requirepass: the default user's only password. Empty: none is needed.
  void set_default_password(std::string_view password);
  // The lines of a configuration, after which users are what they say. The
  // error is stock's, of the first line that is wrong; nothing is changed then.
  Result<void> define(const std::vector<UserLine>& lines);

  // ACL SETUSER. The error is stock's text without "ERR"; nothing is changed then.
  Result<void> set(const std::string& name, const std::vector<std::string>& rules);
  bool remove(std::string_view name);  // False if there is none. REQUIRES: not the default user.
  // ACL LOAD: users of the same name stay the same objects; without one about it the default user becomes what it
  // is at the start. The removed ones are returned.
  std::vector<std::shared_ptr<AclUser>> replace(std::vector<AclUser> users);

  std::shared_ptr<AclUser> find(std::string_view name) const;
  const std::shared_ptr<AclUser>& default_user() const { return default_; }
  // nullptr: no such user, it is off, or the password is wrong.
  std::shared_ptr<AclUser> authenticate(std::string_view name, std::string_view password) const;
  // Whether who has not authenticated may do nothing.
  bool authentication_needed() const { return default_->needs_password() || !default_->enabled(); }

  const Map& all() const { return users_; }
  NewUser start() const { return start_; }
  // "user <name> <rules>" of each, in the order of names: ACL LIST, ACL files, and configuration files.
  std::vector<std::string> lines() const;

 private:
  Result<AclUser> changed(const std::string& name, const std::vector<std::string>& rules) const;

  NewUser start_;
  Map users_;
  std::shared_ptr<AclUser> default_;
  std::string default_password_;
};

// What is wrong with the line, as stock says it; for configuration readers.
Result<AclUser> read_user_line(const UserLine& line, NewUser start);

}  // namespace sentinel
