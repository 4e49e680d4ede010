// The command line: options, help, and which command runs with what.
#pragma once

namespace sentinel {

// Returns the exit status (exit_code.h). `version` is printed by --version.
int run_command_line(int argc, char** argv, const char* version);

}  // namespace sentinel
