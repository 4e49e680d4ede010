#include <gtest/gtest.h>

#include <sstream>

#include "sentinel/acl/acl_file.h"
#include "sentinel/acl/acl_log.h"
#include "sentinel/acl/password.h"
#include "sentinel/acl/users.h"

namespace sentinel {
namespace {

Verdict judge(const AclUser& user, const std::vector<std::string_view>& words) {
  std::string name(words[0]);
  auto index = AclCatalogue::instance().find(name);
  if (index && !AclCatalogue::instance().at(*index).subcommands.empty() && words.size() > 1) {
    index = AclCatalogue::instance().find(name + "|" + std::string(words[1]));
  }
  return user.judge(index.value(), words);
}

AclUser user_of(const std::vector<std::string>& rules) {
  AclUser user("u", {});
  for (const std::string& rule : rules) EXPECT_TRUE(user.apply(rule)) << rule;
  return user;
}

constexpr Verdict kAllowed{};
constexpr Verdict kNoCommand{.denial = Denial::Command};
constexpr Verdict channel(std::size_t word) { return {.denial = Denial::Channel, .word = word}; }

TEST(Permissions, AreThoseOfTheRules) {
  const AclUser user = user_of({"+@pubsub", "+sentinel", "-sentinel|failover", "+info|server", "&ok*", "&lit"});
  EXPECT_EQ(judge(user, {"ping"}), kNoCommand);
  EXPECT_EQ(judge(user, {"auth", "x"}), kAllowed) << "always";
  EXPECT_EQ(judge(user, {"hello"}), kAllowed);
  EXPECT_EQ(judge(user, {"sentinel", "masters"}), kAllowed);
  EXPECT_EQ(judge(user, {"sentinel", "help"}), kAllowed);
  EXPECT_EQ(judge(user, {"sentinel", "failover", "m"}), kNoCommand);
  EXPECT_EQ(judge(user, {"sentinel", "explain", "m"}), kAllowed);
  EXPECT_EQ(judge(user, {"info"}), kNoCommand);
  EXPECT_EQ(judge(user, {"info", "SERVER"}), kAllowed);
  EXPECT_EQ(judge(user, {"info", "sentinel"}), kNoCommand);
  EXPECT_EQ(judge(user, {"subscribe", "okay", "lit"}), kAllowed);
  EXPECT_EQ(judge(user, {"subscribe", "okay", "no", "never"}), channel(2));
  EXPECT_EQ(judge(user, {"psubscribe", "ok*"}), kAllowed);
  EXPECT_EQ(judge(user, {"psubscribe", "okay"}), channel(1)) << "a pattern must be one of ours, literally";
  EXPECT_EQ(judge(user, {"unsubscribe", "no"}), kAllowed);
  EXPECT_EQ(judge(user, {"publish", "no", "x"}), channel(1));
  EXPECT_EQ(judge(user, {"publish", "ok", "no"}), kAllowed);
}

TEST(Permissions, OfOneSelectorAreEnoughAndTheNearestDenialIsTold) {
  const AclUser user = user_of({"+ping", "(+subscribe &a)", "(+subscribe &b)"});
  EXPECT_EQ(judge(user, {"subscribe", "b"}), kAllowed);
  EXPECT_EQ(judge(user, {"subscribe", "a", "b"}), channel(2)) << "no selector has both";
  EXPECT_EQ(judge(user, {"publish", "a", "x"}), kNoCommand);
  EXPECT_FALSE(user.unrestricted());
}

TEST(Permissions, OfAnAlmightyUserEndWithTheFirstRestriction) {
  EXPECT_TRUE(user_of({"+@all", "&*"}).unrestricted());
  EXPECT_FALSE(user_of({"+@all"}).unrestricted()) << "not on every channel";
  EXPECT_FALSE(user_of({"+@all", "&*", "-shutdown"}).unrestricted());
  EXPECT_TRUE(AclUsers({}).default_user()->unrestricted());
}

TEST(Passwords, AreAcceptedOfUsersThatAreOn) {
  AclUsers users({});
  ASSERT_TRUE(users.set("a", {"on", ">one", ">two"}));
  EXPECT_NE(users.authenticate("a", "one"), nullptr);
  EXPECT_NE(users.authenticate("a", "two"), nullptr);
  for (const char* wrong : {"", "on", "onee", "One", "three"}) EXPECT_EQ(users.authenticate("a", wrong), nullptr);
  EXPECT_EQ(users.authenticate("b", "one"), nullptr);
  ASSERT_TRUE(users.set("a", {"off"}));
  EXPECT_EQ(users.authenticate("a", "one"), nullptr);
  ASSERT_TRUE(users.set("a", {"on", "resetpass"}));
  EXPECT_EQ(users.authenticate("a", ""), nullptr) << "no password is not any password";
  ASSERT_TRUE(users.set("a", {"nopass"}));
  EXPECT_NE(users.authenticate("a", "anything"), nullptr);
}

TEST(Passwords, AreKeptAsTheirHash) {
  EXPECT_EQ(hash_password("foo"), "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
  EXPECT_TRUE(is_password_hash(hash_password("")));
  EXPECT_FALSE(is_password_hash(std::string(64, 'A')));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  for (const char* other : {"", "ab", "abcd", "abd", "xbc"}) EXPECT_FALSE(equal_in_constant_time(other, "abc"));
}

TEST(Users, TheDefaultUserHasThePasswordOfRequirepass) {
  AclUsers users({});
  EXPECT_FALSE(users.authentication_needed());
  users.set_default_password("foo");
  EXPECT_TRUE(users.authentication_needed());
  EXPECT_EQ(users.lines(), (std::vector<std::string>{"user default on #" + hash_password("foo") + " ~* &* +@all"}));
  users.set_default_password("");
  EXPECT_EQ(users.lines(), (std::vector<std::string>{"user default on nopass ~* &* +@all"}));
}

TEST(Users, LinesOfAConfigurationDefineThem) {
  AclUsers users({});
  users.set_default_password("bar");
  ASSERT_TRUE(users.define({{"al", {"on", "+ping", "(", "+info", "~x)"}}, {"default", {"on", ">foo", "+@all", "&x"}}}));
  EXPECT_EQ(users.lines(), (std::vector<std::string>{
                               "user al on resetchannels -@all +ping (~x resetchannels -@all +info)",
                               "user default on sanitize-payload #" + hash_password("foo") + " resetchannels &x +@all",
                           }));
}

TEST(Users, BadLinesOfAConfigurationDefineNothing) {
  const std::vector<std::pair<std::vector<UserLine>, std::string>> rows{
      {{{"al", {"on"}}, {"bo", {"+foo"}}},
       "Error loading ACL rule '+foo' for the user named 'bo': Unknown command or category name in ACL"},
      {{{"al", {"on"}}, {"al", {"off"}}},
       "Error in user declaration 'al': Duplicate user found. A user can only be defined once in config files"},
      {{{"a l", {"on"}}}, "Spaces not allowed in ACL usernames"},
      {{{"al", {"(+ping"}}}, "Error in user declaration 'al': Unmatched parenthesis in acl selector"},
      {{{"al", {"<secret"}}},
       "Error loading ACL rule '<***' for the user named 'al': The password you are trying to remove from the user "
       "does not exist"},
  };
  for (const auto& [lines, error] : rows) {
    AclUsers users({});
    EXPECT_EQ(users.define(lines).error(), error);
    EXPECT_EQ(users.lines().size(), 1U);
  }
}

TEST(Users, ThatAFileReplacesStayTheSameObjects) {
  AclUsers users({});
  users.set_default_password("foo");
  ASSERT_TRUE(users.set("stays", {"on"}));
  ASSERT_TRUE(users.set("goes", {"on"}));
  const auto stays = users.find("stays");
  auto read = read_acl_text("user stays off +ping\nuser comes on\n", "f", {});
  ASSERT_TRUE(read);
  const auto removed = users.replace(std::move(*read));
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed[0]->name(), "goes");
  EXPECT_EQ(users.find("stays"), stays);
  EXPECT_EQ(stays->describe(), "off resetchannels -@all +ping");
  EXPECT_TRUE(users.authentication_needed()) << "a file that says nothing of it does not open the door";
  EXPECT_EQ(users.find("default"), users.default_user());
}

TEST(AclFile, TellsEverythingThatIsWrongWithIt) {
  const char* const text =
      "user default on nopass ~* &* +@all\n"
      "user alice on >pw +ping foo\n"
      "user bob on +@nope\n"
      "user alice on\n"
      "user\n"
      "usr carol\n"
      "user dave on (+ping\n"
      "\n"
      "  user erin ( +foo ) +bar ~* ~x\r\n";
  EXPECT_EQ(read_acl_text(text, "/f", {}).error(),
            "/f:2: Syntax error. /f:3: Error in applying operation '+@nope': Unknown command or category name in ACL. "
            "WARNING: Duplicate user 'alice' found on line 4. /f:5 should start with user keyword followed by the "
            "username. /f:6 should start with user keyword followed by the username. /f:7: Unmatched parenthesis in "
            "selector definition. /f:9: Error in applying operation '( +foo )': Unknown command or category name in "
            "ACL. /f:9: Error in applying operation '+bar': Unknown command or category name in ACL. /f:9: Adding a "
            "pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try "
            "'resetkeys' to start with an empty list of patterns. WARNING: ACL errors detected, no change to the "
            "previously active ACL rules was performed");
}

TEST(AclFile, IsReadAsItWasWritten) {
  AclUsers users({});
  ASSERT_TRUE(users.set("a", {"on", ">x", "&a", "+@all", "-@dangerous", "(+info", "%R~k)"}));
  std::string text;
  for (const std::string& line : users.lines()) text += line + "\n";
  auto read = read_acl_text(text, "f", {});
  ASSERT_TRUE(read) << read.error();
  AclUsers again({});
  again.replace(std::move(*read));
  EXPECT_EQ(again.lines(), users.lines());
}

TEST(AclLogTest, JoinsEqualRefusalsOfAMinuteAndForgetsTheOldest) {
  AclLog log(2);
  const TimePoint start{Millis{1000}};
  const auto entry = [&](const char* object, TimePoint at) {
    return AclLogEntry{.reason = AclLogReason::Command, .object = object, .user = "u", .client = "c", .at = at};
  };
  log.add(entry("a", start));
  log.add(entry("b", start));
  log.add(entry("a", start + Millis{60'000}));
  ASSERT_EQ(log.entries().size(), 2U);
  EXPECT_EQ(log.entries().front().object, "a");
  EXPECT_EQ(log.entries().front().count, 2U);
  log.add(entry("a", start + Millis{120'001}));
  ASSERT_EQ(log.entries().size(), 2U);
  EXPECT_EQ(log.entries().front().count, 1U);
  EXPECT_EQ(log.entries().back().count, 2U) << "b was the oldest";
  AclLogEntry other = entry("a", start + Millis{120'002});
  other.user = std::string(10'000, 'x');
  log.add(other);
  EXPECT_EQ(log.entries().front().user.size(), kAclLogNameBytesMax);
  EXPECT_EQ(log.entries().front().count, 1U);
}

}  // namespace
}  // namespace sentinel
