"""Masters without persistence that a supervisor starts again at once: how often do the data survive?

Each trial fills the group, kills the master with SIGKILL, starts it again after a moment (as systemd, Docker or Kubernetes do),
waits until the group is at rest and counts the keys that the master then has. Stock and Vigil take turns; each kind keeps its
deployment for all trials. A trial is survived if every key has the value of that trial: a server that was a replica before
finds the snapshot of its full sync on disk, and comes back with old data instead of none.
"""

import json
import platform
import random
import sys
import time

from bench.tables import aligned
from harness import Cluster, RespError, wait_for

KINDS = ("stock", "vigil")
KEYS = 1000
BATCH = 100
REST_SECONDS = 1.5  # A group is at rest when nothing of it has changed for so long.
LIMIT_SECONDS = 60.0


def fill(cluster, master, trial):
    """Writes the keys of this trial; returns when every replica has them."""
    with master.client(timeout=10.0) as client:
        client.call("FLUSHALL")
        for start in range(0, KEYS, BATCH):
            client.call("MSET", *(word for n in range(start, start + BATCH) for word in (f"key:{n}", f"{trial}:{n}")))
        replicas = len(cluster.nodes) - 1
        wait_for(lambda: client.call("WAIT", replicas, 1000) == replicas, "the replicas have the keys", LIMIT_SECONDS)


def survivors(master, trial):
    with master.client(timeout=10.0) as client:
        values = client.call("MGET", *(f"key:{n}" for n in range(KEYS)))
    return sum(value == f"{trial}:{n}" for n, value in enumerate(values))


def state(cluster):
    """The master that all sentinels name, if every other node follows it; None while that is not so."""
    try:
        master = cluster.agreed_node()
        if not master or not master.is_master():
            return None
        return master if all(node.follows(master) for node in cluster.nodes if node is not master) else None
    except (OSError, RespError):
        return None


def at_rest(cluster):
    """The master, once the group has had it for REST_SECONDS with all replicas in place."""
    since, before = None, None

    def rested():
        nonlocal since, before
        now, master = time.monotonic(), state(cluster)
        if master is None or master is not before:
            since, before = now, master
        return before if before and now - since >= REST_SECONDS else None
    return wait_for(rested, "the group is at rest", LIMIT_SECONDS)


def one_trial(cluster, trial, delay_seconds, jitter_seconds):
    old = at_rest(cluster)
    fill(cluster, old, trial)
    time.sleep(jitter_seconds)
    old.kill()
    time.sleep(delay_seconds)
    old.restart()
    restarted = time.monotonic()
    new = at_rest(cluster)
    return {"kept": survivors(new, trial), "moved": new is not old, "delay_ms": 1000 * delay_seconds,
            "rest_ms": 1000 * (time.monotonic() - restarted - REST_SECONDS)}


def deploy(kind, down_after_ms, replicas, sync_delay):
    # As servers have it, not as tests like it.
    config = (("repl-ping-replica-period", "10"), ("repl-diskless-sync-delay", str(sync_delay)))
    options = {"write_safety": "enforce"} if kind == "vigil" else {}
    return Cluster(kind, replicas=replicas, down_after_ms=down_after_ms, node_config=config, **options)


def run(runs, kinds, down_after_ms, delay_max_ms, replicas, sync_delay, seed, json_path=None):
    """Measures, prints progress and the table. Returns whether Vigil kept the data in at least 95 of 100."""
    dice = random.Random(seed)
    results = {kind: [] for kind in kinds}
    clusters = {kind: deploy(kind, down_after_ms, replicas, sync_delay) for kind in kinds}
    opened = []
    try:
        for kind in kinds:
            clusters[kind].__enter__()
            opened.append(kind)
            clusters[kind].wait_settled()
        for trial in range(runs):
            delay, jitter = dice.uniform(0, delay_max_ms / 1000), dice.uniform(0, 1)
            for kind in kinds:
                result = one_trial(clusters[kind], trial, delay, jitter)
                results[kind].append(result)
                print(f"run {trial + 1}/{runs}  {kind:<5} back after {result['delay_ms']:4.0f} ms, kept {result['kept']:4} of "
                      f"{KEYS}{', another master' if result['moved'] else ''}", file=sys.stderr, flush=True)
    finally:
        for kind in opened:
            clusters[kind].__exit__(*sys.exc_info())
    print(f"{KEYS} keys, {replicas} replicas, persistence off, back within {delay_max_ms} ms, "
          f"repl-diskless-sync-delay {sync_delay}, down-after {down_after_ms} ms")
    print()
    print(table(results))
    if json_path:
        with open(json_path, "w") as file:
            json.dump({"runs": runs, "down_after_ms": down_after_ms, "delay_max_ms": delay_max_ms, "replicas": replicas,
                       "sync_delay": sync_delay, "seed": seed, "machine": platform.platform(), "results": results},
                      file, indent=1)
    ours = results.get("vigil", [])
    return sum(one["kept"] == KEYS for one in ours) >= 0.95 * len(ours)


def table(results):
    rows = [["", "runs", "survived", "in part", "lost", "another master"]]
    for kind, some in results.items():
        kept = [one["kept"] for one in some]
        rows.append([kind, str(len(some)), str(sum(count == KEYS for count in kept)),
                     str(sum(0 < count < KEYS for count in kept)), str(sum(count == 0 for count in kept)),
                     str(sum(one["moved"] for one in some))])
    return aligned(rows)
