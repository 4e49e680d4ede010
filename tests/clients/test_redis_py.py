"""redis-py's Sentinel class beyond writing and reading (test_libraries.py): what it parses of SENTINEL's answers."""

import pytest
from redis.sentinel import MasterNotFoundError, Sentinel

SOCKET_TIMEOUT_S = 2.0


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
