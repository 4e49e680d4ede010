"""How fast a sentinel answers while it fails over other groups.

Beside the deployment that is asked about, each sentinel watches GROUPS small ones (a master and a replica, real
redis-servers). One run is calm; in the next, their masters are killed one after the other while redis-benchmark
asks. All of it shares the machine, so what the servers and the other sentinels need is missing, too.
"""

import contextlib
import dataclasses
import json
import platform
import statistics
import sys
import time

from bench.load import Load, Setting, measure, requests_for
from bench.query import KINDS
from harness import Cluster, wait_for
from harness.redis_node import RedisNode
from harness.ports import free_port

GROUPS = 8
SETTINGS = (Setting(50, 1), Setting(50, 16))
DOWN_AFTER_MS = 1000
KILLS_WITHIN = 0.7      # Of the run: the last failover is to end inside it.
KEEPS_AT_LEAST = 0.5    # Of the calm rate.


class SmallGroup:
    """A master and a replica that all sentinels of a cluster watch. Ends with the context."""

    def __init__(self, cluster, name):
        self._cluster = cluster
        self.name = name
        first = ("127.0.0.1", free_port())
        self.nodes = [RedisNode(cluster.folder, f"{name}-{index}", first if index == 0 else ("127.0.0.1", free_port()),
                                master=None if index == 0 else first) for index in range(2)]

    def __enter__(self):
        for node in self.nodes:
            node.start()
            node.wait_ready()
        wait_for(lambda: self.nodes[1].follows(self.nodes[0]), f"{self.name} replicates")
        for sentinel in self._cluster.sentinels:
            sentinel.call("SENTINEL", "MONITOR", self.name, *self.nodes[0].address, 2)
            sentinel.call("SENTINEL", "SET", self.name, "down-after-milliseconds", DOWN_AFTER_MS)
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.process.kill()

    def address(self, sentinel):
        host, port = sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)
        return host, int(port)

    @property
    def master(self):
        at = self.address(self._cluster.sentinels[0])
        return next(node for node in self.nodes if node.address == at)

    def whole(self):
        """Whether every sentinel knows both nodes, in their roles and alive, and each other."""
        master = self.master
        replica = next(node for node in self.nodes if node is not master)
        if not replica.follows(master):
            return False
        others = len(self._cluster.sentinels) - 1
        for sentinel in self._cluster.sentinels:
            said = sentinel.call("SENTINEL", "MASTER", self.name)
            said = dict(zip(said[::2], said[1::2]))
            if (said["flags"], said["num-slaves"], said["num-other-sentinels"]) != ("master", "1", str(others)):
                return False
        return True

    def repair(self):
        """Starts again what was killed, and waits until all is well."""
        for node in self.nodes:
            if not node.process.running:
                node.restart()
        wait_for(self.whole, f"{self.name} is whole", timeout=60.0)


def stormy(cluster, groups, setting, requests, seconds):
    """(Result, failovers of the groups that had ended when it ended)."""
    sentinel = cluster.sentinels[0]
    victims = [(group, group.master) for group in groups]
    load = Load(sentinel, setting, requests)
    load.start()
    started = time.monotonic()
    for number, (_, node) in enumerate(victims):
        pause = started + KILLS_WITHIN * seconds * (number + 0.5) / len(victims) - time.monotonic()
        time.sleep(max(0.0, pause))
        node.kill()
    result = load.finish()
    return result, sum(group.address(sentinel) != node.address for group, node in victims)


def run(seconds, runs, json_path=None):
    """Measures and prints. Returns the number of (kind, setting) whose throughput was halved."""
    results = {(kind, setting): [] for setting in SETTINGS for kind in KINDS}
    with contextlib.ExitStack() as stack:
        clusters = {kind: stack.enter_context(Cluster(kind, down_after_ms=5 * DOWN_AFTER_MS)) for kind in KINDS}
        groups = {kind: [stack.enter_context(SmallGroup(cluster, f"small{number}")) for number in range(GROUPS)]
                  for kind, cluster in clusters.items()}
        for kind, cluster in clusters.items():
            cluster.wait_settled()
        for number in range(runs):
            for setting in SETTINGS:
                for kind in KINDS if number % 2 == 0 else reversed(KINDS):
                    for group in groups[kind]:
                        group.repair()
                    sentinel = clusters[kind].sentinels[0]
                    requests = requests_for(sentinel, setting, seconds)
                    calm = measure(sentinel, setting, requests)
                    storm, switched = stormy(clusters[kind], groups[kind], setting, requests, seconds)
                    results[kind, setting].append({"calm": calm, "storm": storm, "switched": switched})
                    print(f"round {number + 1}/{runs}  {str(setting):<9} {kind:<5} calm {calm.rate:9,.0f}/s  storm "
                          f"{storm.rate:9,.0f}/s  {switched} of {GROUPS} failed over", file=sys.stderr, flush=True)
    halved = report(results, runs)
    if json_path:
        plain = {f"{kind} {setting}": [{"calm": dataclasses.asdict(one["calm"]), "switched": one["switched"],
                                        "storm": dataclasses.asdict(one["storm"])} for one in found]
                 for (kind, setting), found in results.items()}
        with open(json_path, "w") as file:
            json.dump({"runs": runs, "seconds": seconds, "machine": platform.platform(), "results": plain}, file,
                      indent=1)
    return halved


def report(results, runs):
    print(f"median of {runs} (lowest of the kept parts behind it); {GROUPS} masters killed in each stormy run")
    halved = 0
    for (kind, setting), found in results.items():
        def middle(when, field):
            return statistics.median(getattr(one[when], field) for one in found)
        kept = [one["storm"].rate / one["calm"].rate for one in found]
        bad = statistics.median(kept) < KEEPS_AT_LEAST
        halved += bad
        switched = sum(one["switched"] for one in found)
        print(f"{str(setting):<9} {kind:<5}  calm {middle('calm', 'rate'):9,.0f}/s p99 {middle('calm', 'p99'):.3f} ms   "
              f"storm {middle('storm', 'rate'):9,.0f}/s p99 {middle('storm', 'p99'):.3f} ms   "
              f"kept {100 * statistics.median(kept):.0f} % ({100 * min(kept):.0f} %), "
              f"{'HALVED' if bad else 'not halved'}; {switched} of {GROUPS * runs} failovers ended within the run")
    return halved
