// Hellos on a data node's channel, where anyone may publish: what is read
// keeps the limits, and reads as itself when it is written again.
#include "sentinel/core/hello.h"

#include "sentinel/core/limits.h"
#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

void check(std::string_view payload) {
  const auto hello = parse_hello(payload);
  if (!hello) return;
  CHECK(hello->id.value.size() == 40);
  CHECK(!hello->group.empty() && hello->group.size() <= kGroupNameBytesMax);
  for (const Endpoint& at : {hello->sentinel, hello->master}) {
    CHECK(!at.host.empty() && at.host.size() <= kHostBytesMax && at.port != 0);
  }
  const std::string written = format_hello(*hello);
  CHECK(written.size() <= payload.size());
  CHECK(parse_hello(written) == hello);
  // A field more or less is another message.
  CHECK(!parse_hello(written + ","));
  CHECK(!parse_hello(written.substr(0, written.rfind(','))));
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sentinel::check(sentinel::expand_runs(sentinel::text_of(data, size)));
  return 0;
}
