#include "sentinel/rescue/scribe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sentinel/rescue/command_effect.h"

namespace sentinel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

using Words = std::vector<std::string_view>;

std::string command(const Words& words) { return stream_command(words); }

TEST(Scribe, writes_what_was_written_behind_a_select) {
  Scribe scribe(3, {});
  const std::string set = command({"SET", "k", "v"});
  ASSERT_TRUE(scribe.take(command({"PING"}) + set + command({"REPLCONF", "GETACK", "*"})));
  EXPECT_EQ(scribe.text(), command({"SELECT", "3"}) + set);
  EXPECT_EQ(scribe.counts().commands, 1U);
  EXPECT_THAT(scribe.counts().databases, ElementsAre(Pair(3U, 1U)));
  ASSERT_TRUE(scribe.take(command({"PUBLISH", "news", "x"}) + command({"SELECT", "0"}) + set));
  EXPECT_EQ(scribe.text(), command({"SELECT", "0"}) + set);
  EXPECT_THAT(scribe.counts().databases, ElementsAre(Pair(0U, 1U), Pair(3U, 1U)));
  EXPECT_EQ(scribe.counts().messages, 1U);
  EXPECT_EQ(scribe.counts().keys, 2U) << "a key of another database is another key";
}

TEST(Scribe, counts_no_commands_where_the_link_only_kept_itself_alive) {
  Scribe scribe(0, {});
  ASSERT_TRUE(scribe.take(command({"PING"}) + command({"PING"})));
  EXPECT_EQ(scribe.counts().commands, 0U);
  EXPECT_EQ(scribe.counts().stream_bytes, 2 * command({"PING"}).size());
}

TEST(Scribe, holds_a_transaction_back_until_it_is_whole) {
  Scribe scribe(0, {});
  const std::string before = command({"INCR", "a"});
  const std::string open = command({"MULTI"}) + command({"INCR", "b"});
  ASSERT_TRUE(scribe.take(before + open));
  EXPECT_EQ(scribe.text(), command({"SELECT", "0"}) + before);
  EXPECT_EQ(scribe.counts().commands, 1U);
  EXPECT_EQ(scribe.counts().stream_bytes, before.size());
  ASSERT_TRUE(scribe.take(command({"EXEC"})));
  EXPECT_EQ(scribe.text(), open + command({"EXEC"}));
  EXPECT_EQ(scribe.counts().commands, 2U);
  EXPECT_EQ(scribe.counts().transactions, 1U);
}

TEST(Scribe, stops_at_its_limit_and_keeps_what_it_has) {
  Scribe scribe(0, {.file_bytes_max = 100});
  std::string stream;
  for (int i = 0; i < 10; ++i) stream += command({"INCR", "n"});
  const auto taken = scribe.take(stream);
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error(), HasSubstr("more than 100 bytes"));
  const std::string text = scribe.text();
  EXPECT_EQ(text.size(), scribe.counts().file_bytes);
  EXPECT_LE(text.size(), 100U);
  EXPECT_EQ(scribe.counts().commands, 3U);
  EXPECT_EQ(scribe.counts().stream_bytes, 3 * command({"INCR", "n"}).size());
}

TEST(Scribe, keeps_what_came_before_a_stream_that_breaks) {
  Scribe scribe(0, {});
  const auto taken = scribe.take(command({"INCR", "n"}) + "rubbish");
  ASSERT_FALSE(taken);
  EXPECT_EQ(scribe.counts().commands, 1U);
  EXPECT_EQ(scribe.text(), command({"SELECT", "0"}) + command({"INCR", "n"}));
}

TEST(CommandEffect, knows_the_keys_that_a_command_changes) {
  EXPECT_THAT(keys_of(Words{"SET", "k", "v"}), ElementsAre("k"));
  EXPECT_THAT(keys_of(Words{"del", "a", "b"}), ElementsAre("a", "b"));
  EXPECT_THAT(keys_of(Words{"MSET", "a", "1", "b", "2"}), ElementsAre("a", "b"));
  EXPECT_THAT(keys_of(Words{"RENAME", "a", "b"}), ElementsAre("a", "b"));
  EXPECT_THAT(keys_of(Words{"COPY", "a", "b"}), ElementsAre("b"));
  EXPECT_THAT(keys_of(Words{"SORT", "a", "LIMIT", "0", "1", "STORE", "b"}), ElementsAre("b"));
  EXPECT_THAT(keys_of(Words{"EVAL", "return 1", "2", "a", "b", "c"}), ElementsAre("a", "b"));
  EXPECT_THAT(keys_of(Words{"EVAL", "return 1", "200", "a"}), IsEmpty());
  EXPECT_THAT(keys_of(Words{"XGROUP", "CREATE", "stream", "g", "$"}), ElementsAre("stream"));
  EXPECT_THAT(keys_of(Words{"FLUSHALL"}), IsEmpty());
  EXPECT_THAT(keys_of(Words{"DEL"}), IsEmpty());
  EXPECT_THAT(keys_of(Words{"module.write", "k"}), ElementsAre("k")) << "unknown: the word behind the name";
}

}  // namespace
}  // namespace sentinel
