// The text of INFO: stock's sections in stock's order, then our own.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sentinel/api/command.h"

namespace sentinel {

// All sections for none, "default", "all" and "everything"; empty for names of
// sections that are not there.
std::string info_text(CommandContext& context, std::span<const std::string_view> sections);

}  // namespace sentinel
