// One user: a name, passwords, and what they may do.
//
//   AclUser user("metrics", {.all_channels = false});
//   user.apply("on");
//   user.apply(">secret");
//   user.apply("+sentinel|masters");
//   user.describe();   // "on #2bb80d53... resetchannels -@all +sentinel|masters"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "sentinel/acl/selector.h"

namespace sentinel {

inline constexpr std::size_t kAclPasswordsMax = 64;  // A user.
inline constexpr std::size_t kAclSelectorsMax = 64;
inline constexpr std::string_view kDefaultUser = "default";

// What a new user begins with.
struct NewUser {
  bool all_channels = false;  // acl-pubsub-default
};

class AclUser {
 public:
  AclUser(std::string name, NewUser start)
      : name_(std::move(name)), start_(start), selectors_{AclSelector(start.all_channels)} {}
  // The user of clients that name none, as long as nobody says otherwise: on nopass ~* &* +@all.
  static AclUser all_powerful_default(NewUser start);

  // One rule of ACL SETUSER; a selector is one, "(+ping ~x)". An empty one changes nothing.
  Result<void, AclError> apply(std::string_view rule);

  const std::string& name() const { return name_; }
  bool enabled() const { return enabled_; }
  bool needs_password() const { return !no_password_; }
  // Whether who gives this password is this user, who is on. In constant time.
  bool accepts(std::string_view password) const;

  Verdict judge(CommandIndex command, AclWords words) const;
  bool may_use_channel(std::string_view name) const;
  bool may_use_pattern(std::string_view pattern) const;
  bool unrestricted() const { return selectors_.front().unrestricted(); }

  std::string describe() const;  // As ACL LIST shows it, without "user <name>".
  std::vector<std::string_view> flags() const;
  const std::vector<std::string>& password_hashes() const { return hashes_; }
  // The first is the user's own, the others are those in parentheses.
  const std::vector<AclSelector>& selectors() const { return selectors_; }

 private:
  enum class SanitizePayload { Unsaid, Yes, No };  // Kept and shown: nobody sends payloads here.

  Result<void, AclError> apply_password(char sign, std::string_view text);
  Result<void, AclError> apply_selector(std::string_view words);
  void reset();

  std::string name_;
  NewUser start_;
  bool enabled_ = false;
  bool no_password_ = false;
  SanitizePayload sanitize_ = SanitizePayload::Unsaid;
  std::vector<std::string> hashes_;
  std::vector<AclSelector> selectors_;
};

// Blanks and NUL would end it where it is written.
bool is_user_name(std::string_view name);

// Joins what belongs to one selector: {"on", "(+ping", "~x)"} becomes {"on", "(+ping ~x)"}.
// The error is the word whose parenthesis stays open.
Result<std::vector<std::string>> join_selectors(const std::vector<std::string>& words);

}  // namespace sentinel
