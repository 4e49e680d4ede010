"""A master without persistence that a supervisor starts again at once: its replicas would copy the nothing it has."""

import pytest

from harness import EventLog, RespError, never, wait_for

KEYS = 200
DOWN_AFTER_MS = 10000  # Nothing here waits for it: a restart is seen, not timed out.
SYNC_DELAY = (("repl-diskless-sync-delay", "5"),)  # As servers have it.
QUIET_SECONDS = 3.0


def fill(cluster, master):
    with master.client() as client:
        client.call("MSET", *(word for n in range(KEYS) for word in (f"key:{n}", n)))
        wait_for(lambda: client.call("WAIT", len(cluster.nodes) - 1, 1000) == len(cluster.nodes) - 1,
                 "the replicas have the keys")


def keys(node):
    return sum(node.call("EXISTS", f"key:{n}") for n in range(0, KEYS, 10)) * 10


def test_the_data_survive_an_empty_restart(deploy):
    with deploy(down_after_ms=DOWN_AFTER_MS, node_config=SYNC_DELAY, write_safety="enforce") as cluster:
        old = cluster.wait_settled()
        fill(cluster, old)
        with EventLog(cluster.sentinels) as events:
            old.kill()
            old.restart()
            new = cluster.wait_switched(away_from=old)
            events.wait("+reboot-guard", "came back without the data")
        cluster.wait_follow(new)
        assert keys(new) == KEYS
        wait_for(lambda: keys(old) == KEYS, "the old master has a copy of what it had lost")
        timelines = [sentinel.call("SENTINEL", "TIMELINE", cluster.group.name) for sentinel in cluster.sentinels]
        assert any("rebooted" in str(timeline) for timeline in timelines)


def test_a_master_that_kept_its_data_stays_the_master(deploy):
    with deploy(down_after_ms=DOWN_AFTER_MS, persistence="aof") as cluster:
        master = cluster.wait_settled()
        fill(cluster, master)
        with EventLog(cluster.sentinels) as events:
            master.stop()
            master.restart()
            events.wait("+reboot", count=3)
            cluster.wait_follow(master)
            never(lambda: events.of("+reboot-guard") or events.of("+switch-master"), "a failover", QUIET_SECONDS)
        assert cluster.agreed_node() is master
        assert keys(master) == KEYS


def test_ignore_follows_it_as_stock_does(deploy):
    with deploy(down_after_ms=DOWN_AFTER_MS) as cluster:
        master = cluster.wait_settled()
        for sentinel in cluster.sentinels:
            with pytest.raises(RespError, match="Invalid argument 'perhaps'"):
                sentinel.call("SENTINEL", "SET", cluster.group.name, "on-empty-restart", "perhaps")
            sentinel.call("SENTINEL", "SET", cluster.group.name, "on-empty-restart", "ignore")
        fill(cluster, master)
        master.kill()
        master.restart()
        cluster.wait_follow(master)
        assert cluster.agreed_node() is master
        assert keys(master) == 0
