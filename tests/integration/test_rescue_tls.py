"""A rescue where every link is TLS: the fence, the stream, the file, and what vigilctl gives back."""

import json
import os
import subprocess

from harness.certificates import NodeTls
from harness.queued_writes import QueuedWrites, lost, stop_and_continue, values_of
from harness.rescue_files import rescue_files, values_in
from harness.sentinel_node import REPOSITORY

PROGRAM = os.environ.get("VIGILCTL", os.path.join(REPOSITORY, "build", "release", "vigilctl"))


def test_what_a_stopped_master_acknowledged_is_rescued_over_tls_and_given_back(deploy, authority):
    """Values of 2 KB: the stream is longer than one TLS record, and than one read."""
    with deploy(tls=lambda name: NodeTls(authority, authority.issue(name)), vigil={"rescue": "stream"}) as cluster:
        writes = QueuedWrites(cluster.wait_settled(), clients=4, writes=50, value="v" * 2000)
        new = stop_and_continue(cluster, writes)
        gone = lost(writes, new)
        assert gone, "otherwise this shows nothing"

        ((path, metadata),) = rescue_files(cluster)
        rescued = values_in(path, 0)
        assert {key: rescued.get(key) for key in gone} == gone
        assert metadata["complete"] and metadata["commands"] == len(rescued)

        client = authority.issue("client")
        sentinel = next(one for one in cluster.sentinels if path.startswith(one.state_dir))
        host, port = sentinel.address

        def rescue(*words):
            done = subprocess.run([PROGRAM, "--json", "--sentinel", f"{host}:{port}", "--tls", "--cacert", authority.cert,
                                   "--cert", client.cert, "--key", client.key, "--insecure", "rescue", "--folder",
                                   os.path.join(sentinel.state_dir, "rescue"), *words],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
            return json.loads(done.stdout)

        (entry,) = rescue("list")
        assert rescue("replay", entry["name"], "--untouched")["applied"] == metadata["commands"]
        assert values_of(new, gone, 0) == gone
