"""The recipe of docs/mixed-quorum.md: three stock sentinels become Vigil one by one, and back, under a writing client."""

import threading

import pytest
from harness import Writer, wait_for

DOWN_AFTER_MS = 1500
FAILOVER_TIMEOUT_MS = 4000
QUORUM_WATCH_SECONDS = 0.1


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
    """A planned failover, by a Vigil sentinel if there is one. (its new master, whether a Vigil led it)"""
    old = cluster.master
    vigil = [sentinel for sentinel in cluster.sentinels if sentinel.kind == "vigil"]
    leader = vigil[0] if vigil else cluster.sentinels[0]
    assert leader.call("SENTINEL", "FAILOVER", "mymaster") == "OK"
    new = cluster.wait_switched(away_from=old)
    cluster.wait_follow(new)
    cluster.wait_settled()
    return new, bool(vigil)


class QuorumWatch:
    """Asks all sentinels again and again, but for one that is being replaced: each must see a quorum at all times."""

    def __init__(self, cluster):
        self.absent = None
        self.asked = 0
        self.missed = []
        self._cluster = cluster
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(QUORUM_WATCH_SECONDS):
            for index, sentinel in enumerate(self._cluster.sentinels):
                if index == self.absent:
                    continue
                said = answer(sentinel)
                if index != self.absent:
                    self.asked += said.startswith("OK")
                    self.missed += [f"{sentinel}: {said}"] if said.startswith("NOQUORUM") else []


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
        usable(cluster)
        steps = [None] + [(index, kind) for kind in ("vigil", "stock") for index in range(3)]
        led_by_vigil = 0
        with QuorumWatch(cluster) as quorum:
            for number, step in enumerate(steps):
                # From the step itself to the end of the failover nothing acknowledged is lost, when a Vigil leads.
                with Writer(cluster, prefix=f"stage{number}") as writer:
                    writes_go_on(writer)
                    if step:
                        quorum.absent = step[0]
                        put(cluster, *step, on)
                        usable(cluster)
                        quorum.absent = None
                    cluster.wait_settled()
                    writes_go_on(writer)
                    master, by_vigil = fail_over(cluster)
                    writes_go_on(writer)
                led_by_vigil += by_vigil
                assert not by_vigil or not writer.lost(master)
        assert led_by_vigil == 5, "all stages but the first and the last have a Vigil"
        assert not quorum.missed
        assert quorum.asked > 100
        assert {sentinel.kind for sentinel in cluster.sentinels} == {"stock"}
        old = cluster.master
        old.kill()
        cluster.wait_switched(away_from=old)
