#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "sentinel/ctl/commands.h"
#include "sentinel/ctl/event_feed.h"
#include "sentinel/ctl/interrupt.h"
#include "sentinel/ctl/status_tree.h"
#include "sentinel/ctl/survey.h"

namespace sentinel {

namespace {

constexpr Millis kPoll{100};
constexpr Millis kRefresh{2000};
constexpr Millis kSubscribeWait{2000};
constexpr std::size_t kEventsUnderTree = 12;

std::string clock_text(WallClock::time_point at) {
  const auto ms = std::chrono::duration_cast<Millis>(at.time_since_epoch()).count() % 1000;
  return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(WallClock::to_time_t(at)), ms);
}

std::string paint_name(const std::string& name, const Style& style) {
  const std::string text = fmt::format("{:<28}", printable(name));
  if (name == "+switch-master" || name == "+promoted-slave") return style.bold(style.green(text));
  if (name.rfind("-failover-abort", 0) == 0 || name == "+sdown" || name == "+odown" || name == "+tilt" ||
      name == "(lost)") {
    return style.red(text);
  }
  if (name == "-sdown" || name == "-odown" || name == "(back)") return style.green(text);
  return style.cyan(text);
}

std::string line_of(const SeenEvent& event, const Style& style) {
  return fmt::format("{}  {:<21}  {}  {}\n", style.faint(clock_text(event.wall)), to_string(event.sentinel),
                     paint_name(event.name, style), printable(event.message));
}

std::string json_line(const SeenEvent& event) {
  const auto ms = std::chrono::duration_cast<Millis>(event.wall.time_since_epoch()).count();
  const nlohmann::ordered_json json{
      {"unix_ms", ms}, {"sentinel", to_string(event.sentinel)}, {"event", event.name}, {"message", event.message}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

bool wanted(const SeenEvent& event, const std::string& group) {
  return group.empty() || event.name.front() == '(' || concerns(event, group);
}

// The sentinels of one group, or of every group the first one watches.
Result<std::vector<Endpoint>> sentinels_to_follow(Session& session, const std::string& group) {
  auto link = session.any_sentinel();
  if (!link) return unexpected(link.error());
  if (!group.empty()) {
    auto known = session.ask_group(**link, {"SENTINEL", "MASTER", group}, group);
    if (!known) return unexpected(known.error());
    return session.all_sentinels(group);
  }
  auto names = Session::groups(**link);
  if (!names) return unexpected(names.error());
  std::vector<Endpoint> all = session.options().sentinels;
  for (const std::string& name : *names) {
    for (const Endpoint& at : session.all_sentinels(name)) {
      if (std::find(all.begin(), all.end(), at) == all.end()) all.push_back(at);
    }
  }
  return all;
}

}  // namespace

ExitCode run_events(Session& session, const EventOptions& options) {
  const auto sentinels = sentinels_to_follow(session, options.group);
  if (!sentinels) return fail(session.options(), sentinels.error());
  EventFeed feed(*sentinels, session.options().sentinel);
  const std::size_t ready = feed.wait_ready(kSubscribeWait);
  if (!session.options().json) {
    fmt::print(stderr, "Following {} of {} sentinels. Ctrl-C ends.\n", ready, sentinels->size());
  }
  const auto end = options.duration ? Steady::now() + *options.duration : Steady::time_point::max();
  for (std::size_t shown = 0; !interrupted() && Steady::now() < end && shown < options.count.value_or(SIZE_MAX);) {
    const auto event = feed.next(kPoll);
    if (!event || !wanted(*event, options.group)) continue;
    fmt::print("{}", session.options().json ? json_line(*event) : line_of(*event, session.options().style));
    std::fflush(stdout);
    ++shown;
  }
  if (feed.dropped() > 0) fmt::print(stderr, "vigilctl: {} events were not shown: too many at once\n", feed.dropped());
  return ExitCode::Ok;
}

ExitCode run_watch_status(Session& session, const std::string& group) {
  const auto sentinels = sentinels_to_follow(session, group);
  if (!sentinels) return fail(session.options(), sentinels.error());
  EventFeed feed(*sentinels, session.options().sentinel);
  const Style& style = session.options().style;
  std::deque<std::string> recent;
  auto refresh_at = Steady::now();
  while (!interrupted()) {
    if (const auto event = feed.next(kPoll); event && wanted(*event, group)) {
      recent.push_back(line_of(*event, style));
      if (recent.size() > kEventsUnderTree) recent.pop_front();
      refresh_at = std::min(refresh_at, Steady::now() + kPoll);  // A burst of events is one refresh.
    }
    if (Steady::now() < refresh_at) continue;
    refresh_at = Steady::now() + kRefresh;
    Session fresh(session.options());  // New connections: a sentinel that was away may be back.
    if (style.color) fmt::print("\x1b[H\x1b[2J");
    run_status(fresh, group);
    for (const std::string& line : recent) fmt::print("{}", line);
    std::fflush(stdout);
  }
  return ExitCode::Ok;
}

}  // namespace sentinel
