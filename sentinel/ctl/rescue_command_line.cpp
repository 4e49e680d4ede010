#include "sentinel/ctl/rescue_command_line.h"

namespace sentinel {

namespace {

// clang-format off
const char* const kRescueFooter = R"help(Files are on the host of the sentinel that rescued: +writes-rescued names it and the file.

Examples:
  vigilctl rescue list
  vigilctl rescue show mymaster/7-10.0.0.1-6379 --limit 20
  vigilctl rescue diff mymaster/7-10.0.0.1-6379
  vigilctl rescue replay mymaster/7-10.0.0.1-6379 --untouched --dry-run
  vigilctl rescue replay mymaster/7-10.0.0.1-6379 --untouched

Exit status: 0 done; 1 refused, replayed already, or commands were refused; 2 could not run.)help";
// clang-format on

CLI::App* add_rescue_command(CLI::App* rescue, RescueOptions& options, Run& run, const char* name, const char* text,
                             ExitCode (*command)(Session&, const RescueOptions&)) {
  auto* sub = rescue->add_subcommand(name, text);
  sub->callback(
      [&options, &run, command] { run = [&options, command](Session& session) { return command(session, options); }; });
  return sub;
}

}  // namespace

void add_rescue(CLI::App& app, RescueOptions& options, Run& run) {
  auto* rescue = app.add_subcommand("rescue", "Writes that an old master had alone, saved before it was overwritten");
  rescue->footer(kRescueFooter);
  rescue->require_subcommand(1);
  rescue->add_option("--folder", options.folder, "Where they are: the sentinel's state-dir/rescue")
      ->type_name("DIR")
      ->capture_default_str();
  const auto with_file = [&](CLI::App* command) {
    command->add_option("file", options.file, "A name as in the list, or a path")->type_name("FILE")->required();
    return command;
  };
  const auto with_master = [&](CLI::App* command) {
    command->add_option("--to", options.to, "This master (default: the group's present one)")->type_name("HOST:PORT");
    return command;
  };
  add_rescue_command(rescue, options, run, "list", "What was rescued on this host", run_rescue_list)
      ->add_option("group", options.group, "Only this group")
      ->type_name("GROUP");
  with_file(add_rescue_command(rescue, options, run, "show", "The commands, readable", run_rescue_show))
      ->add_option("--limit", options.limit, "Only the first so many")
      ->type_name("N");
  with_master(with_file(add_rescue_command(rescue, options, run, "diff",
                                           "For each key: has the new master changed it since the failover?",
                                           run_rescue_diff)));
  auto* replay = with_master(
      with_file(add_rescue_command(rescue, options, run, "replay", "Give them back, once", run_rescue_replay)));
  auto* untouched = replay->add_flag_callback(
      "--untouched", [&options] { options.policy = ReplayPolicy::Untouched; },
      "Keys that the new master has not changed since, and those it does not have");
  auto* missing = replay->add_flag_callback(
      "--only-missing", [&options] { options.policy = ReplayPolicy::OnlyMissing; },
      "Keys that the new master does not have and has not touched");
  auto* all = replay->add_flag_callback(
      "--all", [&options] { options.policy = ReplayPolicy::All; }, "Everything, over newer values too");
  untouched->excludes(missing)->excludes(all);
  missing->excludes(all);
  replay->add_flag("--dry-run", options.dry_run, "Only say how much would be applied");
  replay
      ->add_option_function<unsigned>(
          "--database", [&options](const unsigned& database) { options.database = database; },
          "Of the first commands, where the file does not know it")
      ->type_name("N");
}

}  // namespace sentinel
