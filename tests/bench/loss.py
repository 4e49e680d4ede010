"""Acknowledged writes that are gone after a failover, under stock redis-sentinel and under Vigil.

Writers remember every acknowledgement (their ledger is the judge, not the servers' counters) and are compared with what
the last master holds once the old one is back in its place. Every run is a deployment of its own; kinds alternate.

Faults:
  planned   SENTINEL FAILOVER while all is healthy; the bench also counts full syncs
  kill      SIGKILL to the master; it comes back with what it had on disk (nothing)
  stop      SIGSTOP to the master, SIGCONT once the new one is there: how long does it go on taking writes?
  cut       the master with half of the writers on its side of a cut network, healed after the failover
  empty     SIGKILL, and a supervisor that starts it again at once, empty (persistence off)

Columns: writes acknowledged; lost of them; rescued (by `vigilctl rescue`, where it is there); stall: the longest time without an
acknowledgement of any writer that can reach the new master; refuses: how long the old master took writes after it went on (stop),
or after the cut (cut); full syncs beyond those of the start.
"""

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time

from bench.tables import aligned
from harness import Cluster, Network, NetworkUnavailable, RespError, Writer, wait_for
from harness.resp import RespClient

FAULTS = ("planned", "kill", "stop", "cut", "empty")
KINDS = ("stock", "vigil")
SWITCH_SECONDS = 60.0
DEMOTED_SECONDS = 60.0
STEADY_WRITES = 50
JITTER_SECONDS = 1.0
TAIL_SECONDS = 0.3
SUPERVISOR_SECONDS = 0.1
CUT_SECONDS = 15.0  # Longer than max-lag, so that the end of the writes is seen.
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("VIGILCTL", os.path.join(REPOSITORY, "build", "release", "vigilctl"))


class OldMaster(threading.Thread):
    """Writes to one address over connections of its own, as a client would that has not heard of the failover."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node = node
        self.accepted = []
        self.done = threading.Event()

    def run(self):
        number, link = 0, None
        while not self.done.is_set():
            try:
                link = link or RespClient(self.node.address, self.node.netns, 0.25)
                link.call("SET", "bench:old-master", number)
                self.accepted.append(time.monotonic())
            except (OSError, RespError):
                if link:
                    link.close()
                link = None
            number += 1
            time.sleep(0.001)

    def last_after(self, since):
        """Milliseconds from `since` to the last write it took; None if it took none."""
        self.done.set()
        self.join()
        later = [at for at in self.accepted if at >= since]
        return 1000 * (max(later) - since) if later else 0.0


def full_syncs(cluster):
    """Of each process: a restart counts from zero again."""
    counts = {}
    for node in cluster.nodes:
        try:
            stats = node.info()
            counts[stats["run_id"]] = int(stats["sync_full"])
        except (OSError, RespError):
            pass
    return counts


def grown(before, after):
    return sum(count - before.get(run_id, 0) for run_id, count in after.items())


def rescued(cluster, kind):
    """Commands in rescue files, nothing where there is no such thing."""
    if kind != "vigil":
        return 0
    sentinel = ":".join(map(str, cluster.sentinels[0].address))
    done = subprocess.run([PROGRAM, "--sentinel", sentinel, "--json", "rescue", "list"], capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return 0
    entries = found if isinstance(found, list) else found.get("rescues", [])
    return sum(int(entry.get("commands", 0)) for entry in entries if isinstance(entry, dict))


def deploy(kind, fault, down_after_ms, network):
    options = {"write_safety": "enforce"} if kind == "vigil" else {}
    config = (("repl-ping-replica-period", "10"),)  # As servers have it, not as tests like it.
    if fault != "cut":
        return Cluster(kind, down_after_ms=down_after_ms, node_config=config, **options)
    place = {f"{name}{site}": site for name in ("redis", "sentinel") for site in range(3)}
    return Cluster(kind, down_after_ms=down_after_ms, node_config=config, network=network, place=place, **options)


def writers_of(cluster, fault, count, network, master):
    if fault != "cut":
        return [Writer(cluster, prefix=f"writer{number}") for number in range(count)], []
    cut = cluster.nodes.index(master)
    rest = [site for site in range(3) if site != cut]
    inside = [Writer(cluster, prefix=f"inside{number}", netns=network.netns(cut), sentinels=[cluster.sentinels[cut]])
              for number in range(max(1, count // 2))]
    outside = [Writer(cluster, prefix=f"outside{number}", netns=network.netns(rest[0]),
                      sentinels=[cluster.sentinels[site] for site in rest]) for number in range(max(1, count - count // 2))]
    return outside, inside


def measure(kind, fault, count, down_after_ms, jitter_seconds, network=None):
    """One run: a dict of the columns."""
    with deploy(kind, fault, down_after_ms, network) as cluster:
        old = cluster.wait_settled()
        if kind == "vigil":
            wait_for(lambda: old.config_get("min-replicas-to-write") == "1", "write safety is in force")
        before = full_syncs(cluster)
        outside, inside = writers_of(cluster, fault, count, network, old)
        writers = outside + inside
        for writer in writers:
            writer.__enter__()
        probe, refuses = None, None
        try:
            for writer in writers:
                wait_for(lambda w=writer: len(w.acknowledged) > STEADY_WRITES, "the writers are at work")
            time.sleep(jitter_seconds)
            fault_at = time.monotonic()
            sentinels = cluster.sentinels
            if fault == "planned":
                sentinels[1].call("SENTINEL", "FAILOVER", cluster.group.name)
            elif fault == "stop":
                old.pause()
            elif fault == "cut":
                cut = cluster.nodes.index(old)
                network.partition([site for site in range(3) if site != cut], [cut])
                sentinels = [sentinel for site, sentinel in enumerate(sentinels) if site != cut]
            else:
                old.kill()
            if fault == "empty":
                time.sleep(SUPERVISOR_SECONDS)
                old.restart()
            new = settle(cluster, fault, old, sentinels)
            if fault == "stop":
                probe = OldMaster(old)
                probe.start()
                time.sleep(0.05)  # Its first write waits in the stopped server's socket, as clients' do.
                went_on = time.monotonic()
                old.resume()
            elif fault == "kill":
                old.restart()
            elif fault == "cut":
                time.sleep(CUT_SECONDS)
                taken = [writer.last_acknowledged_at(old.address) for writer in inside]
                refuses = 1000 * (max(taken) - fault_at)
                network.heal()
            if new is not old:
                wait_for(lambda: old.follows(new), "the old master is a replica", DEMOTED_SECONDS)
            for writer in writers:
                here = time.monotonic()
                wait_for(lambda w=writer: (w.last_acknowledged_at(new.address) or 0) > here, "the writers go on", 30)
            time.sleep(TAIL_SECONDS)
            if probe:
                refuses = probe.last_after(went_on)
        finally:
            for writer in writers:
                writer.stop()
        return {"acknowledged": sum(len(writer.acknowledged) for writer in writers),
                "lost": sum(len(writer.lost(new)) for writer in writers),
                "rescued": rescued(cluster, kind),
                "stall_ms": max(stall(writer, fault_at) for writer in outside),
                "refuses_ms": refuses, "full_syncs": grown(before, full_syncs(cluster))}


def settle(cluster, fault, old, sentinels):
    """The master that the deployment ends with: after an empty restart that may be the old one."""
    if fault != "empty":
        return cluster.wait_switched(away_from=old, sentinels=sentinels, timeout=SWITCH_SECONDS)
    time.sleep(5.0)
    return wait_for(lambda: (node := cluster.agreed_node()) and node.is_master() and node, "a master", SWITCH_SECONDS)


def stall(writer, since):
    times = [at for _, at, _ in writer.acknowledged]
    return 1000 * max((later - earlier for earlier, later in zip(times, times[1:]) if later >= since), default=0.0)


def run(runs, writer_counts, faults, kinds, down_after_ms, seed, json_path=None):
    """Measures, prints progress and the table. The acknowledged writes that Vigil lost in planned failovers."""
    dice = random.Random(seed)
    results = {}
    for fault in faults:
        for number in range(runs):
            for count in writer_counts:
                jitter = dice.uniform(0, JITTER_SECONDS)
                for kind in kinds:
                    result = one_run(kind, fault, count, down_after_ms, jitter)
                    if result is None:
                        continue
                    results.setdefault(f"{fault}, {count} writers, {kind}", []).append(result)
                    print(f"run {number + 1}/{runs}  {fault}, {count} writers, {kind:<5} lost {result['lost']:6} of "
                          f"{result['acknowledged']:6}, stall {result['stall_ms']:6.0f} ms, full syncs "
                          f"{result['full_syncs']}", file=sys.stderr, flush=True)
    print(f"lost, rescued and full syncs of all runs, milliseconds median / worst of {runs}; down-after {down_after_ms} ms")
    print()
    print(table(results))
    if json_path:
        with open(json_path, "w") as file:
            json.dump({"down_after_ms": down_after_ms, "runs": runs, "seed": seed, "machine": platform.platform(),
                       "results": results}, file, indent=1)
    return sum(one["lost"] for name, some in results.items() if name.startswith("planned") and name.endswith("vigil")
               for one in some)


def one_run(kind, fault, count, down_after_ms, jitter):
    if fault != "cut":
        return measure(kind, fault, count, down_after_ms, jitter)
    try:
        with Network(3) as network:
            return measure(kind, fault, count, down_after_ms, jitter, network)
    except NetworkUnavailable as problem:
        print(f"cut is left out, no network namespaces here: {problem}", file=sys.stderr)
        return None


def table(results):
    def times(some, key):
        values = [one[key] for one in some if one[key] is not None]
        return f"{statistics.median(values):.0f} / {max(values):.0f}" if values else ""

    rows = [["", "runs", "acknowledged", "lost", "runs with loss", "rescued", "stall ms", "refuses ms", "full syncs"]]
    for name, some in results.items():
        rows.append([name, str(len(some)), str(sum(one["acknowledged"] for one in some)),
                     str(sum(one["lost"] for one in some)), str(sum(one["lost"] > 0 for one in some)),
                     str(sum(one["rescued"] for one in some)), times(some, "stall_ms"), times(some, "refuses_ms"),
                     str(sum(one["full_syncs"] for one in some))])
    return aligned(rows)
