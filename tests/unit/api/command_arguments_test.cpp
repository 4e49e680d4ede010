#include "sentinel/api/command_arguments.h"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

using Arguments = std::vector<CommandArgument>;

TEST(CommandArguments, AreReadFromTheUsage) {
  EXPECT_EQ(arguments_of("MYID"), Arguments{});
  EXPECT_EQ(arguments_of("MONITOR <name> <ip> <port> <quorum>"),
            (Arguments{{.name = "name"}, {.name = "ip"}, {.name = "port"}, {.name = "quorum"}}));
  EXPECT_EQ(arguments_of("AUTH [username] password"),
            (Arguments{{.name = "username", .optional = true}, {.name = "password"}}));
  EXPECT_EQ(arguments_of("UNSUBSCRIBE [channel ...]"),
            (Arguments{{.name = "channel", .optional = true, .multiple = true}}));
}

TEST(CommandArguments, GroupsStayReadable) {
  EXPECT_EQ(arguments_of("HELLO [protover [AUTH username password] [SETNAME name]]"),
            (Arguments{{.name = "protover [AUTH username password] [SETNAME name]", .optional = true}}));
  EXPECT_EQ(arguments_of("SETINFO (LIB-NAME|LIB-VER) <value>"),
            (Arguments{{.name = "LIB-NAME|LIB-VER"}, {.name = "value"}}));
  EXPECT_EQ(arguments_of("SET <master-name> [<option> <value> ...]"),
            (Arguments{{.name = "master-name"}, {.name = "option value ...", .optional = true}}));
}

}  // namespace
}  // namespace sentinel
