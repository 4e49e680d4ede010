// Single values of a configuration file: text in, a typed value out, or what
// is wrong with it as the operator should read it. The error may repeat the text, so
// secrets do not come through here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/endpoint.h"
#include "common/result.h"
#include "common/time.h"

namespace sentinel {

// "500ms", "10s", "3m", "1h": a whole number and a unit. "500" is an error that names the fix.
Result<Millis> read_duration(std::string_view text);
std::string print_duration(Millis value);  // In the largest unit that divides it.

// "64kb", "8mb", "1gb" in powers of 1024, or plain bytes.
Result<std::size_t> read_size(std::string_view text);
std::string print_size(std::size_t bytes);

// on, off; also yes, no, true, false.
Result<bool> read_switch(std::string_view text);

Result<unsigned> read_count(std::string_view text);

// "10.0.0.1:6379", "[::1]:6379", "redis-1.internal:6379".
Result<Endpoint> read_endpoint(std::string_view text);

// For messages: at most 40 bytes, what is not printable ASCII as "?", in quotes.
std::string shown(std::string_view text);

// Like shown() for keys: cut at the first byte no key has, since what follows
// "password:secret" without its blank is the secret.
std::string shown_key(std::string_view text);

}  // namespace sentinel
