"""Real deployments for tests and benchmarks: redis-servers and sentinels of either kind.

    from harness import Cluster

    with Cluster("vigil", down_after_ms=400) as cluster:
        cluster.wait_settled()
        cluster.master.kill()
        cluster.wait_switched(away_from=cluster.nodes[0])

`kind` is "stock" (Debian's redis-sentinel) or "vigil" (build/<preset>/vigil-sentinel); both have one interface.
Nothing here outlives the test process: children are ended by pid when the `with` block ends, at exit, and by
the kernel (PR_SET_PDEATHSIG) should the test process itself be killed.
"""

from harness.cluster import Cluster
from harness.events import EventLog
from harness.invariants import EpochWatch
from harness.network import Network, NetworkUnavailable
from harness.process import Process
from harness.redis_node import RedisNode
from harness.resp import RespClient, RespError
from harness.sentinel_node import GroupOptions
from harness.waiting import never, wait_for
from harness.writer import Writer

__all__ = [
    "Cluster", "EpochWatch", "EventLog", "GroupOptions", "Network", "NetworkUnavailable", "Process", "RedisNode",
    "RespClient", "RespError", "Writer", "never", "wait_for",
]
