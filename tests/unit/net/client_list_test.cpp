#include "sentinel/net/client_list.h"

#include <gtest/gtest.h>

namespace sentinel {
namespace {

TEST(ClientList, TellsTheFieldsOfALine) {
  const std::string_view line = "id=7 addr=10.0.0.1:5000 name=a=b age=3 lib-name= resp=3";
  EXPECT_EQ(client_list_field(line, "id"), "7");
  EXPECT_EQ(client_list_field(line, "name"), "a=b");
  EXPECT_EQ(client_list_field(line, "resp"), "3");
  EXPECT_EQ(client_list_field(line, "lib-name"), "");
  EXPECT_EQ(client_list_field(line, "ad"), "") << "a part of a key is none";
  EXPECT_EQ(client_list_field(line, "user"), "");
  EXPECT_EQ(client_list_field("", "id"), "");
}

}  // namespace
}  // namespace sentinel
