#include "sentinel/acl/users.h"

#include <fmt/format.h>

#include <utility>

#include "common/check.h"
#include "sentinel/acl/password.h"

namespace sentinel {

AclUsers::AclUsers(NewUser start)
    : start_(start), default_(std::make_shared<AclUser>(AclUser::all_powerful_default(start))) {
  users_.emplace(kDefaultUser, default_);
}

void AclUsers::set_default_password(std::string_view password) {
  default_password_ = password;
  CHECK(default_->apply("resetpass").has_value());
  CHECK(default_->apply(password.empty() ? std::string("nopass") : fmt::format(">{}", password)).has_value());
}

Result<AclUser> read_user_line(const UserLine& line, NewUser start) {
  if (!is_user_name(line.name)) return unexpected(std::string("Spaces not allowed in ACL usernames"));
  const auto rules = join_selectors(line.rules);
  if (!rules) {
    return unexpected(fmt::format("Error in user declaration '{}': Unmatched parenthesis in acl selector", line.name));
  }
  AclUser user(line.name, start);
  // The default user has everything from the start; a line about it is all that holds.
  if (line.name == kDefaultUser) CHECK(user.apply("reset").has_value());
  for (const std::string& rule : *rules) {
    if (const auto applied = user.apply(rule); !applied) {
      // Passwords are in rules, too.
      const bool secret = rule.starts_with('>') || rule.starts_with('<');
      return unexpected(fmt::format("Error loading ACL rule '{}' for the user named '{}': {}",
                                    secret ? rule.substr(0, 1) + "***" : rule, line.name, text_of(applied.error())));
    }
  }
  return user;
}

Result<void> AclUsers::define(const std::vector<UserLine>& lines) {
  Map defined;
  for (const UserLine& line : lines) {
    auto user = read_user_line(line, start_);
    if (!user) return unexpected(user.error());
    if (!defined.emplace(line.name, std::make_shared<AclUser>(std::move(*user))).second) {
      return unexpected(
          fmt::format("Error in user declaration '{}': Duplicate user found. A user can only be defined "
                      "once in config files",
                      line.name));
    }
  }
  for (auto& [name, user] : defined) {
    if (name == kDefaultUser) {
      *default_ = *user;
    } else {
      users_[name] = std::move(user);
    }
  }
  return {};
}

Result<AclUser> AclUsers::changed(const std::string& name, const std::vector<std::string>& rules) const {
  if (!is_user_name(name)) return unexpected(std::string("Usernames can't contain spaces or null characters"));
  const auto joined = join_selectors(rules);
  if (!joined) {
    return unexpected(fmt::format("Unmatched parenthesis in acl selector starting at '{}'.", joined.error()));
  }
  const auto known = find(name);
  if (known == nullptr && users_.size() >= kAclUsersMax) {
    return unexpected(fmt::format("There are {} users, more are not allowed", kAclUsersMax));
  }
  AclUser user = known ? *known : AclUser(name, start_);
  for (const std::string& rule : *joined) {
    if (const auto applied = user.apply(rule); !applied) {
      return unexpected(fmt::format("Error in ACL SETUSER modifier '{}': {}", rule, text_of(applied.error())));
    }
  }
  return user;
}

Result<void> AclUsers::set(const std::string& name, const std::vector<std::string>& rules) {
  auto user = changed(name, rules);
  if (!user) return unexpected(user.error());
  if (const auto known = find(name)) {
    *known = std::move(*user);
  } else {
    users_.emplace(name, std::make_shared<AclUser>(std::move(*user)));
  }
  return {};
}

bool AclUsers::remove(std::string_view name) {
  CHECK(name != kDefaultUser);
  const auto found = users_.find(name);
  if (found == users_.end()) return false;
  users_.erase(found);
  return true;
}

std::vector<std::shared_ptr<AclUser>> AclUsers::replace(std::vector<AclUser> users) {
  Map before = std::exchange(users_, {});
  for (AclUser& user : users) {
    const std::string name = user.name();
    const auto known = before.find(name);
    if (known == before.end()) {
      users_.emplace(name, std::make_shared<AclUser>(std::move(user)));
      continue;
    }
    *known->second = std::move(user);
    users_.insert(before.extract(known));
  }
  if (!users_.contains(kDefaultUser)) {
    *default_ = AclUser::all_powerful_default(start_);
    set_default_password(default_password_);
    users_.emplace(kDefaultUser, default_);
    before.erase(std::string(kDefaultUser));
  }
  std::vector<std::shared_ptr<AclUser>> removed;
  for (auto& [name, user] : before) removed.push_back(std::move(user));
  return removed;
}

std::shared_ptr<AclUser> AclUsers::find(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

std::shared_ptr<AclUser> AclUsers::authenticate(std::string_view name, std::string_view password) const {
  auto user = find(name);
  if (user == nullptr) {
    // As long as for a user that exists, whose name is nobody's business.
    static const std::string nobody = hash_password("");
    equal_in_constant_time(hash_password(password), nobody);
    return nullptr;
  }
  return user->accepts(password) ? user : nullptr;
}

std::vector<std::string> AclUsers::lines() const {
  std::vector<std::string> lines;
  for (const auto& [name, user] : users_) lines.push_back(fmt::format("user {} {}", name, user->describe()));
  return lines;
}

}  // namespace sentinel
