// The part of the command line that is about rescued writes.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "sentinel/ctl/rescue_commands.h"

namespace sentinel {

using Run = std::function<ExitCode(Session&)>;

// Adds `rescue` with its commands. Parsing fills `options`, and sets `run` to the command that was given; both outlive
// `app`.
void add_rescue(CLI::App& app, RescueOptions& options, Run& run);

}  // namespace sentinel
