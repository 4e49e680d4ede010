// What the fuzz targets share. A target reads one input and CHECKs properties
// of the parser it belongs to: that it does not crash is the least of them.
//
//   for (const Cut cut : kCuts) CHECK(parse(bytes, cut) == whole);
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/rng.h"

namespace sentinel {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline constexpr std::size_t kExpandedBytesMax = 72 * 1024;  // Lines end at 64 KiB.
inline constexpr char kRunMark = '\xff';                     // Rare in what the parsers read.

// The input with its runs written out: kRunMark, a byte c, and a count of two
// bytes stand for c repeated. So an input of ten bytes reaches a limit of 64 KiB.
inline std::string expand_runs(std::string_view input) {
  std::string text;
  for (std::size_t at = 0; at < input.size(); ++at) {
    if (input[at] != kRunMark || input.size() - at < 4) {
      text += input[at];
      continue;
    }
    const std::size_t count =
        static_cast<unsigned char>(input[at + 2]) * std::size_t{256} + static_cast<unsigned char>(input[at + 3]);
    text.append(count, input[at + 1]);
    at += 3;
    if (text.size() > kExpandedBytesMax) break;
  }
  text.resize(std::min(text.size(), kExpandedBytesMax));
  return text;
}

// How a stream arrives. The pieces are a function of the bytes, so that an
// input is nothing but what the parser reads, and real data is an input.
enum class Cut {
  Whole,
  EveryByte,  // Above kEveryByteMax as RandomPieces: it would only be slow.
  RandomPieces,
  TwoPieces,
};
inline constexpr std::array kCuts{Cut::EveryByte, Cut::RandomPieces, Cut::TwoPieces};
inline constexpr std::size_t kEveryByteMax = 4096;

inline std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a.
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

// Calls feed(piece) for each piece until it returns false.
template <typename Feed>
void in_pieces(std::string_view bytes, Cut cut, Feed feed) {
  Rng rng(hash_of(bytes));
  const std::size_t longest = bytes.size() > kEveryByteMax ? 20'000 : 24;
  const auto size_of_next = [&]() -> std::size_t {
    switch (cut) {
      case Cut::Whole: return bytes.size();
      case Cut::EveryByte: return bytes.size() <= kEveryByteMax ? 1 : 1 + rng.below(longest);
      case Cut::RandomPieces: return 1 + rng.below(longest);
      case Cut::TwoPieces: return 1 + rng.below(bytes.size());
    }
    UNREACHABLE();
  };
  bool first = true;
  while (!bytes.empty()) {
    const std::size_t size = cut == Cut::TwoPieces && !first ? bytes.size() : std::min(size_of_next(), bytes.size());
    if (!feed(bytes.substr(0, size))) return;
    bytes.remove_prefix(size);
    first = false;
  }
}

}  // namespace sentinel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
