#include "sentinel/ctl/fields.h"

#include <gtest/gtest.h>

#include "replies.h"

namespace sentinel {
namespace {

using testing::array;
using testing::bulk;
using testing::integer;
using testing::words;

TEST(Fields, ReadsPairsFromAFlatArray) {
  const auto fields = to_fields(words({"name", "m1", "ip", "10.0.0.1", "port", "6379", "flags", "s_down,master"}));

  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->text("name"), "m1");
  EXPECT_EQ(fields->number("port"), 6379);
  EXPECT_EQ(fields->endpoint(), (Endpoint{"10.0.0.1", 6379}));
  EXPECT_TRUE(fields->has_flag("s_down"));
  EXPECT_FALSE(fields->has_flag("down"));
}

TEST(Fields, ReadsIntegersAsNumbersAndAsText) {
  const auto fields = to_fields(array({bulk("epoch"), integer(7), bulk("odd"), bulk("7x")}));

  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->number("epoch"), 7);
  EXPECT_EQ(fields->text("epoch"), "7");
  EXPECT_EQ(fields->number("odd"), std::nullopt);
  EXPECT_EQ(fields->number("missing"), std::nullopt);
}

TEST(Fields, RefusesWhatAreNoPairs) {
  EXPECT_FALSE(to_fields(words({"name"})));
  EXPECT_FALSE(to_fields(integer(1)));
  EXPECT_FALSE(to_fields(array({integer(1), bulk("x")})));
  EXPECT_FALSE(to_field_list(array({bulk("not a map")})));
}

TEST(Fields, AnAddressNeedsAHostAndAPort) {
  EXPECT_EQ(*to_endpoint(words({"::1", "6379"})), (Endpoint{"::1", 6379}));
  EXPECT_FALSE(to_endpoint(words({"", "6379"})));
  EXPECT_FALSE(to_endpoint(words({"10.0.0.1", "0"})));
  EXPECT_FALSE(to_endpoint(words({"10.0.0.1", "65536"})));
  EXPECT_FALSE(to_endpoint(Reply{}));  // Null: the group is unknown.
}

TEST(Fields, ReadsInfoWithoutItsHeadings) {
  const Fields info =
      parse_info("# Replication\r\nrole:master\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=12\r\n");

  EXPECT_EQ(info.text("role"), "master");
  EXPECT_EQ(info.entries().size(), 2u);
  EXPECT_EQ(parse_info_list(info.text("slave0")).number("offset"), 12);
}

}  // namespace
}  // namespace sentinel
