"""Who has lost what: the ledgers of clients beside what servers hold and what Vigil's sentinels saved.

A ledger is {key: value} of acknowledged writes, each key written once.
"""

import json
import os
import subprocess

from harness import RespError
from harness.rescue_files import rescue_files, values_in
from harness.sentinel_node import REPOSITORY

PROGRAM = os.environ.get("VIGILCTL", os.path.join(REPOSITORY, "build", "release", "vigilctl"))
COMPARE_BATCH = 1000
REPLAY_SECONDS_MAX = 120


def missing(node, ledger):
    """The part of `ledger` that the node does not hold."""
    gone, keys = {}, list(ledger)
    with node.client(timeout=10.0) as client:
        for start in range(0, len(keys), COMPARE_BATCH):
            batch = keys[start:start + COMPARE_BATCH]
            gone.update((key, ledger[key]) for key, value in zip(batch, client.call("MGET", *batch)) if value != ledger[key])
    return gone


def in_rescue_files(cluster, ledger):
    """The part of `ledger` that a stream on some sentinel's disk holds."""
    found = {}
    for path, _metadata in rescue_files(cluster):
        if path.endswith(".aof"):
            values = values_in(path, 0)
            found.update((key, value) for key, value in ledger.items() if values.get(key) == value)
    return found


def vigilctl_rescue(sentinel, *words):
    """The answer of `vigilctl rescue`, run where that sentinel is."""
    host, port = sentinel.address
    place = ["ip", "netns", "exec", sentinel.netns] if sentinel.netns else []
    done = subprocess.run([*place, PROGRAM, "--json", "--sentinel", f"{host}:{port}", "rescue", "--folder",
                           os.path.join(sentinel.state_dir, "rescue"), *words],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=REPLAY_SECONDS_MAX)
    assert done.returncode == 0, f"vigilctl rescue {' '.join(words)}: {done.stdout} {done.stderr}"
    return json.loads(done.stdout)


def replay(cluster):
    """Gives all that was rescued back to the master."""
    for sentinel in cluster.sentinels:
        if os.path.isdir(os.path.join(sentinel.state_dir, "rescue")):
            for entry in vigilctl_rescue(sentinel, "list"):
                if entry["kind"] == "stream":
                    vigilctl_rescue(sentinel, "replay", entry["name"], "--untouched")


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
