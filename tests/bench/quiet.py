"""A healthy deployment on a machine that is too busy: no sentinel may notice anything.

Every core spins, and redis-benchmark keeps the master at work; what is announced meanwhile is counted.
"""

import collections
import os
import sys
import time

from harness import Cluster, EventLog
from harness.process import Process

ALARMS = ("+sdown", "+odown", "+tilt", "+try-failover", "+switch-master", "-failover-abort-not-elected")
PROGRESS_SECONDS = 15.0
BENCHMARK_REQUESTS = 100_000
SPIN = "while True: pass"


def start_load(cluster):
    """Processes that keep all cores and the master busy."""
    load = [Process(["/usr/bin/python3", "-c", SPIN], os.path.join(cluster.folder, f"spin{core}.log"), cluster.folder)
            for core in range(os.cpu_count())]
    host, port = cluster.nodes[0].address
    benchmark = ["redis-benchmark", "-h", host, "-p", port, "-c", 20, "-d", 256, "-r", 10000, "-q", "-l",
                 "-n", BENCHMARK_REQUESTS, "-t", "set,get,incr,lpush,lpop"]
    load.append(Process(benchmark, os.path.join(cluster.folder, "benchmark.log"), cluster.folder))
    for process in load:
        process.start()
    return load


def run(kind, minutes, down_after_ms, crash_detection):
    """Prints the count of each alarm. 0 when there was none."""
    options = {"crash_detection": crash_detection} if kind == "vigil" else {}
    with Cluster(kind, down_after_ms=down_after_ms, **options) as cluster:
        cluster.wait_settled()
        epoch = cluster.sentinels[0].config_epoch()
        with EventLog(cluster.sentinels) as events:
            load = start_load(cluster)
            started = time.monotonic()
            cpu = [sentinel.process.cpu_seconds() for sentinel in cluster.sentinels]
            try:
                while (elapsed := time.monotonic() - started) < 60 * minutes:
                    time.sleep(min(PROGRESS_SECONDS, 60 * minutes - elapsed))
                    print(f"{time.monotonic() - started:6.0f} s  {counts(events)}", file=sys.stderr, flush=True)
                used = [sentinel.process.cpu_seconds() - before for sentinel, before in zip(cluster.sentinels, cpu)]
                seconds = time.monotonic() - started
                idle = [process.argv[0] for process in load if not process.running]
                assert not idle, f"the load ended early: {idle}"
            finally:
                for process in load:
                    process.kill()
            seen = counts(events)
            moved = cluster.sentinels[0].config_epoch() - epoch
        print(f"{kind}, down-after {down_after_ms} ms, {seconds:.0f} s with {os.cpu_count()} spinning processes "
              f"and redis-benchmark: {seen or 'no alarm'}; config epoch moved by {moved}")
        print("CPU of each sentinel: " + ", ".join(f"{100 * part / seconds:.2f} %" for part in used))
        if seen:
            print(events.text())
        return 1 if seen or moved else 0


def counts(events):
    return dict(collections.Counter(said.channel for said in list(events.announcements) if said.channel in ALARMS))
