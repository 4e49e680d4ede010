#include "sentinel/acl/user.h"

#include <algorithm>

#include "common/resp/text.h"
#include "sentinel/acl/password.h"

namespace sentinel {

AclUser AclUser::all_powerful_default(NewUser start) {
  AclUser user{std::string(kDefaultUser), start};
  for (const std::string_view rule : {"+@all", "~*", "&*", "on", "nopass"}) CHECK(user.apply(rule).has_value());
  return user;
}

Result<void, AclError> AclUser::apply(std::string_view rule) {
  if (rule.empty()) return {};
  if (is_word(rule, "on") || is_word(rule, "off")) {
    enabled_ = is_word(rule, "on");
  } else if (is_word(rule, "nopass") || is_word(rule, "resetpass")) {
    no_password_ = is_word(rule, "nopass");
    hashes_.clear();
  } else if (is_word(rule, "sanitize-payload")) {
    sanitize_ = SanitizePayload::Yes;
  } else if (is_word(rule, "skip-sanitize-payload")) {
    sanitize_ = SanitizePayload::No;
  } else if (is_word(rule, "clearselectors")) {
    selectors_.resize(1);
  } else if (is_word(rule, "reset")) {
    reset();
  } else if (std::string_view("><#!").find(rule.front()) != std::string_view::npos) {
    return apply_password(rule.front(), rule.substr(1));
  } else if (rule.size() > 1 && rule.front() == '(' && rule.back() == ')') {
    return apply_selector(rule.substr(1, rule.size() - 2));
  } else {
    return selectors_.front().apply(rule);
  }
  return {};
}

void AclUser::reset() {
  enabled_ = no_password_ = false;
  sanitize_ = SanitizePayload::Yes;
  hashes_.clear();
  selectors_ = {AclSelector(start_.all_channels)};
}

// >password and #hash add one, <password and !hash take one away.
Result<void, AclError> AclUser::apply_password(char sign, std::string_view text) {
  const bool hashed = sign == '#' || sign == '!';
  if (hashed && !is_password_hash(text)) return unexpected(AclError::BadHash);
  const std::string hash = hashed ? std::string(text) : hash_password(text);
  const auto known = std::find(hashes_.begin(), hashes_.end(), hash);
  if (sign == '<' || sign == '!') {
    if (known == hashes_.end()) return unexpected(AclError::NoSuchPassword);
    hashes_.erase(known);
    return {};
  }
  if (known == hashes_.end()) {
    if (hashes_.size() >= kAclPasswordsMax) return unexpected(AclError::TooMany);
    hashes_.push_back(hash);
  }
  no_password_ = false;
  return {};
}

Result<void, AclError> AclUser::apply_selector(std::string_view words) {
  if (selectors_.size() >= kAclSelectorsMax) return unexpected(AclError::TooMany);
  AclSelector selector(start_.all_channels);
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end > 0) {
      if (auto applied = selector.apply(words.substr(0, end)); !applied) return applied;
    }
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  selectors_.push_back(std::move(selector));
  return {};
}

bool AclUser::accepts(std::string_view password) const {
  // All are compared, also for a user that is off: the time says nothing.
  const std::string given = hash_password(password);
  bool known = no_password_;
  for (const std::string& hash : hashes_) {
    const bool equal = equal_in_constant_time(given, hash);
    known = known || equal;
  }
  return enabled_ && known;
}

Verdict AclUser::judge(CommandIndex command, AclWords words) const {
  Verdict nearest;
  for (const AclSelector& selector : selectors_) {
    const Verdict verdict = selector.judge(command, words);
    if (verdict.denial == Denial::None) return verdict;
    nearest = std::max(nearest, verdict);
  }
  return nearest;
}

bool AclUser::may_use_channel(std::string_view name) const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [&](const AclSelector& selector) { return selector.may_use_channel(name); });
}

bool AclUser::may_use_pattern(std::string_view pattern) const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [&](const AclSelector& selector) { return selector.may_use_pattern(pattern); });
}

std::vector<std::string_view> AclUser::flags() const {
  std::vector<std::string_view> flags{enabled_ ? "on" : "off"};
  if (no_password_) flags.push_back("nopass");
  switch (sanitize_) {
    case SanitizePayload::Unsaid: break;
    case SanitizePayload::Yes: flags.push_back("sanitize-payload"); break;
    case SanitizePayload::No: flags.push_back("skip-sanitize-payload"); break;
  }
  return flags;
}

std::string AclUser::describe() const {
  std::string rules;
  for (const std::string_view flag : flags()) rules.append(flag).append(" ");
  for (const std::string& hash : hashes_) rules.append("#").append(hash).append(" ");
  rules += selectors_.front().describe();
  for (std::size_t i = 1; i < selectors_.size(); ++i) rules.append(" (").append(selectors_[i].describe()).append(")");
  return rules;
}

bool is_user_name(std::string_view name) {
  return std::none_of(name.begin(), name.end(),
                      [](char c) { return c == ' ' || c == '\0' || (c >= '\t' && c <= '\r'); });
}

Result<std::vector<std::string>> join_selectors(const std::vector<std::string>& words) {
  std::vector<std::string> joined;
  const std::string* open = nullptr;  // The word that began the selector that is being joined.
  for (const std::string& word : words) {
    if (open != nullptr) {
      joined.back().append(" ").append(word);
      if (word.ends_with(')')) open = nullptr;
      continue;
    }
    joined.push_back(word);
    if (word.starts_with('(') && !word.ends_with(')')) open = &word;
  }
  if (open != nullptr) return unexpected(*open);
  return joined;
}

}  // namespace sentinel
