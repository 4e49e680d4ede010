// Ctrl-C and SIGTERM end what is running in an orderly way: a drill must not
// leave a stopped master or its scratch key behind.
#pragma once

namespace sentinel {

// From now on SIGINT, SIGTERM and SIGHUP only set the flag; SIGPIPE is ignored.
void catch_interrupts();

bool interrupted();

}  // namespace sentinel
