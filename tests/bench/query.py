"""How fast one sentinel answers SENTINEL GET-MASTER-ADDR-BY-NAME: stock redis-sentinel beside Vigil.

Two deployments (one master, two replicas, three sentinels each) run side by side; one sentinel at a time is asked.
Kinds alternate within each round and the one that begins changes from round to round, so a change of the machine's
mood hits both alike.
"""

import contextlib
import dataclasses
import json
import os
import platform
import statistics
import sys

from bench.load import Setting, load_average, measure, requests_for
from harness import Cluster

KINDS = ("stock", "vigil")
SETTINGS = tuple(Setting(connections, pipeline) for pipeline in (1, 16) for connections in (1, 50, 500))
DOWN_AFTER_MS = 5000  # Nothing is to fail here, however busy the machine is.

# Field of Result, title, format, whether more is better.
COLUMNS = (
    ("rate", "requests/s", "{:,.0f}", True),
    ("p50", "p50 ms", "{:.3f}", False),
    ("p99", "p99 ms", "{:.3f}", False),
    ("p999", "p99.9 ms", "{:.3f}", False),
    ("cpu", "CPU us/request", "{:.2f}", False),
    ("client_busy", "client busy", "{:.2f}", False),
)


def run(seconds, runs, settings=SETTINGS, json_path=None):
    """Measures, prints progress and the table. Returns setting -> kind -> list of Results."""
    results = {setting: {kind: [] for kind in KINDS} for setting in settings}
    load_before = load_average()
    with contextlib.ExitStack() as stack:
        clusters = {kind: stack.enter_context(Cluster(kind, down_after_ms=DOWN_AFTER_MS)) for kind in KINDS}
        masters = {kind: cluster.wait_settled() for kind, cluster in clusters.items()}
        epochs = {kind: cluster.sentinels[0].config_epoch() for kind, cluster in clusters.items()}
        counts = {}
        for number in range(runs):
            for setting in settings:
                for kind in KINDS if number % 2 == 0 else reversed(KINDS):
                    sentinel = clusters[kind].sentinels[0]
                    if (kind, setting) not in counts:
                        counts[kind, setting] = requests_for(sentinel, setting, seconds)
                    result = measure(sentinel, setting, counts[kind, setting])
                    results[setting][kind].append(result)
                    print(f"round {number + 1}/{runs}  {str(setting):<11} {kind:<5} {result.rate:9,.0f}/s "
                          f"p99 {result.p99:.3f} ms  {result.cpu:.2f} us", file=sys.stderr, flush=True)
                    assert sentinel.master_address() == masters[kind].address, "the answer changed"
        for kind, cluster in clusters.items():
            assert cluster.sentinels[0].config_epoch() == epochs[kind], f"{kind} failed over meanwhile"
    print(table(results, runs, seconds, load_before))
    if json_path:
        with open(json_path, "w") as file:
            json.dump({"runs": runs, "seconds": seconds, "machine": platform.platform(), "cores": os.cpu_count(),
                       "load_before": load_before,
                       "results": {str(setting): {kind: [dataclasses.asdict(result) for result in found]
                                                  for kind, found in kinds.items()}
                                   for setting, kinds in results.items()}}, file, indent=1)
    return results


def table(results, runs, seconds, load_before):
    lines = [f"median / worst of {runs}, about {seconds:g} s each; {os.cpu_count()} cores, load average before "
             f"{load_before:.1f}; ratio of medians, above 1: Vigil is better", ""]
    rows = [["", "", *(title for _, title, _, _ in COLUMNS)]]
    for setting, kinds in results.items():
        for kind in KINDS:
            rows.append([str(setting) if kind == KINDS[0] else "", kind,
                         *(cell(kinds[kind], field, shape, more) for field, _, shape, more in COLUMNS)])
        rows.append(["", "ratio", *(ratio(kinds, field, more) if field != "client_busy" else ""
                                    for field, _, _, more in COLUMNS)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        lines.append("  ".join(text.ljust(width) if column < 2 else text.rjust(width)
                               for column, (text, width) in enumerate(zip(row, widths))).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines)


def median(results, field):
    return statistics.median(getattr(result, field) for result in results)


def cell(results, field, shape, more_is_better):
    values = [getattr(result, field) for result in results]
    worst = min(values) if more_is_better else max(values)
    return f"{shape.format(statistics.median(values))} / {shape.format(worst)}"


def ratio(kinds, field, more_is_better):
    stock, vigil = median(kinds["stock"], field), median(kinds["vigil"], field)
    above, below = (vigil, stock) if more_is_better else (stock, vigil)
    return f"{above / below:.2f}" if below else "-"
