// The stock hello message: eight comma-separated fields on __sentinel__:hello.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/endpoint.h"
#include "common/ids.h"

namespace sentinel {

struct Hello {
  Endpoint sentinel;
  NodeId id;
  Epoch current_epoch;
  std::string group;
  Endpoint master;
  Epoch config_epoch;
  bool operator==(const Hello&) const = default;
};

std::string format_hello(const Hello& hello);

// nullopt for any other number of fields, an id that is not 40 hex characters,
// a port outside 1..65535 or a number that does not fit.
std::optional<Hello> parse_hello(std::string_view payload);

}  // namespace sentinel
