// Words and numbers as stock reads them in a sentinel.conf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sentinel::conf {

// What C's atoi finds: the number in front, 0 if there is none; held within its type.
std::int64_t leading_integer(std::string_view text);
std::uint64_t leading_unsigned(std::string_view text);

// A whole decimal number, with an optional sign.
std::optional<std::int64_t> whole_integer(std::string_view text);
// "100", "1k" (1000), "1kb" (1024), m, mb, g, gb in any case.
std::optional<std::uint64_t> memory_size(std::string_view text);
// In any case.
std::optional<bool> yes_or_no(std::string_view text);

std::string lower(std::string_view text);
std::string upper(std::string_view text);

}  // namespace sentinel::conf
