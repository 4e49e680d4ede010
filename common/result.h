// expected<T, Error> for everything the world can do to us. CHECK is for our bugs.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace sentinel {

template <typename T, typename E = std::string>
using Result = tl::expected<T, E>;
using tl::unexpected;

}  // namespace sentinel
