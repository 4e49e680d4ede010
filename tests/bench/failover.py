"""How long a failover takes, phase by phase, under stock redis-sentinel and under Vigil.

Every run is a deployment of its own (one master, two replicas, three sentinels on loopback), healthy and
settled before the fault, gone afterwards. Kinds and faults alternate, so a change of the machine's mood hits
all of them alike. Times are milliseconds since the fault.
"""

import dataclasses
import json
import platform
import random
import statistics
import sys
import time

from bench.observer import Observer
from bench.tables import aligned
from harness import Cluster

RUN_SECONDS_MAX = 60.0
JITTER_SECONDS = 1.0  # The fault comes at a random moment of the sentinels' polling periods.
TAIL_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Variant:
    """One column of the table."""

    key: str
    title: str
    kind: str
    fault: str
    crash_detection: bool = False


VARIANTS = (
    Variant("stock-kill", "stock kill", "stock", "kill"),
    Variant("vigil-kill", "vigil kill", "vigil", "kill"),
    Variant("stock-stop", "stock stop", "stock", "stop"),
    Variant("vigil-stop", "vigil stop", "vigil", "stop"),
    Variant("vigil-crash", "vigil kill, crash-detection", "vigil", "kill", crash_detection=True),
)

ROWS = (
    ("sdown_first", "first +sdown"),
    ("sdown_last", "last +sdown"),
    ("odown", "+odown"),
    ("elected", "elected"),
    ("promoted", "promoted"),
    ("answer_first", "first new answer"),
    ("answer_last", "last new answer"),
    ("switch_first", "first +switch-master"),
    ("switch_last", "last +switch-master"),
    ("write_first", "first write accepted"),
    ("overhead", "overhead over down-after"),
)


def measure(variant, down_after_ms, write_safety, jitter_seconds):
    """One run: a dict of the ROWS, None for what did not happen."""
    options = {"crash_detection": variant.crash_detection, "write_safety": write_safety} if variant.kind == "vigil" else {}
    with Cluster(variant.kind, down_after_ms=down_after_ms, **options) as cluster:
        master = cluster.wait_settled()
        observer = Observer(cluster)
        fault = {}

        def strike():
            fault["at"] = time.monotonic()
            if variant.fault == "kill":
                master.process.signal(9)
            else:
                master.pause()

        deadline = time.monotonic() + jitter_seconds + down_after_ms / 1000 + RUN_SECONDS_MAX
        count = len(cluster.sentinels)
        settled_at = []

        def finished():
            now = time.monotonic()
            whole = (len(observer.changed) == count and observer.first_write
                     and len({index for _, index, channel, _ in observer.events if channel == "+switch-master"}) == count)
            if whole and not settled_at:
                settled_at.append(now)
            return now > deadline or (settled_at and now > settled_at[0] + TAIL_SECONDS)

        try:
            observer.run(finished, at=time.monotonic() + jitter_seconds, action=strike)
        finally:
            observer.close()
        if not settled_at:
            print(cluster.report(), file=sys.stderr)
        return summarise(observer, fault["at"], down_after_ms)


def summarise(observer, fault_at, down_after_ms):
    def times(channel):
        return [1000 * (at - fault_at) for at, _, name, _ in observer.events if name == channel and at >= fault_at]

    def first(values):
        return min(values, default=None)

    def last(values):
        return max(values, default=None)

    noticed = {}  # Sentinel -> its first +sdown of the master.
    for at, index, channel, payload in observer.events:
        if channel == "+sdown" and payload.startswith("master ") and at >= fault_at:
            noticed.setdefault(index, 1000 * (at - fault_at))
    sdown = noticed.values()
    switch = times("+switch-master")
    answers = [1000 * (at - fault_at) for at in observer.changed.values()]
    whole = len(answers) == 3
    return {
        "sdown_first": first(sdown), "sdown_last": last(sdown),
        "odown": first(times("+odown")), "elected": first(times("+elected-leader")),
        "promoted": first(times("+promoted-slave")),
        "answer_first": first(answers), "answer_last": last(answers) if whole else None,
        "switch_first": first(switch), "switch_last": last(switch),
        "write_first": 1000 * (observer.first_write - fault_at) if observer.first_write else None,
        "overhead": last(answers) - down_after_ms if whole else None,
    }


def run(runs, down_after_ms, variants, write_safety, seed, json_path=None):
    """Measures, prints progress and the table. The number of runs in which not all sentinels switched."""
    dice = random.Random(seed)
    results = {variant.key: [] for variant in variants}
    failed = 0
    for number in range(runs):
        for variant in variants:
            result = measure(variant, down_after_ms, write_safety, dice.uniform(0, JITTER_SECONDS))
            results[variant.key].append(result)
            done = result["answer_last"] is not None
            failed += not done
            said = f"all switched after {result['answer_last']:7.0f} ms" if done else "NOT all switched"
            print(f"run {number + 1}/{runs}  {variant.title:<28} {said}", file=sys.stderr, flush=True)
    print(table(results, variants, down_after_ms, runs))
    if json_path:
        with open(json_path, "w") as file:
            json.dump({"down_after_ms": down_after_ms, "runs": runs, "seed": seed, "write_safety": write_safety,
                       "machine": platform.platform(), "results": results}, file, indent=1)
    return failed


def table(results, variants, down_after_ms, runs):
    lines = [f"milliseconds since the fault, median / worst of {runs}; down-after {down_after_ms} ms", ""]
    header = ["", *(variant.title for variant in variants)]
    pairs = [(f"{kind}: stock/vigil", f"stock-{kind}", f"vigil-{kind}") for kind in ("kill", "stop")
             if results.get(f"stock-{kind}") and results.get(f"vigil-{kind}")]
    rows = [header + [title for title, _, _ in pairs]]
    for key, title in ROWS:
        cells = [title]
        for variant in variants:
            values = [result[key] for result in results[variant.key] if result[key] is not None]
            missing = len(results[variant.key]) - len(values)
            cell = f"{statistics.median(values):.0f} / {max(values):.0f}" if values else "-"
            cells.append(cell + (f" ({missing} missing)" if missing and values else ""))
        for _, stock, vigil in pairs:  # A difference may be zero or less: no ratio of it.
            cells.append("" if key == "overhead" else ratio(results[stock], results[vigil], key))
        rows.append(cells)
    lines.append(aligned(rows))
    return "\n".join(lines)


def ratio(stock, vigil, key):
    """Of the medians."""
    above = [result[key] for result in stock if result[key] is not None]
    below = [result[key] for result in vigil if result[key] is not None]
    return f"{statistics.median(above) / statistics.median(below):.1f}x" if above and below else "-"
