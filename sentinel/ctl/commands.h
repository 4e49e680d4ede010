// What each command of vigilctl does. Results go to stdout, errors to stderr,
// and the exit code says which (exit_code.h).
#pragma once

#include <optional>
#include <string>

#include "sentinel/ctl/exit_code.h"
#include "sentinel/ctl/session.h"

namespace sentinel {

// Prints an error for people, or as {"error": ...} on stdout with --json.
ExitCode fail(const SessionOptions& options, const std::string& error, ExitCode code = ExitCode::CouldNotRun);

// One group, or all of them if `group` is empty. Bad if one is unhealthy.
ExitCode run_status(Session& session, const std::string& group);

ExitCode run_masters(Session& session);
ExitCode run_replicas(Session& session, const std::string& group);
ExitCode run_sentinels(Session& session, const std::string& group);
ExitCode run_ckquorum(Session& session, const std::string& group);
ExitCode run_failover(Session& session, const std::string& group);

struct SwitchoverOptions {
  std::optional<Endpoint> to;
  std::optional<Millis> timeout;  // That writes may wait; default: the sentinel's.
  bool dry_run = false;
};

// Waits for its end. Bad if it was refused or given up: then everything is as it was.
ExitCode run_switchover(Session& session, const std::string& group, const SwitchoverOptions& options);

// What could go wrong in the next failover. `acl_user`: as whom the sentinels log in to nodes. Bad if something could.
ExitCode run_doctor(Session& session, const std::string& group, const std::string& acl_user);

// Both ask every sentinel of the group; stock ones are named as such.
ExitCode run_explain(Session& session, const std::string& group);
ExitCode run_timeline(Session& session, const std::string& group);

struct EventOptions {
  std::string group;                 // Empty: all groups, and the process's own events.
  std::optional<std::size_t> count;  // End after so many events.
  std::optional<Millis> duration;    // End after so long.
};

// Prints events as they happen, until interrupted or a limit of the options is reached.
ExitCode run_events(Session& session, const EventOptions& options);

// The status tree, refreshed at each event and every two seconds, with the last events under it.
ExitCode run_watch_status(Session& session, const std::string& group);

}  // namespace sentinel
