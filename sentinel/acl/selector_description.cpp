// A selector in rules. Which rules stand for a set of commands is not unique;
// these are the ones that redis-sentinel 7.0 shows for the same set.
#include "sentinel/acl/selector.h"

namespace sentinel {
namespace {

const AclCatalogue& catalogue() { return AclCatalogue::instance(); }

void add(std::string& list, std::string_view rule) {
  if (!list.empty()) list += ' ';
  list += rule;
}

}  // namespace

AclSelector::Counts AclSelector::count(unsigned category) const {
  Counts counts;
  const auto& commands = catalogue().commands();
  for (CommandIndex index = 0; index < commands.size(); ++index) {
    if (!(commands[index].categories & (CategoryBits{1} << category))) continue;
    ++(allowed_.test(index) ? counts.allowed : counts.denied);
  }
  return counts;
}

// The category that fits best what is still to be said: more commands right
// than wrong, of those the one with the fewest wrong, of those the largest.
std::optional<unsigned> AclSelector::best_category(bool allow, const std::vector<bool>& used) const {
  std::optional<unsigned> best;
  std::size_t fewest_wrong = 0;
  std::size_t most_right = 0;
  for (unsigned category = 0; category < kAclCategories.size(); ++category) {
    if (used[category]) continue;
    const Counts counts = count(category);
    const std::size_t right = allow ? counts.allowed : counts.denied;
    const std::size_t wrong = allow ? counts.denied : counts.allowed;
    if (right <= wrong) continue;
    if (best && (wrong > fewest_wrong || (wrong == fewest_wrong && right <= most_right))) continue;
    best = category;
    fewest_wrong = wrong;
    most_right = right;
  }
  return best;
}

std::string AclSelector::describe_commands() const {
  const bool allow = !future_commands_;  // From nothing on commands are added, from everything on taken away.
  std::string rules = allow ? "-@all" : "+@all";
  AclSelector said;  // What the rules so far amount to.
  said.set_all_commands(!allow);
  AclSelector unsaid = *this;
  std::vector<bool> used(kAclCategories.size(), false);
  while (const auto category = unsaid.best_category(allow, used)) {
    add(rules, allow ? "+@" : "-@");
    rules += kAclCategories[*category];
    said.set_category(*category, allow);
    unsaid.set_category(*category, !allow);
    used[*category] = true;
  }
  const auto& commands = catalogue().commands();
  for (CommandIndex index = 0; index < commands.size(); ++index) {
    const bool allowed = allowed_.test(index);
    if (allowed != said.allowed_.test(index)) {
      add(rules, allowed ? "+" : "-");
      rules += commands[index].name;
      said.set_command(index, allowed);
    }
    const auto firsts = first_words_.find(index);
    if (allowed || firsts == first_words_.end()) continue;
    for (const std::string& first : firsts->second) {
      add(rules, "+");
      rules.append(commands[index].name).append("|").append(first);
    }
  }
  return rules;
}

std::string AclSelector::describe_keys() const {
  if (all_keys_) return "~*";
  std::string rules;
  for (const KeyPattern& key : keys_) {
    add(rules, key.read && key.write ? "~" : key.read ? "%R~" : "%W~");
    rules += key.pattern;
  }
  return rules;
}

std::string AclSelector::describe_channels() const {
  if (all_channels_) return "&*";
  std::string rules;
  for (const std::string& channel : channels_) {
    add(rules, "&");
    rules += channel;
  }
  return rules;
}

std::string AclSelector::describe() const {
  std::string rules = describe_keys();
  if (!all_channels_) add(rules, "resetchannels");
  if (const std::string channels = describe_channels(); !channels.empty()) add(rules, channels);
  add(rules, describe_commands());
  return rules;
}

}  // namespace sentinel
