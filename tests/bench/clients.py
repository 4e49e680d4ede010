"""The outage that users of real client libraries see, under stock redis-sentinel and under Vigil.

All libraries write at the same time through the same failover, each with keys of its own and with the settings
that docs/clients.md recommends. Every run is a deployment of its own; kinds and faults alternate. An outage is the
longest time between two acknowledged writes of that library, around the fault. A write is lost when it was
acknowledged and the master does not have it once the old master is back in its place as a replica.
"""

import json
import platform
import random
import statistics
import sys
import time

from bench.tables import aligned
from clients.libraries import LIBRARIES, Application, lost_writes
from harness import Cluster, wait_for

FAULTS = ("kill", "stop", "planned")
KINDS = ("stock", "vigil")
PAUSE_MS = 10
STEADY_WRITES = 20
JITTER_SECONDS = 1.0    # The fault comes at a random moment of the sentinels' polling periods.
HANG_SECONDS = 15.0     # A client that does not write on for so long hangs.
DEMOTED_SECONDS = 60.0  # Stock needs ten.


def strike(fault, cluster, master):
    if fault == "kill":
        master.process.signal(9)
    elif fault == "stop":
        master.pause()
    else:
        cluster.sentinels[1].call("SENTINEL", "FAILOVER", cluster.group.name)


def patiently(condition, what, seconds):
    try:
        return wait_for(condition, what, seconds, poll=0.02)
    except AssertionError:
        return None


def measure(kind, fault, libraries, down_after_ms, write_safety, jitter_seconds):
    """One run: library key -> {"outage_ms", "lost", "acknowledged", "hangs"}."""
    options = {"write_safety": write_safety} if kind == "vigil" else {}
    with Cluster(kind, down_after_ms=down_after_ms, **options) as cluster:
        old = cluster.wait_settled()
        writers = [Application(library, "write", cluster, PAUSE_MS) for library in libraries]
        try:
            for writer in writers:
                writer.process.start()
            for writer in writers:
                wait_for(lambda w=writer: len(w.written()) >= STEADY_WRITES, f"{writer} writes\n{writer.story()}")
            time.sleep(jitter_seconds)
            fault_ms = time.monotonic() * 1000
            strike(fault, cluster, old)
            new = cluster.wait_switched(away_from=old, timeout=DEMOTED_SECONDS)
            switched_ms = time.monotonic() * 1000
            went_on = {w: patiently(lambda w=w: w.written(switched_ms), str(w), HANG_SECONDS) for w in writers}
            if fault == "stop":
                old.resume()
            if fault != "kill":
                wait_for(lambda: old.follows(new), "the old master is a replica", DEMOTED_SECONDS)
                demoted_ms = time.monotonic() * 1000
                for writer in writers:
                    patiently(lambda w=writer: w.written(demoted_ms), str(writer), HANG_SECONDS)
        finally:
            for writer in writers:
                writer.process.kill()
        return {w.library.key: {"outage_ms": longest_gap(w, fault_ms), "lost": len(lost_writes(w, new)),
                                "acknowledged": len(w.written()), "hangs": not went_on[w]} for w in writers}


def longest_gap(writer, since_ms):
    times = [at for _, at in writer.written()]
    return max((later - earlier for earlier, later in zip(times, times[1:]) if later >= since_ms), default=0.0)


def run(runs, down_after_ms, faults, libraries, write_safety, seed, json_path=None):
    """Measures, prints progress and the table. The number of clients that hung under Vigil."""
    dice = random.Random(seed)
    missing = [library.title for library in libraries if not library.installed()]
    if missing:
        print(f"not installed, left out: {', '.join(missing)} (scripts/install-deps test)", file=sys.stderr)
    libraries = [library for library in libraries if library.installed()]
    results = {f"{kind} {fault}": [] for fault in faults for kind in KINDS}
    for number in range(runs):
        for fault in faults:
            jitter = dice.uniform(0, JITTER_SECONDS)
            for kind in KINDS:
                result = measure(kind, fault, libraries, down_after_ms, write_safety, jitter)
                results[f"{kind} {fault}"].append(result)
                outages = [facts["outage_ms"] for facts in result.values()]
                print(f"run {number + 1}/{runs}  {kind} {fault:<8} outages {min(outages):6.0f} to {max(outages):6.0f} ms,"
                      f" {sum(facts['lost'] for facts in result.values())} writes lost", file=sys.stderr, flush=True)
    print(f"outage in milliseconds, median / worst of {runs}; down-after {down_after_ms} ms; lost: acknowledged writes of "
          "all runs that are gone")
    print()
    print(table(results, libraries))
    if json_path:
        with open(json_path, "w") as file:
            json.dump({"down_after_ms": down_after_ms, "runs": runs, "seed": seed, "write_safety": write_safety,
                       "machine": platform.platform(), "results": results}, file, indent=1)
    return sum(facts["hangs"] for name, some in results.items() if name.startswith("vigil")
               for result in some for facts in result.values())


def table(results, libraries):
    rows = [["", *results]]
    for library in libraries:
        rows.append([library.title, *(cell([result[library.key] for result in some]) for some in results.values())])
    return aligned(rows)


def cell(facts):
    outages = [one["outage_ms"] for one in facts]
    lost = sum(one["lost"] for one in facts)
    hung = sum(one["hangs"] for one in facts)
    text = f"{statistics.median(outages):.0f} / {max(outages):.0f}"
    return text + (f", {lost} lost" if lost else "") + (f", {hung} hung" if hung else "")
