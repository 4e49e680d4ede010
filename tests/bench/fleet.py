"""Many groups under three sentinels: how long discovery takes, what a healthy fleet costs, and how a storm ends.

The nodes are simulated (vigil-fleet), the sentinels are real: the same processes and settings as in production,
with crash detection off, so that both kinds follow one rule. Every run is a deployment of its own.
"""

import json
import os
import platform
import re
import selectors
import statistics
import sys
import time

from bench import fleet_chart
from bench.fleet_deployment import FleetDeployment, name_of
from harness.resp import encode

DISCOVERY_SECONDS_MAX = 900.0
SETTLE_SECONDS = 5.0    # Between the last discovery and the steady state.
STEADY_SECONDS = 15.0
POLL_SECONDS = 0.05
POLL_DUTY = 5           # A poll takes no more than one part in so many of the time.
PROGRESS_SECONDS = 5.0
TAIL_SECONDS = 2.0      # After the last answer: nothing else may be promoted.

KNOWS_ALL = b"$10\r\nnum-slaves\r\n$1\r\n2\r\n$19\r\nnum-other-sentinels\r\n$1\r\n2\r\n"
MASTERS = encode("SENTINEL", "MASTERS")
ADDRESS = re.compile(rb"\*2\r\n\$\d+\r\n([^\r]+)\r\n\$\d+\r\n(\d+)\r\n")

# key, title, and whether less is better by how many times.
ROWS = (
    ("discovery_s", "discovery, s"),
    ("cpu_percent", "steady: CPU of a sentinel, %"),
    ("checks_per_s", "steady: checks, 1/s (three sentinels)"),
    ("cpu_ms_per_1000_checks", "steady: CPU, ms/1000 checks"),
    ("rss_mb", "steady: memory of a sentinel, MB"),
    ("connections", "steady: connections to nodes"),
    ("promoted", "storm: promoted in time"),
    ("promoted_p50_s", "storm: promoted, p50, s"),
    ("promoted_p99_s", "storm: promoted, p99, s"),
    ("promoted_max_s", "storm: promoted, last, s"),
    ("agreed_s", "storm: all sentinels answer it, s"),
    ("storm_cpu_s", "storm: CPU of a sentinel, s"),
    ("unwanted", "promotions that nobody needed"),
    ("wrong", "answers unlike the promotion"),
    ("steady_others_percent", "steady: CPU of other programs, %"),
    ("storm_others_percent", "storm: CPU of other programs, %"),
)


def say(text):
    print(text, file=sys.stderr, flush=True)


class Others:
    """The CPU time of programs that don't belong to the measurement: how quiet the machine was."""

    def __init__(self, deployment):
        self._deployment = deployment
        self._began, self._before = time.monotonic(), self._seconds()

    def _seconds(self):
        with open("/proc/stat") as stat:
            user, nice, system, _idle, _wait, irq, soft, *_ = map(int, stat.readline().split()[1:])
        ours = sum(sentinel.process.cpu_seconds() for sentinel in self._deployment.sentinels)
        ours += self._deployment.servers.cpu_seconds() + time.process_time()
        return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK") - ours

    def percent(self):
        return 100 * max(0.0, self._seconds() - self._before) / (time.monotonic() - self._began)


def measure(kind, groups, storm, down_after_ms, limit_s, write_safety="off", fault="kill", steady_s=STEADY_SECONDS):
    """One run: a dict of the ROWS, None for what did not happen, and the times behind them."""
    with FleetDeployment(kind, groups, down_after_ms, write_safety) as deployment:
        result = {"kind": kind, "groups": groups, "storm": storm}
        result["discovery_s"] = discovery(deployment, kind)
        if result["discovery_s"] is None:
            return result
        time.sleep(SETTLE_SECONDS)
        result.update(steady(deployment, steady_s))
        say(f"  {kind}: steady, {result['cpu_percent']:.1f} % CPU a sentinel, {result['checks_per_s']:.0f} checks/s, "
            f"{result['connections']} connections, fleet {result['fleet_cpu_percent']:.0f} % CPU")
        before = len(deployment.servers.promotions())
        result.update(strike(deployment, kind, storm, limit_s, fault))
        result["unwanted"] += before
        return result


def discovery(deployment, kind):
    """Seconds from the start of the sentinels until each knows two replicas and two other sentinels of every group."""
    began = time.monotonic()
    deployment.start_sentinels()
    missing = list(deployment.sentinels)
    said = began
    while missing:
        asked = time.monotonic()
        knows = [sentinel.question.ask(MASTERS).count(KNOWS_ALL) for sentinel in missing]
        missing = [sentinel for sentinel, count in zip(missing, knows) if count < deployment.groups]
        now = time.monotonic()
        if not missing:
            break
        if now - began > DISCOVERY_SECONDS_MAX:
            say(f"  {kind}: discovery has not ended after {now - began:.0f} s: {knows} of {deployment.groups} groups")
            return None
        if now - said > PROGRESS_SECONDS:
            said = now
            say(f"  {kind}: {now - began:.0f} s, groups known: {knows}")
        time.sleep(max(POLL_SECONDS, POLL_DUTY * (now - asked)))
    # When the last one was asked that turned out to know all.
    say(f"  {kind}: discovery took {asked - began:.1f} s")
    return asked - began


def steady(deployment, seconds):
    sentinels = [sentinel.process for sentinel in deployment.sentinels]

    def look():
        return (time.monotonic(), [process.cpu_seconds() for process in sentinels], deployment.servers.cpu_seconds(),
                deployment.servers.statistics())

    others = Others(deployment)
    began, cpu_before, fleet_before, before = look()
    time.sleep(seconds)
    ended, cpu_after, fleet_after, after = look()
    took = ended - began
    cpu = [later - earlier for earlier, later in zip(cpu_before, cpu_after)]
    rates = {key: (after[key] - before[key]) / took for key in after}
    checks = rates["pings"] + rates["infos"]
    return {
        "cpu_percent": 100 * statistics.mean(cpu) / took, "cpu_percent_each": [100 * used / took for used in cpu],
        "checks_per_s": checks, "cpu_ms_per_1000_checks": 1e6 * sum(cpu) / took / checks if checks else None,
        "rss_mb": statistics.mean(process.rss_bytes() for process in sentinels) / 1e6,
        "connections": after["open"], "fleet_cpu_percent": 100 * (fleet_after - fleet_before) / took, "rates": rates,
        "reconnections": after["accepted"] - before["accepted"], "steady_others_percent": others.percent(),
    }


class Watch:
    """Asks one sentinel for the addresses of the groups that it has not yet answered anew."""

    def __init__(self, sentinel, groups):
        self.question = sentinel.question
        self.waiting = list(groups)
        self.asked_at = self.due = 0.0
        self.busy = False
        self.before = {}   # Group -> address before the storm.
        self.after = {}    # Group -> (address, when it was seen)
        self._requests = {group: encode("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name_of(group)) for group in groups}
        self.before = dict(zip(self.waiting, ADDRESS.findall(self.question.ask(self._request()))))

    def _request(self):
        return b"".join(self._requests[group] for group in self.waiting)

    def ask(self, now):
        self.asked_at, self.busy = now, True
        self.question.send(self._request())

    def on_answer(self, now):
        self.busy = False
        for group, address in zip(self.waiting, ADDRESS.findall(self.question.answer)):
            if address != self.before[group]:
                self.after[group] = ((address[0].decode(), int(address[1])), now)
        self.waiting = [group for group in self.waiting if group not in self.after]
        self.due = max(self.asked_at + POLL_SECONDS, now + (POLL_DUTY - 1) * (now - self.asked_at))


def strike(deployment, kind, storm, limit_s, fault):
    groups = [index * deployment.groups // storm for index in range(storm)]
    watches = [Watch(sentinel, groups) for sentinel in deployment.sentinels]
    cpu_before = [sentinel.process.cpu_seconds() for sentinel in deployment.sentinels]
    known = len(deployment.servers.promotions())
    others = Others(deployment)
    struck = deployment.servers.kill_masters(groups, fault.upper())
    follow(deployment, kind, watches, struck, limit_s, known)
    ended = time.monotonic()
    others_percent = others.percent()
    cpu = [sentinel.process.cpu_seconds() - before for sentinel, before in zip(deployment.sentinels, cpu_before)]
    time.sleep(TAIL_SECONDS)

    first, last, unwanted = {}, {}, 0
    for group, address, when in deployment.servers.promotions()[known:]:
        unwanted += group in first or group not in groups
        first.setdefault(group, when)
        last[group] = address
    times = sorted(when - struck for group, when in first.items() if group in groups and when - struck <= limit_s)
    complete = all(not watch.waiting for watch in watches)
    wrong = sum(address != last.get(group) for watch in watches for group, (address, _) in watch.after.items())
    each = [max((when for _, when in watch.after.values()), default=struck) - struck for watch in watches]
    return {
        "promoted": len(times), "promoted_times_s": times, "limit_s": limit_s,
        "promoted_p50_s": quantile(times, 0.5), "promoted_p99_s": quantile(times, 0.99),
        "promoted_max_s": times[-1] if times else None, "agreed_each_s": each,
        "answered_each": [len(watch.after) for watch in watches], "agreed_s": max(each) if complete else None,
        "storm_cpu_s": statistics.mean(cpu), "storm_took_s": ended - struck, "storm_others_percent": others_percent,
        "unwanted": unwanted, "wrong": wrong,
    }


def follow(deployment, kind, watches, struck, limit_s, known):
    """Polls until every sentinel has answered every group anew, or the time is up."""
    selector = selectors.DefaultSelector()
    for watch in watches:
        selector.register(watch.question, selectors.EVENT_READ, watch)
    said = struck
    while any(watch.waiting for watch in watches):
        now = time.monotonic()
        if now - struck > limit_s:
            break
        if now - said > PROGRESS_SECONDS:
            said = now
            promoted = len(deployment.servers.promotions()) - known
            say(f"  {kind}: storm, {now - struck:.0f} s, {promoted} promoted, answers: {[len(w.after) for w in watches]}")
        for watch in watches:
            if watch.waiting and not watch.busy and now >= watch.due:
                watch.ask(now)
        due = min((watch.due for watch in watches if watch.waiting and not watch.busy), default=now + POLL_SECONDS)
        for key, _ in selector.select(max(0.001, due - time.monotonic())):
            if key.data.question.receive():
                key.data.on_answer(time.monotonic())
    for watch in watches:  # The connections are used again.
        while watch.busy:
            if watch.question.receive():
                watch.on_answer(time.monotonic())
    selector.close()


def quantile(values, part):
    """Of sorted values: the smallest that at least this part of them doesn't exceed."""
    return values[min(len(values) - 1, max(0, -(-int(part * 1000) * len(values) // 1000) - 1))] if values else None


def run(kinds, sizes, storm, runs, down_after_ms, limit_s, write_safety, fault, json_path=None, chart_path=None):
    """Measures, prints progress and a table for each size. The number of runs that did not end well."""
    everything, failed = [], 0
    for groups in sizes:
        struck = storm if storm is not None else max(1, groups // 2)
        results = {kind: [] for kind in kinds}
        for number in range(runs):
            for kind in kinds:
                say(f"run {number + 1}/{runs}: {kind}, {groups} groups, storm of {struck}")
                result = measure(kind, groups, struck, down_after_ms, limit_s, write_safety, fault)
                results[kind].append(result)
                everything.append(result)
                failed += kind == "vigil" and result.get("agreed_s") is None
                if result.get("promoted") is not None:
                    agreed = f"all agree after {result['agreed_s']:.1f} s" if result["agreed_s"] else "NOT all agree"
                    say(f"  {kind}: {result['promoted']} of {struck} promoted, {agreed}")
                if json_path:  # After every run: a sweep takes long.
                    save(json_path, everything, down_after_ms, write_safety, fault)
        print(table(results, kinds, groups, struck, down_after_ms, runs, fault), flush=True)
    if chart_path:
        fleet_chart.draw(everything, down_after_ms, chart_path)
    return failed


def save(path, results, down_after_ms, write_safety, fault):
    with open(path, "w") as file:
        json.dump({"down_after_ms": down_after_ms, "write_safety": write_safety, "fault": fault,
                   "machine": platform.platform(), "results": results}, file, indent=1)


def draw(json_paths, chart_path):
    """A sweep that was measured piece by piece."""
    results = []
    for path in json_paths:
        with open(path) as file:
            saved = json.load(file)
        results += saved["results"]
    fleet_chart.draw(results, saved["down_after_ms"], chart_path)
    return 0


def cell(results, key, storm):
    values = [result[key] for result in results if result.get(key) is not None]
    missing = len(results) - len(values)
    if not values:
        return "-"
    digits = 0 if key in ("connections", "checks_per_s", "unwanted", "wrong") or "others" in key else 2
    if key == "promoted":
        return f"{min(values)} of {storm}"
    middle, worst = statistics.median(values), max(values)
    text = f"{middle:.{digits}f}" if len(values) == 1 else f"{middle:.{digits}f} / {worst:.{digits}f}"
    return text + (f" ({missing} missing)" if missing else "")


def table(results, kinds, groups, storm, down_after_ms, runs, fault):
    lines = [f"{groups} groups, storm of {storm} ({fault}), down-after {down_after_ms} ms; "
             + ("one run" if runs == 1 else f"median / worst of {runs}"), ""]
    both = len(kinds) > 1
    rows = [["", *kinds] + (["stock/vigil"] if both else [])]
    for key, title in ROWS:
        row = [title, *(cell(results[kind], key, storm) for kind in kinds)]
        if both:
            above, below = ([result[key] for result in results[kind] if result.get(key) is not None]
                            for kind in ("stock", "vigil"))
            plain = above and below and key not in ("promoted", "unwanted", "wrong") and "others" not in key and statistics.median(below) > 0
            row.append(f"{statistics.median(above) / statistics.median(below):.2f}x" if plain else "")
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        lines.append("  ".join(text.ljust(width) if column == 0 else text.rjust(width)
                               for column, (text, width) in enumerate(zip(row, widths))))
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"
