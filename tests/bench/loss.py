"""Acknowledged writes that are gone after a failover, under stock redis-sentinel and under Vigil.

Clients remember every acknowledgement (their ledger is the judge, not the servers' counters) and are compared with what
the last master holds once the old one is back in its place. Every run is a deployment of its own; kinds alternate.

Faults:
  planned            SENTINEL FAILOVER while all is healthy
  kill               SIGKILL to the master; it comes back with what it had on disk (nothing)
  stop-and-continue  SIGSTOP to the master, SIGCONT once the new one is there. As many clients as there are writers have kept
                     their connections and sent writes meanwhile, another one connects anew: how long are they served?
  cut-off            the master with half of the writers on its side of a cut network, healed after the failover
  empty-restart      SIGKILL, and a supervisor that starts it again at once, empty (persistence off)

Columns, sums of all runs or median / worst: writes acknowledged; lost of them; rescued (lost ones that are in a rescue file of
Vigil's); gone: not there after `vigilctl rescue replay` either; had: lost ones that some replica had when the master was
killed; survived: runs in which no write that was older than half a second was lost; stall: the longest time without an
acknowledgement of a writer that can reach the new master; serves: from the SIGCONT, or the cut, to the last write that the old
master acknowledged; refused: from the SIGCONT until each of its clients had been refused or disconnected; full syncs beyond
those of the start, of all servers.
"""

import json
import platform
import random
import statistics
import sys
import time

from bench.load import load_average
from bench.loss_judge import full_syncs, grown, in_rescue_files, missing, replay
from bench.old_master import HeldClient, ReconnectingClient
from bench.tables import aligned
from harness import Cluster, Network, NetworkUnavailable, Writer, wait_for

FAULTS = ("planned", "kill", "stop-and-continue", "cut-off", "empty-restart")
KINDS = ("stock", "vigil")
MAX_LAG_SECONDS = 10
SWITCH_SECONDS = 60.0
DEMOTED_SECONDS = 60.0
PLANNED_SECONDS = 20.0
PLANNED_ATTEMPTS = 3
STEADY_WRITES = 50
JITTER_SECONDS = 1.0
TAIL_SECONDS = 0.3
PROBE_SECONDS = 0.05       # Its first write waits in the stopped server's socket by then.
ARRIVAL_SECONDS = 0.1      # What a killed master had sent is with its replicas.
SUPERVISOR_SECONDS = 0.1
EMPTY_SETTLE_SECONDS = 5.0
OLD_WRITE_SECONDS = 0.5
CUT_SECONDS = MAX_LAG_SECONDS + 5.0  # So that the end of the writes is seen.
# As servers have it (the harness pings oftener), and a backlog that holds what a master takes while it is cut off.
NODE_CONFIG = (("repl-ping-replica-period", "10"), ("repl-backlog-size", "64mb"))


class Run:
    """One deployment, one fault. measure() is a dict of the columns."""

    def __init__(self, kind, fault, count, down_after_ms, jitter_seconds, network=None):
        self.kind, self.fault, self.count = kind, fault, count
        self.down_after_ms, self.jitter_seconds, self.network = down_after_ms, jitter_seconds, network
        self.stale = []
        self.result = {"had": None, "survived": None, "serves_ms": None, "refused_ms": None, "load": load_average()}

    def measure(self):
        with self._deploy() as self.cluster:
            self.old = self.cluster.wait_settled()
            if self.kind == "vigil":
                wait_for(lambda: self.old.config_get("min-replicas-to-write") == "1", "write safety is in force")
            before = full_syncs(self.cluster)
            self._make_writers()
            writers = self.outside + self.inside
            try:
                for writer in writers:
                    writer.__enter__()
                for writer in writers:
                    wait_for(lambda w=writer: len(w.acknowledged) > STEADY_WRITES, "the writers are at work")
                time.sleep(self.jitter_seconds + (OLD_WRITE_SECONDS if self.fault == "empty-restart" else 0))
                new = self._strike()
                for writer in writers:
                    here = time.monotonic()
                    wait_for(lambda w=writer: (w.last_acknowledged_at(new.address) or 0) > here, "the writers go on", 30)
                time.sleep(TAIL_SECONDS)
            finally:
                for client in writers + self.stale:
                    client.stop()
            self._judge(new, writers)
            self.result["full_syncs"] = grown(before, full_syncs(self.cluster))
        return self.result

    def _deploy(self):
        options = {"down_after_ms": self.down_after_ms, "node_config": NODE_CONFIG}
        if self.kind == "vigil":
            options |= {"write_safety": "enforce", "max_lag_s": MAX_LAG_SECONDS, "vigil": {"rescue": "stream"}}
        if self.network:
            options |= {"network": self.network,
                        "place": {f"{name}{site}": site for name in ("redis", "sentinel") for site in range(3)}}
        return Cluster(self.kind, **options)

    def _make_writers(self):
        if not self.network:
            self.outside, self.inside = [Writer(self.cluster, prefix=f"writer{n}") for n in range(self.count)], []
            return
        cut, sentinels = self.cluster.nodes.index(self.old), self.cluster.sentinels
        rest = [site for site in range(3) if site != cut]
        half = max(1, self.count // 2)
        self.inside = [Writer(self.cluster, prefix=f"inside{n}", netns=self.network.netns(cut), sentinels=[sentinels[cut]])
                       for n in range(half)]
        self.outside = [Writer(self.cluster, prefix=f"outside{n}", netns=self.network.netns(rest[0]),
                               sentinels=[sentinels[site] for site in rest]) for n in range(max(1, self.count - half))]

    # The faults. Each returns the master that the deployment ends with, the old one back in its place.

    def _strike(self):
        strike = {"planned": self._planned, "kill": self._kill, "stop-and-continue": self._stop_and_continue,
                  "cut-off": self._cut_off, "empty-restart": self._empty_restart}[self.fault]
        self.fault_at = time.monotonic()
        return strike()

    def _switched(self, sentinels=None):
        return self.cluster.wait_switched(away_from=self.old, sentinels=sentinels, timeout=SWITCH_SECONDS)

    def _demoted(self, new):
        wait_for(lambda: self.old.follows(new), "the old master is a replica", DEMOTED_SECONDS)
        return new

    def _planned(self):
        """Asked for again where it was given up, as on a disk that stands still for longer than an election may last."""
        for attempt in range(PLANNED_ATTEMPTS):
            self.cluster.sentinels[1].call("SENTINEL", "FAILOVER", self.cluster.group.name)
            self.result["asked"] = attempt + 1
            try:
                return self._demoted(self.cluster.wait_switched(away_from=self.old, timeout=PLANNED_SECONDS))
            except AssertionError:
                if not self.old.is_master() or attempt + 1 == PLANNED_ATTEMPTS:
                    raise

    def _kill(self):
        self.old.kill()
        time.sleep(ARRIVAL_SECONDS)
        ledger = self._ledger(self.outside)
        for replica in self.cluster.nodes:
            if replica is not self.old:
                ledger = missing(replica, ledger)
        self.nowhere = ledger
        new = self._switched()
        self.old.restart()
        return self._demoted(new)

    def _stop_and_continue(self):
        held = [HeldClient(self.old, f"held{n}") for n in range(self.count)]
        probe = ReconnectingClient(self.old, "reconnecting")
        self.stale = held + [probe]
        self.fault_at = time.monotonic()
        self.old.pause()
        for client in held:
            client.send()
        new = self._switched()
        for client in self.stale:
            client.start()
        time.sleep(PROBE_SECONDS)
        went_on = time.monotonic()
        self.old.resume()
        self._demoted(new)
        for client in self.stale:
            wait_for(lambda c=client: c.refused_at, "the old master refuses")
            client.stop()
        served = [at for client in self.stale for _, at, _ in client.acknowledged]
        self.result["serves_ms"] = 1000 * (max(served, default=went_on) - went_on)
        self.result["refused_ms"] = 1000 * (max(client.refused_at for client in self.stale) - went_on)
        return new

    def _cut_off(self):
        cut = self.cluster.nodes.index(self.old)
        rest = [site for site in range(3) if site != cut]
        self.network.partition(rest, [cut])
        new = self._switched([self.cluster.sentinels[site] for site in rest])
        time.sleep(max(0.0, self.fault_at + CUT_SECONDS - time.monotonic()))
        self.network.heal()
        self._demoted(new)
        self.result["serves_ms"] = 1000 * (max(w.last_acknowledged_at(self.old.address) for w in self.inside) - self.fault_at)
        return new

    def _empty_restart(self):
        self.old.kill()
        time.sleep(SUPERVISOR_SECONDS)
        self.old.restart()
        time.sleep(EMPTY_SETTLE_SECONDS)
        new = wait_for(lambda: (node := self.cluster.agreed_node()) and node.is_master() and node, "a master", SWITCH_SECONDS)
        return new if new is self.old else self._demoted(new)

    # The judgement.

    @staticmethod
    def _ledger(clients, until=float("inf")):
        return {key: value for client in clients
                for (key, value), (_, at, _) in zip(client.ledger().items(), list(client.acknowledged)) if at <= until}

    def _judge(self, new, writers):
        clients = writers + self.stale
        ledger = self._ledger(clients)
        lost = missing(new, ledger)
        result = self.result
        result["acknowledged"], result["lost"], result["gone"] = len(ledger), len(lost), len(lost)
        result["rescued"] = 0
        result["stall_ms"] = max(stall(writer, self.fault_at) for writer in self.outside)
        if self.fault == "kill":
            result["had"] = len(lost.keys() - self.nowhere.keys())
        if self.fault == "empty-restart":
            result["survived"] = not missing(new, self._ledger(writers, self.fault_at - OLD_WRITE_SECONDS))
        if self.kind == "vigil":
            result["rescued"] = len(in_rescue_files(self.cluster, lost))
            replay(self.cluster)
            result["gone"] = len(missing(new, lost))


def stall(writer, since):
    times = [at for _, at, _ in writer.acknowledged]
    return 1000 * max((later - earlier for earlier, later in zip(times, times[1:]) if later >= since), default=0.0)


def measure(kind, fault, count, down_after_ms, jitter_seconds):
    """One run: a dict of the columns; None where a fault can't be made."""
    if fault != "cut-off":
        return Run(kind, fault, count, down_after_ms, jitter_seconds).measure()
    try:
        with Network(3) as network:
            return Run(kind, fault, count, down_after_ms, jitter_seconds, network).measure()
    except NetworkUnavailable as problem:
        print(f"{fault} is left out, no network namespaces here: {problem}", file=sys.stderr)
        return None


def run(runs, writer_counts, faults, kinds, down_after_ms, seed, json_path=None):
    """Measures, prints progress and the table. What Vigil promises and did not keep, as texts."""
    dice = random.Random(seed)
    results = {}
    for fault in faults:
        for number in range(runs):
            for count in writer_counts:
                jitter = dice.uniform(0, JITTER_SECONDS)
                for kind in kinds:
                    result = measure(kind, fault, count, down_after_ms, jitter)
                    if result is None:
                        continue
                    results.setdefault((fault, count, kind), []).append(result)
                    print(f"run {number + 1}/{runs}  {fault}, {count} writers, {kind:<5} lost {result['lost']:6} of "
                          f"{result['acknowledged']:6}, gone {result['gone']:6}, stall {result['stall_ms']:6.0f} ms, "
                          f"serves {cell(result['serves_ms'])} ms, full syncs {result['full_syncs']}",
                          file=sys.stderr, flush=True)
    print(f"sums of all runs; milliseconds median / worst; down-after {down_after_ms} ms, load average "
          f"{load_span(results)}\n\n{table(results)}")
    broken = broken_promises(results)
    for line in broken:
        print(f"NOT KEPT: {line}")
    if json_path:
        with open(json_path, "w") as file:
            json.dump({"down_after_ms": down_after_ms, "runs": runs, "seed": seed, "machine": platform.platform(),
                       "results": {title(*key): some for key, some in results.items()}}, file, indent=1)
    return broken


def broken_promises(results):
    """What holds in every run of Vigil."""
    broken = []
    for (fault, count, kind), some in results.items():
        if kind != "vigil":
            continue
        rules = {
            "planned": (("no write is lost", lambda one: one["lost"] == 0), ("no full sync", lambda one: one["full_syncs"] == 0)),
            "stop-and-continue": (("what is lost is rescued", lambda one: one["rescued"] == one["lost"]),
                                  ("a replay gives it back", lambda one: one["gone"] == 0)),
            "cut-off": (("what is lost is rescued", lambda one: one["rescued"] == one["lost"]),
                        ("a replay gives it back", lambda one: one["gone"] == 0)),
            "kill": (("what a replica had is not lost", lambda one: one["had"] == 0),),
        }.get(fault, ())
        for text, holds in rules:
            failed = sum(not holds(one) for one in some)
            if failed:
                broken.append(f"{title(fault, count, kind)}: {text}: not in {failed} of {len(some)} runs")
    return broken


def title(fault, count, kind):
    return f"{fault}, {count} writer{'s' if count > 1 else ''}, {kind}"


def cell(value):
    return "-" if value is None else f"{value:.0f}"


def load_span(results):
    loads = [one["load"] for some in results.values() for one in some]
    return f"{min(loads):.1f} to {max(loads):.1f}" if loads else "-"


def table(results):
    def times(some, key):
        values = [one[key] for one in some if one[key] is not None]
        return f"{statistics.median(values):.0f} / {max(values):.0f}" if values else ""

    def total(some, key):
        values = [one[key] for one in some if one[key] is not None]
        return str(sum(values)) if values else ""

    def survived(some):
        values = [one["survived"] for one in some if one["survived"] is not None]
        return f"{sum(values)} of {len(values)}" if values else ""

    rows = [["", "runs", "acknowledged", "lost", "runs with loss", "rescued", "gone", "had", "survived", "stall ms",
             "serves ms", "refused ms", "full syncs"]]
    for key, some in results.items():
        rows.append([title(*key), str(len(some)), total(some, "acknowledged"), total(some, "lost"),
                     str(sum(one["lost"] > 0 for one in some)), total(some, "rescued"), total(some, "gone"),
                     total(some, "had"), survived(some), times(some, "stall_ms"), times(some, "serves_ms"),
                     times(some, "refused_ms"), total(some, "full_syncs")])
    return aligned(rows)
