// The rule language, row by row as a running redis-sentinel 7.0 answered. Where
// its order of commands is a hash table's, ours is the alphabet's.
#include <gtest/gtest.h>

#include <sstream>

#include "sentinel/acl/users.h"

namespace sentinel {
namespace {

constexpr const char* kHash = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), {}};
}

struct Row {
  std::string rules;
  std::string description;
};

class GivenRules : public testing::TestWithParam<Row> {};

TEST_P(GivenRules, AreDescribedAsStockDescribesThem) {
  AclUsers users({.all_channels = false});
  const auto set = users.set("u", words_of(GetParam().rules));
  ASSERT_TRUE(set) << set.error();
  EXPECT_EQ(users.find("u")->describe(), GetParam().description);
}

TEST_P(GivenRules, GiveTheSameUserWhenTheDescriptionIsRead) {
  AclUsers users({.all_channels = false});
  const auto set = users.set("u", words_of(GetParam().description));
  ASSERT_TRUE(set) << set.error();
  EXPECT_EQ(users.find("u")->describe(), GetParam().description);
}

const std::string kHashOfP1 = "f64551fcd6f07823cb87971cfb91446425da18286b3ab1ef935e0cbd7a69f68a";

INSTANTIATE_TEST_SUITE_P(
    Rules, GivenRules,
    testing::Values(
        Row{"", "off resetchannels -@all"}, Row{"reset", "off sanitize-payload resetchannels -@all"},
        Row{"on ON", "on resetchannels -@all"}, Row{"on off", "off resetchannels -@all"},
        Row{"skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all"},
        Row{"on >p1", "on #" + kHashOfP1 + " resetchannels -@all"},
        Row{std::string("on >p1 >p2 #") + kHash + " <p2", "on #" + kHashOfP1 + " #" + kHash + " resetchannels -@all"},
        Row{"on nopass >p1", "on #" + kHashOfP1 + " resetchannels -@all"},
        Row{"on >p1 nopass", "on nopass resetchannels -@all"}, Row{"on >p1 resetpass", "on resetchannels -@all"},
        Row{"~a %R~b %W~c %RW~d %WR~e %R~f %W~f", "off ~a %R~b %W~c ~d ~e ~f resetchannels -@all"},
        Row{"~a ~*", "off ~* resetchannels -@all"}, Row{"allkeys resetkeys ~x", "off ~x resetchannels -@all"},
        Row{"%R", "off %R~ resetchannels -@all"}, Row{"&a &b &a", "off resetchannels &a &b -@all"},
        Row{"&a allchannels", "off &* -@all"}, Row{"&* resetchannels &x", "off resetchannels &x -@all"},
        Row{"+@all", "off resetchannels +@all"}, Row{"AllCommands", "off resetchannels +@all"},
        Row{"+@all -ping +ping", "off resetchannels +@all"}, Row{"+@all -@all", "off resetchannels -@all"},
        Row{"+@all -@dangerous", "off resetchannels +@all -@dangerous"},
        Row{"+@all -@dangerous +@admin", "off resetchannels +@all -info"},
        Row{"+@pubsub +ping", "off resetchannels -@all +@pubsub +ping"},
        Row{"+@pubsub +ping +sentinel|masters -sentinel|failover",
            "off resetchannels -@all +@pubsub +ping +sentinel|masters"},
        Row{"+SENTINEL|Masters", "off resetchannels -@all +sentinel|masters"},
        Row{"+auth +hello +ping", "off resetchannels -@all +@fast -publish -role"},
        Row{"+sentinel -sentinel|failover +@pubsub +ping",
            "off resetchannels -@all +@pubsub +@admin -acl|deluser -acl|dryrun -acl|getuser -acl|list -acl|load "
            "-acl|log -acl|save -acl|setuser -acl|users -client|kill -client|list -client|no-evict -client|pause "
            "-client|unblock -client|unpause +ping -role -sentinel|failover -shutdown"},
        Row{"+role|x +role|X +info|server", "off resetchannels -@all +info|server +role|x"},
        Row{"+role|x +role", "off resetchannels -@all +role"}, Row{"+role|x +role -role", "off resetchannels -@all"},
        Row{"+ping +ping|foo", "off resetchannels -@all +ping"},
        // What stock lacks follows what it has.
        Row{"+sentinel|explain", "off resetchannels -@all +sentinel|master"},
        Row{"+@all -sentinel|peer", "off resetchannels +@all -sentinel|is-master-down-by-addr"},
        Row{"(+ping ~x &y)", "off resetchannels -@all (~x resetchannels &y -@all +ping)"},
        Row{"( +ping %R~x )", "off resetchannels -@all (%R~x resetchannels -@all +ping)"},
        Row{"()", "off resetchannels -@all (resetchannels -@all)"},
        Row{"(+ping) (+info) clearselectors", "off resetchannels -@all"},
        Row{"(+ping) reset", "off sanitize-payload resetchannels -@all"}));

struct BadRow {
  std::vector<std::string> rules;
  std::string error;
};

TEST(BadRules, AreRefusedInStocksWordsAndChangeNothing) {
  const std::string keys =
      "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try "
      "'resetkeys' to start with an empty list of patterns";
  const std::string channels =
      "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try "
      "'resetchannels' to start with an empty list of channels";
  const std::string hash =
      "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
  const std::string no_password = "The password you are trying to remove from the user does not exist";
  const std::string unknown = "Unknown command or category name in ACL";
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows{
      {{"on", "foo"}, "Syntax error"},
      {{"on", "#abc"}, hash},
      {{"on", "!0f1e"}, hash},
      {{"on", "<p"}, no_password},
      {{"on", std::string("!") + kHash}, no_password},
      {{"~*", "~x"}, keys},
      {{"allkeys", "%R~x"}, keys},
      {{"allchannels", "&x"}, channels},
      {{"on", "%~b"}, "Syntax error"},
      {{"on", "%X~b"}, "Syntax error"},
      {{"on", "%RR~x"}, "Syntax error"},
      {{"on", "~a b"}, "Syntax error"},
      {{"on", "&a\nb"}, "Syntax error"},
      {{"on", "+"}, unknown},
      {{"on", "-"}, unknown},
      {{"on", "+@"}, unknown},
      {{"on", "-@foo"}, unknown},
      {{"on", "+get"}, unknown},
      {{"on", "+foo|bar"}, unknown},
      {{"on", "+sentinel|foo"}, unknown},
      {{"on", "-ping|x"}, unknown},
      {{"on", "+sentinel|"}, "Syntax error"},
      {{"on", "+ping|"}, "Syntax error"},
      {{"on", "+info|a\nuser evil on"}, "Syntax error"},
      {{"on", "+sentinel|master|x"}, "Allowing first-arg of a subcommand is not supported"},
      {{"on", "(+foo)"}, unknown},
      {{"on", "( >x )"}, "Syntax error"},
      {{"on", ")"}, "Syntax error"},
      {{"on", "~" + std::string(kAclRuleBytesMax, 'x')}, "More rules, or a longer one, than a user may have"},
  };
  for (const auto& [rules, error] : rows) {
    AclUsers users({.all_channels = false});
    ASSERT_TRUE(users.set("u", {"off", "+ping"}));
    const auto set = users.set("u", rules);
    ASSERT_FALSE(set) << rules.back();
    EXPECT_EQ(set.error(), "Error in ACL SETUSER modifier '" + rules.back() + "': " + error);
    EXPECT_EQ(users.find("u")->describe(), "off resetchannels -@all +ping");
  }
}

TEST(BadRules, OpenParenthesesAndNamesWithBlanksAreRefused) {
  AclUsers users({.all_channels = false});
  EXPECT_EQ(users.set("u", {"on", "(+ping", "~x"}).error(),
            "Unmatched parenthesis in acl selector starting at '(+ping'.");
  EXPECT_EQ(users.set("u", {"("}).error(), "Unmatched parenthesis in acl selector starting at '('.");
  EXPECT_EQ(users.set("a b", {"on"}).error(), "Usernames can't contain spaces or null characters");
  EXPECT_EQ(users.find("u"), nullptr);
}

TEST(Limits, HoldForWhatAUserMayHave) {
  AclUser user("u", {});
  for (std::size_t i = 0; i < kAclPasswordsMax; ++i) ASSERT_TRUE(user.apply(">" + std::to_string(i)));
  EXPECT_EQ(user.apply(">more").error(), AclError::TooMany);
  EXPECT_TRUE(user.apply(">0")) << "it is there";
  for (std::size_t i = 0; i < kAclPatternsMax; ++i) ASSERT_TRUE(user.apply("&" + std::to_string(i)));
  EXPECT_EQ(user.apply("&more").error(), AclError::TooMany);
  for (std::size_t i = 1; i < kAclSelectorsMax; ++i) ASSERT_TRUE(user.apply("(+ping)"));
  EXPECT_EQ(user.apply("(+ping)").error(), AclError::TooMany);
}

TEST(NewUsers, MayUseAllChannelsWhereThatIsTheDefault) {
  AclUsers users({.all_channels = true});
  ASSERT_TRUE(users.set("u", {}));
  EXPECT_EQ(users.find("u")->describe(), "off &* -@all");
  ASSERT_TRUE(users.set("u", {"resetchannels", "reset"}));
  EXPECT_EQ(users.find("u")->describe(), "off sanitize-payload &* -@all");
}

}  // namespace
}  // namespace sentinel
