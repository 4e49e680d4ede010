// vigilctl rescue list, show, diff and replay.
#pragma once

#include <optional>
#include <string>

#include "sentinel/ctl/exit_code.h"
#include "sentinel/ctl/rescue_catalogue.h"
#include "sentinel/ctl/rescue_replay.h"
#include "sentinel/ctl/session.h"

namespace sentinel {

struct RescueOptions {
  std::string folder = kRescueFolder;
  std::string group;      // list: only of this one.
  std::string file;       // The others: a name as in the list, or a path.
  std::size_t limit = 0;  // show: so many commands; 0: all.
  std::string to;         // diff, replay: this master instead of the group's present one.
  std::optional<ReplayPolicy> policy;
  bool dry_run = false;
  std::optional<unsigned> database;  // replay: of the first commands, where it was only assumed.
};

ExitCode run_rescue_list(Session& session, const RescueOptions& options);
ExitCode run_rescue_show(Session& session, const RescueOptions& options);
ExitCode run_rescue_diff(Session& session, const RescueOptions& options);
ExitCode run_rescue_replay(Session& session, const RescueOptions& options);

}  // namespace sentinel
