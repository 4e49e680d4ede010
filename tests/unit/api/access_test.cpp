// Users at work on clients: replies byte for byte, as a running redis-sentinel
// 7.0 gave them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/api/table_fixture.h"

namespace sentinel {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kOk = "+OK\r\n";
constexpr const char* kWrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
constexpr const char* kNoChannel =
    "-NOPERM this user has no permissions to access one of the channels used as arguments\r\n";

std::string no_command(const std::string& name) {
  return "-NOPERM this user has no permissions to run the '" + name + "' command\r\n";
}

class AccessTest : public TableFixture {
 protected:
  // A client that is known to CLIENT LIST, and so to changes of users.
  struct Connected {
    Connected(AccessTest& test, std::uint64_t id)
        : client({.id = id, .address = "10.0.0.9:1", .local_address = {}, .descriptor = -1, .since = {}}), owner(test) {
      owner.clients().add(client);
      owner.table().connected(client);
    }
    ~Connected() {
      owner.table().disconnected(client);
      owner.clients().remove(client);
    }
    Client client;
    AccessTest& owner;
  };
};

TEST_F(AccessTest, EveryCommandOfTheTableHasAPermission) {
  for (const Command& command : table().commands()) {
    if (has_word(command.flags, "no_auth")) continue;
    EXPECT_TRUE(command.permission) << command.full_name << ": add it to sentinel/acl/catalogue.cpp";
    for (const Command& sub : command.subcommands) {
      EXPECT_TRUE(sub.permission) << sub.full_name << ": add it to sentinel/acl/catalogue.cpp";
    }
  }
}

TEST_F(AccessTest, CategoriesOfTheTableAreThoseOfTheCatalogue) {
  const AclCatalogue& catalogue = AclCatalogue::instance();
  const auto check = [&](const Command& command) {
    const auto index = catalogue.find(command.full_name);
    if (!index || catalogue.at(*index).name != command.full_name) return;  // It follows another one.
    CategoryBits bits = 0;
    for (const auto word : split_words(command.categories)) bits |= CategoryBits{1} << *catalogue.find_category(word);
    EXPECT_EQ(bits, catalogue.at(*index).categories) << command.full_name;
  };
  for (const Command& command : table().commands()) {
    check(command);
    for (const Command& sub : command.subcommands) check(sub);
  }
}

TEST_F(AccessTest, AUserMayDoWhatItsRulesSayAtOnce) {
  Connected admin(*this, 1);
  Connected user(*this, 2);
  EXPECT_EQ(ask(admin.client, "ACL SETUSER w on >pw"), kOk);
  EXPECT_EQ(ask(user.client, "AUTH w bad"), kWrong);
  EXPECT_EQ(ask(user.client, "ACL WHOAMI"), "$7\r\ndefault\r\n");
  EXPECT_EQ(ask(user.client, "AUTH w pw"), kOk);
  EXPECT_EQ(ask(user.client, "ACL WHOAMI"), no_command("acl|whoami"));
  EXPECT_EQ(ask(user.client, "SENTINEL MASTERS"), no_command("sentinel|masters"));
  EXPECT_EQ(ask(user.client, "SENTINEL GET-MASTER-ADDR-BY-NAME m"), no_command("sentinel|get-master-addr-by-name"));
  EXPECT_EQ(ask(user.client, "SENTINEL EXPLAIN m"), no_command("sentinel|explain"));
  EXPECT_EQ(ask(user.client, "SENTINEL PEER HELLO a b 1 1"), no_command("sentinel|peer"));
  EXPECT_EQ(ask(user.client, "SENTINEL FLUSHCONFIG"), no_command("sentinel|flushconfig"));
  EXPECT_EQ(ask(user.client, "SENTINEL"), "-ERR wrong number of arguments for 'sentinel' command\r\n");
  EXPECT_EQ(ask(user.client, "SENTINEL FOO"), "-ERR unknown subcommand 'FOO'. Try SENTINEL HELP.\r\n");
  EXPECT_THAT(ask(user.client, "HELLO 2"), StartsWith("*12\r\n"));
  EXPECT_EQ(ask(admin.client, "ACL SETUSER w +acl|whoami +sentinel|get-master-addr-by-name"), kOk);
  EXPECT_EQ(ask(user.client, "ACL WHOAMI"), "$1\r\nw\r\n");
  EXPECT_THAT(ask(user.client, "SENTINEL GET-MASTER-ADDR-BY-NAME m"), StartsWith("*2\r\n"));
  EXPECT_THAT(ask(user.client, "SENTINEL GET-PRIMARY-ADDR-BY-NAME m"), StartsWith("*2\r\n"));
  const int before = user_changes();
  EXPECT_EQ(ask(admin.client, "ACL SETUSER w on +acl|whoami"), kOk);
  EXPECT_EQ(user_changes(), before) << "nothing has changed";
  EXPECT_EQ(ask(admin.client, "ACL SETUSER w -@all"), kOk);
  EXPECT_EQ(user_changes(), before + 1) << "peers are users, too";
  ask(admin.client, "CLIENT KILL USER w");
  EXPECT_EQ(user_changes(), before + 2);
  EXPECT_TRUE(user.client.closing);
  EXPECT_EQ(ask(user.client, "ACL WHOAMI"), no_command("acl|whoami"));
}

TEST_F(AccessTest, TheDefaultUserCanBeRestrictedToo) {
  Connected admin(*this, 1);
  Connected other(*this, 2);
  EXPECT_EQ(ask(admin.client, "ACL SETUSER root on >r +@all &*"), kOk);
  EXPECT_EQ(ask(admin.client, "AUTH root r"), kOk);
  EXPECT_EQ(ask(admin.client, "ACL SETUSER default -@all +ping"), kOk);
  EXPECT_EQ(ask(other.client, "SENTINEL GET-MASTER-ADDR-BY-NAME m"), no_command("sentinel|get-master-addr-by-name"));
  EXPECT_EQ(ask(other.client, "PING"), "+PONG\r\n");
  EXPECT_EQ(ask(admin.client, "ACL SETUSER default off"), kOk);
  EXPECT_EQ(ask(other.client, "PING"), "+PONG\r\n") << "who is in stays in";
  Connected late(*this, 3);
  EXPECT_EQ(ask(late.client, "PING"), "-NOAUTH Authentication required.\r\n");
  EXPECT_THAT(ask(late.client, "HELLO 3"), StartsWith("-NOAUTH HELLO must be called with the client already"));
  EXPECT_THAT(ask(late.client, "HELLO 3 AUTH root r"), StartsWith("%6\r\n"));
  EXPECT_EQ(ask(late.client, "RESET"), "+RESET\r\n");
  EXPECT_EQ(ask(late.client, "PING"), "-NOAUTH Authentication required.\r\n");
}

TEST_F(AccessTest, ChannelsAreThoseOfTheUser) {
  Connected admin(*this, 1);
  Connected user(*this, 2);
  ask(admin.client, "ACL SETUSER w on nopass +subscribe +psubscribe +publish &ok* &lit");
  ask(user.client, "AUTH w x");
  EXPECT_EQ(ask(user.client, "PUBLISH __sentinel__:hello x"), kNoChannel);
  EXPECT_EQ(ask(user.client, "PSUBSCRIBE okx"), kNoChannel);
  EXPECT_EQ(ask(user.client, "SUBSCRIBE okx nope"), kNoChannel);
  EXPECT_FALSE(user.client.subscribed());
  EXPECT_THAT(ask(user.client, "SUBSCRIBE okx lit"), StartsWith("*3\r\n"));
  EXPECT_THAT(ask(user.client, "PSUBSCRIBE ok*"), StartsWith("*3\r\n"));
}

TEST_F(AccessTest, WhoListensToWhatItsUserMayNoLongerHearIsClosed) {
  Connected admin(*this, 1);
  Connected reader(*this, 2);
  Connected other(*this, 3);
  ask(admin.client, "ACL SETUSER w on nopass +subscribe &a &b");
  ask(reader.client, "AUTH w x");
  ask(other.client, "AUTH w x");
  ask(reader.client, "SUBSCRIBE a b");
  ask(other.client, "SUBSCRIBE b");
  ask(admin.client, "ACL SETUSER w &c");
  EXPECT_FALSE(reader.client.closing || other.client.closing);
  ask(admin.client, "ACL SETUSER w resetchannels &b");
  EXPECT_TRUE(reader.client.closing);
  EXPECT_FALSE(other.client.closing);
}

TEST_F(AccessTest, ClientsOfARemovedUserAreClosed) {
  Connected admin(*this, 1);
  Connected user(*this, 2);
  Connected self(*this, 3);
  ask(admin.client, "ACL SETUSER w on nopass +@all &*");
  ask(user.client, "AUTH w x");
  ask(self.client, "AUTH w x");
  EXPECT_EQ(ask(self.client, "ACL DELUSER w nobody"), ":1\r\n");
  EXPECT_TRUE(user.client.closing);
  EXPECT_FALSE(self.client.closing);
  EXPECT_TRUE(self.client.close_after_replies) << "it gets its reply first";
  EXPECT_FALSE(admin.client.closing);
  EXPECT_EQ(ask(admin.client, "ACL DELUSER default"), "-ERR The 'default' user cannot be removed\r\n");
  EXPECT_EQ(ask(admin.client, "ACL USERS"), "*1\r\n$7\r\ndefault\r\n");
}

TEST_F(AccessTest, AnsweredRepliesAreStocks) {
  struct Row {
    std::string_view request;
    std::string reply;
  };
  const std::vector<Row> rows{
      {"ACL LIST", "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"},
      {"ACL GETUSER nope", "$-1\r\n"},
      {"ACL GETUSER default",
       "*12\r\n$5\r\nflags\r\n*2\r\n$2\r\non\r\n$6\r\nnopass\r\n$9\r\npasswords\r\n*0\r\n$8\r\ncommands\r\n$5\r\n+@all"
       "\r\n$4\r\nkeys\r\n$2\r\n~*\r\n$8\r\nchannels\r\n$2\r\n&*\r\n$9\r\nselectors\r\n*0\r\n"},
      {"ACL CAT foo", "-ERR Unknown category 'foo'\r\n"},
      {"ACL CAT pubsub",
       "*5\r\n$10\r\npsubscribe\r\n$7\r\npublish\r\n$12\r\npunsubscribe\r\n$9\r\nsubscribe\r\n$11\r\nunsubscribe\r\n"},
      {"ACL CAT x y", "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.\r\n"},
      {"ACL DRYRUN nope ping", "-ERR User 'nope' not found\r\n"},
      {"ACL DRYRUN default foo", "-ERR Command 'foo' not found\r\n"},
      {"ACL DRYRUN default sentinel foo", "-ERR Command 'sentinel' not found\r\n"},
      {"ACL DRYRUN default sentinel", "-ERR wrong number of arguments for 'sentinel' command\r\n"},
      {"ACL DRYRUN default ping a b c", "+OK\r\n"},
      {"ACL DRYRUN default", "-ERR wrong number of arguments for 'acl|dryrun' command\r\n"},
      {"ACL GENPASS 0",
       "-ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to "
       "4096\r\n"},
      {"ACL GENPASS x", "-ERR value is not an integer or out of range\r\n"},
      {"ACL LOG", "*0\r\n"},
      {"ACL LOG x", "-ERR value is not an integer or out of range\r\n"},
      {"ACL LOG -1", "*0\r\n"},
      {"ACL LOG 1 2", "-ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.\r\n"},
      {"ACL LOG reset", "+OK\r\n"},
      {"ACL FOO", "-ERR unknown subcommand 'FOO'. Try ACL HELP.\r\n"},
      {"ACL SETUSER u +get", "-ERR Error in ACL SETUSER modifier '+get': Unknown command or category name in ACL\r\n"},
      {"ACL SETUSER u (+ping", "-ERR Unmatched parenthesis in acl selector starting at '(+ping'.\r\n"},
      {"CLIENT KILL USER nobody", "-ERR No such user 'nobody'\r\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(ask(row.request), row.reply) << row.request;
  EXPECT_THAT(ask("ACL SAVE"), StartsWith("-ERR This Redis instance is not configured to use an ACL file."));
  EXPECT_THAT(ask("ACL LOAD"), StartsWith("-ERR This Redis instance is not configured to use an ACL file."));
  EXPECT_THAT(ask("ACL HELP"), StartsWith("*29\r\n+ACL <subcommand>"));
  EXPECT_THAT(ask("ACL GENPASS"), StartsWith("$64\r\n"));
  EXPECT_THAT(ask("ACL GENPASS 5"), StartsWith("$2\r\n"));
}

TEST_F(AccessTest, RESP3HasMapsAndSets) {
  Connected admin(*this, 1);
  ask(admin.client, "HELLO 3");
  ask(admin.client, "ACL SETUSER w on (+ping &x)");
  EXPECT_EQ(ask(admin.client, "ACL GETUSER w"),
            "%6\r\n$5\r\nflags\r\n~1\r\n$2\r\non\r\n$9\r\npasswords\r\n*0\r\n$8\r\ncommands\r\n$5\r\n-@all\r\n$4\r\n"
            "keys\r\n$0\r\n\r\n$8\r\nchannels\r\n$0\r\n\r\n$9\r\nselectors\r\n*1\r\n%3\r\n$8\r\ncommands\r\n$11\r\n-"
            "@all +ping\r\n$4\r\nkeys\r\n$0\r\n\r\n$8\r\nchannels\r\n$2\r\n&x\r\n");
  ask(admin.client, "AUTH w wrong");
  EXPECT_THAT(ask(admin.client, "ACL LOG"),
              StartsWith("*1\r\n%7\r\n$5\r\ncount\r\n:1\r\n$6\r\nreason\r\n$4\r\nauth\r\n$7\r\ncontext\r\n$8\r\n"
                         "toplevel\r\n$6\r\nobject\r\n$4\r\nAUTH\r\n$8\r\nusername\r\n$1\r\nw\r\n$11\r\nage-seconds\r\n"
                         ",0\r\n$11\r\nclient-info\r\n$"));
}

TEST_F(AccessTest, RefusalsAreLoggedTheLatestFirst) {
  Connected admin(*this, 1);
  Connected user(*this, 2);
  ask(admin.client, "ACL SETUSER w on >pw +publish");
  for (const char* request : {"AUTH w a", "auth w b", "AUTH w c", "AUTH w pw", "PING", "PUBLISH x y", "PING"}) {
    ask(user.client, request);
  }
  const std::string log = ask(admin.client, "ACL LOG");
  EXPECT_THAT(log, StartsWith("*4\r\n*14\r\n$5\r\ncount\r\n:2\r\n$6\r\nreason\r\n$7\r\ncommand\r\n"));
  EXPECT_LT(log.find("ping"), log.find("$7\r\nchannel\r\n"));
  EXPECT_THAT(log, HasSubstr("$6\r\nobject\r\n$1\r\nx\r\n"));
  EXPECT_LT(log.find("$6\r\nobject\r\n$4\r\nAUTH\r\n"), log.find("$6\r\nobject\r\n$4\r\nauth\r\n"));
  EXPECT_THAT(log, HasSubstr("addr=10.0.0.9:1 "));
  EXPECT_THAT(log, HasSubstr(" user=w "));
  EXPECT_THAT(ask(admin.client, "ACL LOG 1"), StartsWith("*1\r\n"));
  EXPECT_EQ(ask(admin.client, "ACL LOG RESET"), kOk);
  EXPECT_EQ(ask(admin.client, "ACL LOG"), "*0\r\n");
}

TEST_F(AccessTest, ProtectedModeTurnsStrangersAwayUntilThereIsAPassword) {
  CommandOptions options;
  options.access.protected_mode = true;
  start(options);
  EXPECT_THAT(std::string(table().denial(false)), StartsWith("DENIED Redis is running in protected mode"));
  EXPECT_EQ(table().denial(true), "");
  ask("ACL SETUSER default >x");
  EXPECT_EQ(table().denial(false), "");
}

class AclFileTest : public AccessTest {
 protected:
  AclFileTest() {
    char name[] = "/tmp/vigil-acl-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ + "/users.acl";
  }
  ~AclFileTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& text) { std::ofstream(path_) << text; }
  std::string read() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  Result<void> start_with_file() {
    CommandOptions options;
    options.access.file = path_;
    start(options);
    return table().access().start();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(AclFileTest, IsLoadedChangedAndSaved) {
  write("user al on nopass +ping\n");
  ASSERT_TRUE(start_with_file());
  Connected admin(*this, 1);
  EXPECT_EQ(ask(admin.client, "ACL SETUSER zed on &a +ping"), kOk);
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(ask(admin.client, "ACL SAVE"), kOk);
  EXPECT_EQ(read(),
            "user al on nopass resetchannels -@all +ping\nuser default on nopass ~* &* +@all\nuser zed on "
            "resetchannels &a -@all +ping\n");
  struct stat facts {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0640U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "nothing is left behind";
  ask(admin.client, "ACL SETUSER zed -ping");
  EXPECT_EQ(ask(admin.client, "ACL LOAD"), kOk);
  EXPECT_THAT(ask(admin.client, "ACL LIST"), HasSubstr("user zed on resetchannels &a -@all +ping\r\n"));
}

TEST_F(AclFileTest, LoadClosesWhoseUserIsGoneAndNobodyElse) {
  write("user al on nopass +ping\nuser bo on nopass +ping\n");
  ASSERT_TRUE(start_with_file());
  Connected admin(*this, 1);
  Connected al(*this, 2);
  Connected bo(*this, 3);
  ask(al.client, "AUTH al x");
  ask(bo.client, "AUTH bo x");
  write("user bo on nopass +role\n");
  EXPECT_EQ(ask(admin.client, "ACL LOAD"), kOk);
  EXPECT_TRUE(al.client.closing);
  EXPECT_FALSE(bo.client.closing);
  EXPECT_EQ(ask(bo.client, "PING"), no_command("ping"));
}

TEST_F(AclFileTest, AWrongOneChangesNothing) {
  write("user al on nopass +ping\n");
  ASSERT_TRUE(start_with_file());
  write("user al off\nuser bo +foo\n");
  EXPECT_EQ(ask("ACL LOAD"),
            "-ERR " + path_ +
                ":2: Error in applying operation '+foo': Unknown command or category name in ACL. WARNING: ACL errors "
                "detected, no change to the previously active ACL rules was performed\r\n");
  EXPECT_THAT(ask("ACL LIST"), HasSubstr("user al on nopass"));
  EXPECT_FALSE(start_with_file());
  std::filesystem::remove(path_);
  EXPECT_EQ(ask("ACL LOAD"), "-ERR Error loading ACLs, opening file '" + path_ + "': No such file or directory\r\n");
}

TEST_F(AclFileTest, ThatCannotBeWrittenIsAnError) {
  write("user al on\n");
  ASSERT_TRUE(start_with_file());
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(ask("ACL SAVE"),
            "-ERR There was an error trying to save the ACLs. Please check the server logs for more information\r\n");
}

}  // namespace
}  // namespace sentinel
