"""redis-py's Sentinel class: SENTINEL MASTERS and SLAVES, ROLE checks, new connections after a loss."""

import time

import pytest
from redis.exceptions import ConnectionError, ReadOnlyError, ResponseError, TimeoutError
from redis.sentinel import MasterNotFoundError, Sentinel, SlaveNotFoundError

from harness import wait_for

SOCKET_TIMEOUT_S = 0.3
# What a client may meet while the roles change; all of them mean "resolve again and retry".
PASSING = (ConnectionError, TimeoutError, ReadOnlyError, MasterNotFoundError, SlaveNotFoundError, ResponseError)


def client_of(cluster):
    return Sentinel([sentinel.address for sentinel in cluster.sentinels], socket_timeout=SOCKET_TIMEOUT_S,
                    decode_responses=True)


def test_it_finds_the_master_and_the_replicas(deploy):
    with deploy() as cluster:
        master = cluster.wait_settled()
        sentinel = client_of(cluster)
        assert sentinel.discover_master("mymaster") == master.address
        assert set(sentinel.discover_slaves("mymaster")) == {node.address for node in cluster.nodes[1:]}
        with pytest.raises(MasterNotFoundError):
            sentinel.discover_master("no-such-group")


@pytest.mark.parametrize("fault", ["kill", "stop"])
def test_it_writes_on_through_a_failover_and_reads_from_replicas(deploy, fault):
    with deploy() as cluster:
        old = cluster.wait_settled()
        sentinel = client_of(cluster)
        master = sentinel.master_for("mymaster", socket_timeout=SOCKET_TIMEOUT_S)
        replica = sentinel.slave_for("mymaster", socket_timeout=SOCKET_TIMEOUT_S)
        master.set("before", "1")
        wait_for(lambda: replica.get("before") == "1", "a replica has the value")
        old.kill() if fault == "kill" else old.pause()

        def written():
            try:
                return master.set("after", "2")
            except PASSING:
                time.sleep(0.02)
                return False
        wait_for(written, "the client writes to the new master")
        assert sentinel.discover_master("mymaster") != old.address

        def read():
            try:
                return replica.get("after") == "2" and replica.role()[0] == "slave"
            except PASSING:
                return False
        wait_for(read, "the client reads from a replica of the new master")


def test_the_administrative_calls_are_parsed(deploy):
    with deploy() as cluster:
        master = cluster.wait_settled()
        link = client_of(cluster).sentinels[0]
        state = link.sentinel_master("mymaster")
        assert (state["ip"], state["port"]) == master.address
        assert state["is_master"] and not state["is_sdown"] and state["num-other-sentinels"] == 2
        assert len(link.sentinel_slaves("mymaster")) == 2
        assert len(link.sentinel_sentinels("mymaster")) == 2
        host, port = link.sentinel_get_master_addr_by_name("mymaster")
        assert (host.decode(), port) == master.address
        assert link.execute_command("SENTINEL SET", "mymaster", "quorum", 2) is True
        assert link.execute_command("SENTINEL FLUSHCONFIG") is True
