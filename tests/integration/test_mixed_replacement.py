"""The recipe of docs/mixed-quorum.md: three stock sentinels become Vigil one by one, and back, under a writing client."""

import pytest
from harness import Writer, wait_for

DOWN_AFTER_MS = 1500
FAILOVER_TIMEOUT_MS = 4000


def usable(cluster):
    for sentinel in cluster.sentinels:
        wait_for(lambda s=sentinel: answer(s).startswith("OK 3 usable"), f"{sentinel} counts three")
    return wait_for(cluster.agreed_node, "all name one master")


def answer(sentinel):
    try:
        return sentinel.call("SENTINEL", "CKQUORUM", "mymaster")
    except Exception as error:  # NOQUORUM, or not up yet.
        return str(error)


def fail_over(cluster):
    """A planned failover, by a Vigil sentinel if there is one: these lose nothing."""
    old = cluster.master
    vigil = [sentinel for sentinel in cluster.sentinels if sentinel.kind == "vigil"]
    if not vigil:
        return old
    assert vigil[0].call("SENTINEL", "FAILOVER", "mymaster") == "OK"
    new = cluster.wait_switched(away_from=old)
    cluster.wait_follow(new)
    cluster.wait_settled()
    return new


def writes_go_on(writer):
    done = len(writer.acknowledged)
    wait_for(lambda: len(writer.acknowledged) > done + 100, "the writer goes on")


def put(cluster, index, kind, on):
    """The other program in this one's place: with a file of its own, or on the same sentinel.conf."""
    if on == "own-file":
        return cluster.replace(index, kind)
    known = cluster.sentinels[index].my_id()
    sentinel = cluster.swap_program(index, kind)
    assert sentinel.my_id() == known
    return sentinel


@pytest.mark.parametrize("on", ["own-file", "same-conf"])
def test_three_stock_sentinels_become_vigil_and_back_under_a_writer(deploy, on):
    with deploy(kinds=["stock"] * 3, down_after_ms=DOWN_AFTER_MS, failover_timeout_ms=FAILOVER_TIMEOUT_MS,
                write_safety="off") as cluster:
        cluster.wait_settled()
        with Writer(cluster) as writer:
            for kind in ("vigil", "stock"):
                for index in range(3):
                    usable(cluster)
                    put(cluster, index, kind, on)
                    usable(cluster)
                    cluster.wait_settled()
                    writes_go_on(writer)
                    master = fail_over(cluster)
                    writes_go_on(writer)
        assert not writer.lost(master)
        assert {sentinel.kind for sentinel in cluster.sentinels} == {"stock"}
        old = cluster.master
        old.kill()
        cluster.wait_switched(away_from=old)
