#include "sentinel/rescue/rescued_units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sentinel/rescue/stream_parser.h"

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string command(const std::vector<std::string_view>& words) { return stream_command(words); }

TEST(RescuedUnits, are_single_writes_and_whole_transactions) {
  const auto units = read_units(command({"SELECT", "2"}) + command({"SET", "a", "1"}) + command({"MULTI"}) +
                                command({"INCR", "b"}) + command({"SELECT", "5"}) + command({"INCR", "b"}) +
                                command({"EXEC"}) + command({"DEL", "c", "d"}) + command({"FLUSHDB"}));
  ASSERT_TRUE(units) << units.error();
  ASSERT_EQ(units->size(), 4U);
  EXPECT_EQ((*units)[0].database, 2U);
  EXPECT_THAT((*units)[0].keys, ElementsAre(Pair(2U, "a")));
  EXPECT_THAT((*units)[1].keys, ElementsAre(Pair(2U, "b"), Pair(5U, "b")));
  EXPECT_THAT((*units)[1].commands,
              ElementsAre(ElementsAre("INCR", "b"), ElementsAre("SELECT", "5"), ElementsAre("INCR", "b")));
  EXPECT_EQ((*units)[2].database, 5U) << "a transaction's SELECT lasts";
  EXPECT_TRUE((*units)[3].whole_databases);
  EXPECT_FALSE((*units)[2].whole_databases);
}

TEST(RescuedUnits, refuse_what_is_cut_off_or_no_rescue_file) {
  const std::string whole = command({"SELECT", "0"}) + command({"SET", "a", "1"});
  EXPECT_TRUE(read_units(whole));
  EXPECT_EQ(read_units(whole.substr(0, whole.size() - 1)).error(), "the rescue file is cut off");
  EXPECT_EQ(read_units(whole + command({"MULTI"}) + command({"INCR", "b"})).error(), "the rescue file is cut off");
  EXPECT_THAT(read_units("REDIS0010").error(), HasSubstr("not a rescue file"));
  EXPECT_THAT(read_units("").value(), IsEmpty());
}

TEST(RescuedUnits, are_readable_whatever_is_in_them) {
  EXPECT_EQ(readable("plain", 100), "\"plain\"");
  EXPECT_EQ(readable("a\"b\\c\n\r\x01\x7f\xff", 100), "\"a\\\"b\\\\c\\n\\r\\x01\\x7f\\xff\"");
  EXPECT_EQ(readable("abcdef", 3), "\"abc\"...(6 bytes)");
}

}  // namespace
}  // namespace sentinel
