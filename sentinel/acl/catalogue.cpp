#include "sentinel/acl/catalogue.h"

#include <algorithm>

#include "common/check.h"
#include "common/resp/text.h"

namespace sentinel {
namespace {

struct Row {
  std::string_view name;
  std::string_view categories;  // Separated by blanks.
};

constexpr std::string_view kSlow = "slow";
constexpr std::string_view kAdmin = "admin slow dangerous";
constexpr std::string_view kConnection = "slow connection";
constexpr std::string_view kClientAdmin = "admin slow dangerous connection";

// As COMMAND of redis-sentinel 7.0 tells them.
constexpr Row kRows[]{
    {"acl", kSlow},
    {"acl|cat", kSlow},
    {"acl|deluser", kAdmin},
    {"acl|dryrun", kAdmin},
    {"acl|genpass", kSlow},
    {"acl|getuser", kAdmin},
    {"acl|help", kSlow},
    {"acl|list", kAdmin},
    {"acl|load", kAdmin},
    {"acl|log", kAdmin},
    {"acl|save", kAdmin},
    {"acl|setuser", kAdmin},
    {"acl|users", kAdmin},
    {"acl|whoami", kSlow},
    {"auth", "fast connection"},
    {"client", kSlow},
    {"client|caching", kConnection},
    {"client|getname", kConnection},
    {"client|getredir", kConnection},
    {"client|help", kConnection},
    {"client|id", kConnection},
    {"client|info", kConnection},
    {"client|kill", kClientAdmin},
    {"client|list", kClientAdmin},
    {"client|no-evict", kClientAdmin},
    {"client|pause", kClientAdmin},
    {"client|reply", kConnection},
    {"client|setname", kConnection},
    {"client|tracking", kConnection},
    {"client|trackinginfo", kConnection},
    {"client|unblock", kClientAdmin},
    {"client|unpause", kClientAdmin},
    {"command", kConnection},
    {"command|count", kConnection},
    {"command|docs", kConnection},
    {"command|getkeys", kConnection},
    {"command|getkeysandflags", kConnection},
    {"command|help", kConnection},
    {"command|info", kConnection},
    {"command|list", kConnection},
    {"hello", "fast connection"},
    {"info", "slow dangerous"},
    {"ping", "fast connection"},
    {"psubscribe", "pubsub slow"},
    {"publish", "pubsub fast"},
    {"punsubscribe", "pubsub slow"},
    {"role", "admin fast dangerous"},
    {"sentinel", kAdmin},
    {"sentinel|ckquorum", kAdmin},
    {"sentinel|config", kAdmin},
    {"sentinel|debug", kAdmin},
    {"sentinel|failover", kAdmin},
    {"sentinel|flushconfig", kAdmin},
    {"sentinel|get-master-addr-by-name", kAdmin},
    {"sentinel|help", kSlow},
    {"sentinel|info-cache", kAdmin},
    {"sentinel|is-master-down-by-addr", kAdmin},
    {"sentinel|master", kAdmin},
    {"sentinel|masters", kAdmin},
    {"sentinel|monitor", kAdmin},
    {"sentinel|myid", kAdmin},
    {"sentinel|pending-scripts", kAdmin},
    {"sentinel|remove", kAdmin},
    {"sentinel|replicas", kAdmin},
    {"sentinel|reset", kAdmin},
    {"sentinel|sentinels", kAdmin},
    {"sentinel|set", kAdmin},
    {"sentinel|simulate-failure", kAdmin},
    {"sentinel|slaves", kAdmin},
    {"shutdown", kAdmin},
    {"subscribe", "pubsub slow"},
    {"unsubscribe", "pubsub slow"},
};

struct Follower {
  std::string_view name;
  std::string_view leader;
};

// What only we have, and what gives permission for it.
constexpr Follower kFollowers[]{
    {"client|no-touch", "client|reply"},
    {"client|setinfo", "client|setname"},
    {"sentinel|explain", "sentinel|master"},
    {"sentinel|get-primary-addr-by-name", "sentinel|get-master-addr-by-name"},
    {"sentinel|is-primary-down-by-addr", "sentinel|is-master-down-by-addr"},
    {"sentinel|peer", "sentinel|is-master-down-by-addr"},  // Who may ask for votes may be a peer.
    {"sentinel|primaries", "sentinel|masters"},
    {"sentinel|primary", "sentinel|master"},
    {"sentinel|switchover", "sentinel|failover"},
    {"sentinel|timeline", "sentinel|master"},
};

CategoryBits category_bits(std::string_view words) {
  CategoryBits bits = 0;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const auto category = AclCatalogue::find_category(words.substr(0, end));
    CHECK(category.has_value());
    bits |= CategoryBits{1} << *category;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return bits;
}

ChannelWords channel_words(std::string_view name) {
  if (name == "subscribe") return ChannelWords::Channels;
  if (name == "psubscribe") return ChannelWords::Patterns;
  if (name == "publish") return ChannelWords::Target;
  return ChannelWords::None;
}

}  // namespace

AclCatalogue::AclCatalogue() {
  for (const Row& row : kRows) {
    AclCommand command{.name = row.name,
                       .categories = category_bits(row.categories),
                       .channels = channel_words(row.name),
                       .always = row.name == "auth" || row.name == "hello"};
    if (const std::size_t bar = row.name.find('|'); bar != std::string_view::npos) {
      command.container = find(row.name.substr(0, bar));
      CHECK(command.container.has_value());
      commands_[*command.container].subcommands.push_back(commands_.size());
    }
    commands_.push_back(std::move(command));
  }
  CHECK(commands_.size() <= kAclCommandsMax);
}

const AclCatalogue& AclCatalogue::instance() {
  static const AclCatalogue catalogue;
  return catalogue;
}

std::optional<CommandIndex> AclCatalogue::find(std::string_view full_name) const {
  for (const Follower& follower : kFollowers) {
    if (is_word(full_name, follower.name)) return find(follower.leader);
  }
  for (CommandIndex index = 0; index < commands_.size(); ++index) {
    if (is_word(full_name, commands_[index].name)) return index;
  }
  return std::nullopt;
}

std::optional<unsigned> AclCatalogue::find_category(std::string_view name) {
  for (unsigned category = 0; category < kAclCategories.size(); ++category) {
    if (is_word(name, kAclCategories[category])) return category;
  }
  return std::nullopt;
}

std::vector<std::string_view> AclCatalogue::names_in(unsigned category) const {
  const CategoryBits bit = CategoryBits{1} << category;
  std::vector<std::string_view> names;
  for (const AclCommand& command : commands_) {
    if (command.categories & bit) names.push_back(command.name);
  }
  for (const Follower& follower : kFollowers) {
    if (commands_[*find(follower.leader)].categories & bit) names.push_back(follower.name);
  }
  return names;
}

}  // namespace sentinel
