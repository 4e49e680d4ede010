// What vigilctl's exit status means; scripts rely on it.
#pragma once

namespace sentinel {

enum class ExitCode {
  Ok = 0,
  // The command ran and the answer is bad: a group is unhealthy, a failover
  // was refused, a drill missed its limits.
  Bad = 1,
  // The command could not run: wrong usage, no sentinel reached, no such group.
  CouldNotRun = 2,
};

}  // namespace sentinel
