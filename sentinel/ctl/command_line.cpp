#include "sentinel/ctl/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>

#include "sentinel/ctl/commands.h"
#include "sentinel/ctl/convert.h"
#include "sentinel/ctl/drill.h"
#include "sentinel/ctl/interrupt.h"
#include "sentinel/ctl/rescue_command_line.h"

namespace sentinel {

namespace {

constexpr std::uint16_t kSentinelPort = 26379;

// clang-format off: it takes the text for code.
const char* const kFooter = R"help(Examples:
  vigilctl status
  vigilctl --sentinel 10.0.0.1:26379 --sentinel 10.0.0.2:26379 status mymaster
  VIGIL_PASSWORD="$(cat /etc/vigil/password)" vigilctl watch --status
  vigilctl --password-file /etc/vigil/password explain mymaster
  vigilctl --tls --cacert ca.crt --cert me.crt --key me.key status
  vigilctl timeline mymaster
  vigilctl switchover mymaster --to 10.0.0.2:6379 --dry-run
  vigilctl drill mymaster --fault planned --max-outage 100 --max-lost 0
  vigilctl --json status | jq -r '.groups[] | select(.healthy | not) | .name'

Passwords: VIGIL_PASSWORD or --password-file for sentinels, VIGIL_NODE_PASSWORD
or --node-password-file for data nodes. --password is visible to all users of
this host in the list of processes.

Exit status: 0 yes or done; 1 the answer is bad (a group is unhealthy, no quorum,
a failover was refused, a drill failed); 2 it could not run (usage, no sentinel
reached, no such group, interrupted drill).)help";
// clang-format on

struct Arguments {
  std::vector<std::string> sentinels;
  std::string deployment_file;
  std::string user, password, password_file;
  std::string node_user, node_password_file;
  bool tls = false, plain_nodes = false;
  TlsClientOptions tls_files;
  unsigned timeout_ms = 1000;
  bool json = false;
  bool no_color = false;
  bool no_nodes = false;

  std::string conf_file;
  std::string group;
  bool watch_status = false;
  std::size_t count = 0;
  unsigned seconds = 0;
  std::string acl_user = "default";
  std::string to;
  unsigned drain_ms = 0;
  bool dry_run = false;

  RescueOptions rescue;

  DrillOptions drill;
  std::string fault;
  unsigned drill_seconds = 60;
  unsigned client_timeout_ms = 250;
  long long outage_max_ms = -1, lost_max = -1, detection_max_ms = -1;  // -1: no limit.
};

// The file's first line.
Result<std::string> read_secret(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file) return unexpected(fmt::format("can't read {}: {}", path, std::strerror(errno)));
  std::getline(file, line);
  return line;
}

// A password from the command line, else from the file, else from the environment; empty if there is none.
Result<std::string> find_secret(const std::string& given, const std::string& file, const char* variable) {
  if (!given.empty()) return given;
  if (!file.empty()) return read_secret(file);
  const char* value = std::getenv(variable);
  return std::string(value == nullptr ? "" : value);
}

Result<SessionOptions> session_options(const Arguments& arguments) {
  SessionOptions options;
  options.json = arguments.json;
  options.ask_nodes = !arguments.no_nodes;
  options.style = detect_style(!arguments.no_color);
  if (!arguments.deployment_file.empty()) {
    auto deployment = load_deployment(arguments.deployment_file);
    if (!deployment) return unexpected(deployment.error());
    options.deployment = std::move(*deployment);
  }
  for (const std::string& text : arguments.sentinels) {
    auto at = parse_endpoint(text);
    if (!at) at = parse_endpoint(fmt::format("{}:{}", text, kSentinelPort));
    if (!at)
      return unexpected(fmt::format("--sentinel {}: expected HOST:PORT, such as 10.0.0.1:26379 or [::1]:26379", text));
    options.sentinels.push_back(*at);
  }
  if (options.sentinels.empty()) options.sentinels = options.deployment.sentinels;
  if (options.sentinels.empty()) options.sentinels.push_back({"127.0.0.1", kSentinelPort});

  auto password = find_secret(arguments.password, arguments.password_file, "VIGIL_PASSWORD");
  if (!password) return unexpected(password.error());
  auto node_password = find_secret("", arguments.node_password_file, "VIGIL_NODE_PASSWORD");
  if (!node_password) return unexpected(node_password.error());
  const Millis timeout(arguments.timeout_ms);
  options.sentinel = {.kind = ServerKind::Sentinel,
                      .credentials = {.user = arguments.user, .password = *password},
                      .connect_timeout = timeout,
                      .command_timeout = timeout};
  options.node = {.kind = ServerKind::Node,
                  .credentials = {.user = arguments.node_user, .password = *node_password},
                  .connect_timeout = timeout,
                  .command_timeout = timeout};
  if (!arguments.tls) return options;
  auto tls = TlsClient::load(arguments.tls_files);
  if (!tls) return unexpected(tls.error());
  options.sentinel.tls = *tls;
  if (!arguments.plain_nodes) options.node.tls = *tls;
  return options;
}

constexpr long long kLimitMax = 1'000'000'000;

// CLI11's range check without its words in every option's help.
template <typename Number>
CLI::Validator in_range(Number low, Number high) {
  return CLI::Range(low, high).description("");
}

void add_globals(CLI::App& app, Arguments& a) {
  app.add_option("-s,--sentinel", a.sentinels,
                 "A sentinel to ask; repeat for more. The first that answers tells of the others")
      ->type_name("HOST:PORT")
      ->default_str("127.0.0.1:26379")
      ->allow_extra_args(false);
  app.add_option("--deployment", a.deployment_file, "YAML or JSON file with sentinels and nodes (docs/vigilctl.md)")
      ->type_name("FILE");
  app.add_option("--user", a.user, "User at the sentinels (default: the default user)");
  app.add_option("--password", a.password, "Password of the sentinels. Better: VIGIL_PASSWORD or --password-file");
  app.add_option("--password-file", a.password_file, "File whose first line is the sentinels' password")
      ->type_name("FILE");
  auto* tls = app.add_flag("--tls", a.tls, "Speak TLS with sentinels and data nodes");
  app.add_option("--cacert", a.tls_files.ca_file,
                 "The authority that signed their certificates (default: the system's)")
      ->type_name("FILE")
      ->needs(tls);
  app.add_option("--cert", a.tls_files.cert_file, "Our certificate, where one is asked for")
      ->type_name("FILE")
      ->needs(tls);
  app.add_option("--key", a.tls_files.key_file, "Its key")->type_name("FILE")->needs(tls);
  app.add_flag("--insecure", a.tls_files.insecure, "Believe any certificate")->needs(tls);
  app.add_flag("--plain-nodes", a.plain_nodes, "With --tls: data nodes speak plain text")->needs(tls);
  app.add_option("--node-user", a.node_user, "User at the data nodes");
  app.add_option("--node-password-file", a.node_password_file,
                 "File with the data nodes' password; or VIGIL_NODE_PASSWORD")
      ->type_name("FILE");
  app.add_option("--timeout", a.timeout_ms, "Longest wait for a connection or an answer, ms")
      ->type_name("MS")
      ->check(in_range(1U, 600'000U))
      ->capture_default_str();
  app.add_flag("--json", a.json, "For scripts: JSON on stdout");
  app.add_flag("--no-color", a.no_color, "No colours (also: NO_COLOR, or a pipe)");
  app.add_flag("--no-nodes", a.no_nodes, "Never connect to data nodes (status then knows no lag and no write safety)");
}

CLI::App* with_group(CLI::App* command, Arguments& a, bool required) {
  auto* option = command->add_option("group", a.group, required ? "The group (master name)" : "Only this group")
                     ->type_name("GROUP");
  if (required) option->required();
  return command;
}

void add_queries(CLI::App& app, Arguments& a, Run& run) {
  with_group(
      app.add_subcommand("status", "Groups as a tree: master, replicas, every sentinel's view, quorum, write safety"),
      a, false)
      ->callback([&] { run = [&](Session& session) { return run_status(session, a.group); }; });
  app.add_subcommand("masters", "List the groups")->callback([&] { run = run_masters; });
  with_group(app.add_subcommand("replicas", "List a group's replicas"), a, true)->callback([&] {
    run = [&](Session& session) { return run_replicas(session, a.group); };
  });
  with_group(app.add_subcommand("sentinels", "List a group's other sentinels"), a, true)->callback([&] {
    run = [&](Session& session) { return run_sentinels(session, a.group); };
  });
  with_group(app.add_subcommand("ckquorum", "Could a failover be authorized now?"), a, true)->callback([&] {
    run = [&](Session& session) { return run_ckquorum(session, a.group); };
  });
  with_group(app.add_subcommand("explain", "Why each sentinel does, or does not, fail over now"), a, true)
      ->callback([&] { run = [&](Session& session) { return run_explain(session, a.group); }; });
  with_group(app.add_subcommand("timeline", "How long each phase of the last failover took"), a, true)->callback([&] {
    run = [&](Session& session) { return run_timeline(session, a.group); };
  });
  with_group(app.add_subcommand("failover", "Promote a replica now"), a, true)->callback([&] {
    run = [&](Session& session) { return run_failover(session, a.group); };
  });
  auto* doctor = with_group(app.add_subcommand("doctor", "What could go wrong in the next failover?"), a, true);
  doctor->add_option("--acl-user", a.acl_user, "As whom the sentinels log in to data nodes")
      ->type_name("NAME")
      ->capture_default_str();
  doctor->callback([&] { run = [&](Session& session) { return run_doctor(session, a.group, a.acl_user); }; });
  auto* switchover = with_group(
      app.add_subcommand("switchover", "Hand a healthy master over without losing a write, or leave all as it is"), a,
      true);
  const CLI::Validator an_endpoint(
      [](const std::string& text) { return parse_endpoint(text) ? std::string{} : text + " is not HOST:PORT"; }, "");
  switchover->add_option("--to", a.to, "Promote this replica and nobody else")
      ->type_name("HOST:PORT")
      ->check(an_endpoint);
  switchover->add_option("--timeout", a.drain_ms, "Writes wait at most so long for the replica to catch up, ms")
      ->type_name("MS")
      ->check(in_range(1U, 60'000U));
  switchover->add_flag("--dry-run", a.dry_run, "Only tell what would happen");
  switchover->callback([&] {
    run = [&](Session& session) {
      SwitchoverOptions options{.to = {}, .timeout = {}, .dry_run = a.dry_run};
      if (!a.to.empty()) options.to = *parse_endpoint(a.to);
      if (a.drain_ms > 0) options.timeout = Millis(a.drain_ms);
      return run_switchover(session, a.group, options);
    };
  });
}

void add_events(CLI::App& app, Arguments& a, Run& run) {
  auto* watch = with_group(app.add_subcommand("watch", "Follow the events of all sentinels"), a, false);
  watch->add_flag("--status", a.watch_status, "Show the status tree, refreshed, with the last events under it");
  watch->callback([&] {
    run = [&](Session& session) {
      return a.watch_status ? run_watch_status(session, a.group)
                            : run_events(session, {.group = a.group, .count = {}, .duration = {}});
    };
  });
  auto* events =
      with_group(app.add_subcommand("events", "As watch, ending by itself: for scripts and tests"), a, false);
  events->add_option("--count", a.count, "End after so many events")->type_name("N")->check(in_range(1, 1'000'000));
  events->add_option("--for", a.seconds, "End after so many seconds")->type_name("S")->check(in_range(1, 1'000'000));
  events->callback([&] {
    run = [&](Session& session) {
      EventOptions options{.group = a.group, .count = {}, .duration = {}};
      if (a.count > 0) options.count = a.count;
      if (a.seconds > 0) options.duration = std::chrono::seconds(a.seconds);
      return run_events(session, options);
    };
  });
}

// clang-format off
const char* const kDrillFooter = R"help(Faults:
  kill      SIGKILL to the master's local process: a crash
  pause     SIGSTOP to it, SIGCONT after the failover: a hang. DEBUG SLEEP if the master is remote
  planned   SENTINEL FAILOVER: a switchover

A probe writes numbers to a scratch list vigilctl:drill:*, which is removed
afterwards, and finds the master through the sentinels as a client does.

Examples:
  vigilctl drill mymaster --fault planned --max-outage 100 --max-lost 0
  vigilctl drill mymaster --fault kill --max-outage 3000 --max-detection 2000 --yes --json
  VIGIL_NODE_PASSWORD="$(cat /etc/redis/password)" vigilctl drill mymaster --fault pause

Exit status: 0 within the limits; 1 not; 2 could not run, or was interrupted.)help";
// clang-format on

void add_drill(CLI::App& app, Arguments& a, Run& run) {
  const CLI::Validator known_fault(
      [](const std::string& text) {
        return parse_fault(text) ? std::string{} : fmt::format("'{}' is not a fault: use kill, pause or planned", text);
      },
      "");
  auto* drill =
      with_group(app.add_subcommand("drill", "Break the master on purpose and measure what it costs"), a, true);
  drill->footer(kDrillFooter);
  drill->add_option("--fault", a.fault, "kill, pause or planned")->required()->type_name("FAULT")->check(known_fault);
  auto* pid = drill->add_option("--pid", a.drill.pid, "The master's process, if it can't be found")
                  ->check(in_range(2, 1 << 22));
  pid->type_name("N");
  drill->add_option("--max-outage", a.outage_max_ms, "Fail if clients can't write for longer, ms")
      ->type_name("MS")
      ->check(in_range(0LL, kLimitMax));
  drill->add_option("--max-lost", a.lost_max, "Fail if more acknowledged writes are lost")
      ->type_name("N")
      ->check(in_range(0LL, kLimitMax));
  drill->add_option("--max-detection", a.detection_max_ms, "Fail if the first +sdown takes longer, ms")
      ->type_name("MS")
      ->check(in_range(0LL, kLimitMax));
  drill
      ->add_option("--duration", a.drill_seconds,
                   "Longest wait for the failover, and again for the old master's return, seconds")
      ->type_name("S")
      ->check(in_range(1U, static_cast<unsigned>(kDrillDurationMax.count())))
      ->capture_default_str();
  drill->add_option("--rate", a.drill.writes_per_second, "Writes a second")
      ->type_name("N")
      ->check(in_range(1U, kWritesPerSecondMax))
      ->capture_default_str();
  drill->add_option("--client-timeout", a.client_timeout_ms, "The probe's patience with a connection or an answer, ms")
      ->type_name("MS")
      ->check(in_range(10U, 60'000U))
      ->capture_default_str();
  drill->add_flag("-y,--yes", a.drill.yes, "Do not ask");
  drill->add_flag("--force", a.drill.force, "Start although the group is not healthy");
  drill->callback([&] {
    a.drill.fault = *parse_fault(a.fault);
    if (a.drill.fault == Fault::Planned && a.detection_max_ms >= 0) {
      throw CLI::ValidationError("--max-detection", "a planned failover has no detection");
    }
    run = [&](Session& session) {
      a.drill.group = a.group;
      a.drill.duration = std::chrono::seconds(a.drill_seconds);
      a.drill.client_timeout = Millis(a.client_timeout_ms);
      if (a.outage_max_ms >= 0) a.drill.limits.outage_max = Millis(a.outage_max_ms);
      if (a.lost_max >= 0) a.drill.limits.lost_max = static_cast<std::uint64_t>(a.lost_max);
      if (a.detection_max_ms >= 0) a.drill.limits.detection_max = Millis(a.detection_max_ms);
      return run_drill(session, a.drill);
    };
  });
}

}  // namespace

int run_command_line(int argc, char** argv, const char* version) {
  CLI::App app(
      "vigilctl: see, explain and exercise the failover of Redis and Valkey groups watched by Vigil or stock sentinels",
      "vigilctl");
  Arguments arguments;
  Run run;
  app.set_version_flag("--version", std::string("vigilctl ") + version);
  app.require_subcommand(1);
  app.fallthrough();  // Global options may also stand after the command.
  app.footer(kFooter);
  add_globals(app, arguments);
  add_queries(app, arguments, run);
  add_events(app, arguments, run);
  add_drill(app, arguments, run);
  add_rescue(app, arguments.rescue, run);
  auto* convert = app.add_subcommand("convert", "Print a sentinel.conf as YAML; what is left out goes to stderr");
  convert->add_option("file", arguments.conf_file, "The sentinel.conf")->type_name("FILE")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    const std::vector<std::string> unknown = app.remaining();  // CLI11 takes a wrong command for a missing one.
    if (unknown.empty()) return app.exit(error), static_cast<int>(ExitCode::CouldNotRun);
    fmt::print(stderr, "vigilctl: there is no command '{}'; vigilctl --help lists them\n", unknown.front());
    return static_cast<int>(ExitCode::CouldNotRun);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? static_cast<int>(ExitCode::Ok) : static_cast<int>(ExitCode::CouldNotRun);
  }
  if (convert->parsed()) return static_cast<int>(run_convert(arguments.conf_file));
  catch_interrupts();
  auto options = session_options(arguments);
  if (!options) {
    fmt::print(stderr, "vigilctl: {}\n", options.error());
    return static_cast<int>(ExitCode::CouldNotRun);
  }
  Session session(std::move(*options));
  return static_cast<int>(run(session));
}

}  // namespace sentinel
