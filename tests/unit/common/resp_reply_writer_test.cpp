#include "common/resp/reply_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace sentinel {
namespace {

template <typename Write>
std::string written(RespVersion version, Write write) {
  std::string out;
  ReplyWriter reply(out, version);
  write(reply);
  return out;
}

TEST(ReplyWriter, FramesOfBothProtocols) {
  struct Row {
    void (*write)(ReplyWriter&);
    std::string two;
    std::string three;
  };
  const Row rows[] = {
      {[](ReplyWriter& reply) { reply.simple("OK"); }, "+OK\r\n", "+OK\r\n"},
      {[](ReplyWriter& reply) { reply.error("ERR a\r\nb"); }, "-ERR a  b\r\n", "-ERR a  b\r\n"},
      {[](ReplyWriter& reply) { reply.integer(-42); }, ":-42\r\n", ":-42\r\n"},
      {[](ReplyWriter& reply) { reply.bulk(""); }, "$0\r\n\r\n", "$0\r\n\r\n"},
      {[](ReplyWriter& reply) { reply.bulk_number(std::numeric_limits<std::int64_t>::min()); },
       "$20\r\n-9223372036854775808\r\n", "$20\r\n-9223372036854775808\r\n"},
      {[](ReplyWriter& reply) { reply.null(); }, "$-1\r\n", "_\r\n"},
      {[](ReplyWriter& reply) { reply.null_array(); }, "*-1\r\n", "_\r\n"},
      {[](ReplyWriter& reply) { reply.array(3); }, "*3\r\n", "*3\r\n"},
      {[](ReplyWriter& reply) { reply.map(3); }, "*6\r\n", "%3\r\n"},
      {[](ReplyWriter& reply) { reply.set(3); }, "*3\r\n", "~3\r\n"},
      {[](ReplyWriter& reply) { reply.push(3); }, "*3\r\n", ">3\r\n"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(written(RespVersion::Two, row.write), row.two);
    EXPECT_EQ(written(RespVersion::Three, row.write), row.three);
  }
}

TEST(ReplyWriter, ABulkCarriesAnyBytes) {
  const std::string bytes("a\0\r\nb", 5);
  EXPECT_EQ(written(RespVersion::Two, [&](ReplyWriter& reply) { reply.bulk(bytes); }), "$5\r\n" + bytes + "\r\n");
}

}  // namespace
}  // namespace sentinel
