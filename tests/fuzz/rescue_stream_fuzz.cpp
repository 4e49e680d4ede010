// A replication stream of a server that may be anything: what is taken of it does not depend on how it is cut, keeps
// its limits, and is a rescue file that reads back.
#include "sentinel/rescue/rescued_units.h"
#include "sentinel/rescue/scribe.h"
#include "tests/fuzz/input.h"

namespace sentinel {
namespace {

constexpr std::uint64_t kFileBytesMax = 16 * 1024;
constexpr std::size_t kCommandBytesMax = 8 * 1024;

struct Taken {
  std::string text;
  std::string error;
  ScribeCounts counts;
};

Taken take(std::string_view stream, std::size_t piece) {
  Scribe scribe(3, {.file_bytes_max = kFileBytesMax, .command_bytes_max = kCommandBytesMax});
  Taken taken;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const auto done = scribe.take(stream.substr(at, piece));
    taken.text += scribe.text();
    if (done) continue;
    taken.error = done.error();
    break;
  }
  taken.counts = scribe.counts();
  return taken;
}

void check(std::string_view stream) {
  const Taken whole = take(stream, std::max<std::size_t>(1, stream.size()));
  CHECK(whole.text.size() <= kFileBytesMax);
  CHECK(whole.counts.stream_bytes <= stream.size());
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    if (piece == 1 && stream.size() > kEveryByteMax) continue;
    const Taken cut = take(stream, piece);
    CHECK(cut.text == whole.text && cut.error == whole.error);
    CHECK(cut.counts.commands == whole.counts.commands && cut.counts.keys == whole.counts.keys &&
          cut.counts.stream_bytes == whole.counts.stream_bytes);
  }
  if (!stream.empty()) {
    CHECK(whole.text.size() == whole.counts.file_bytes);
    const auto units = read_units(whole.text);
    CHECK(units.has_value());
    std::size_t commands = 0;
    for (const RescuedUnit& unit : *units) commands += unit.commands.size();
    CHECK(commands >= whole.counts.commands);
  }
  // Whatever stands before it, a SELECT at the end is found; but for a stream that is broken, or goes on inside of a
  // value.
  if (whole.error.empty() && whole.counts.stream_bytes == stream.size()) {
    const std::string selected = std::string(stream) + "*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n";
    CHECK(find_database(selected) == 7U);
  }
  find_database(stream.substr(0, kEveryByteMax));
}

}  // namespace
}  // namespace sentinel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sentinel::check(sentinel::text_of(data, size));
  return 0;
}
