"""ioredis' failoverDetector: a subscription to +switch-master on every sentinel, instead of a time limit."""

import time

import pytest

from clients.libraries import LIBRARIES, Application
from harness import wait_for
from harness.fixtures import skip_loudly

[IOREDIS] = [library for library in LIBRARIES if library.key == "ioredis"]


@pytest.fixture(autouse=True)
def installed():
    if not IOREDIS.installed():
        skip_loudly("ioredis is not installed: scripts/install-deps test")


def test_switch_master_frees_it_from_a_stopped_master(deploy):
    """Beside a killed master it is better left off: ioredis 5.11 ends for good when +switch-master arrives while it is
    reconnecting (its connector's disconnect() makes the pending connect() fail for ever), under stock as well."""
    with deploy() as cluster:
        old = cluster.wait_settled()
        application = Application(IOREDIS, "write", cluster, pause_ms=10, failover_detector=True)
        application.process.start()
        try:
            wait_for(application.written, "it writes to the master")
            wait_for(lambda: all("sub=1" in sentinel.call("CLIENT", "LIST") for sentinel in cluster.sentinels),
                     "it subscribes to every sentinel")
            old.pause()
            new = cluster.wait_switched(away_from=old)
            switched_ms = time.monotonic() * 1000
            wait_for(lambda: application.written(switched_ms), f"it writes to {new}")
        finally:
            application.process.kill()
