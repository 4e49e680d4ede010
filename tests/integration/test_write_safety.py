"""min-replicas: in force on every node that is or may become the master, and repaired when it drifts."""

import time

from harness import EventLog, RespError, never, wait_for

QUIET_SECONDS = 2.0


def safety(node):
    return node.config_get("min-replicas-to-write"), node.config_get("min-replicas-max-lag")


def test_it_is_set_on_the_master_and_on_the_replicas(deploy):
    with deploy(min_replicas=1, max_lag_s=7) as cluster:
        cluster.wait_settled()
        for node in cluster.nodes:
            wait_for(lambda n=node: safety(n) == ("1", "7"), f"{node} has the rule")


def test_once_it_is_set_nobody_touches_it_again(deploy):
    with deploy(max_lag_s=7) as cluster:
        cluster.wait_settled()
        for node in cluster.nodes:
            wait_for(lambda n=node: safety(n) == ("1", "7"), f"{node} has the rule")

        def settings():
            """How often CONFIG SET was called on each node."""
            return [node.info("commandstats").get("cmdstat_config|set", "calls=0").split(",")[0]
                    for node in cluster.nodes]
        wait_for(lambda: settings() == (time.sleep(1.5), settings())[1], "the settings have come to rest")
        before = settings()
        with EventLog(cluster.sentinels) as events:
            never(lambda: list(events.announcements), "an event of a healthy deployment", QUIET_SECONDS)
        assert settings() == before


def test_a_change_by_hand_is_repaired(deploy):
    with deploy(max_lag_s=7) as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        wait_for(lambda: safety(master) == ("1", "7"), "the rule is in force")
        master.call("CONFIG", "SET", "min-replicas-to-write", "0")
        wait_for(lambda: safety(master) == ("1", "7"), "the drift is repaired", timeout=45.0)
        assert any("min-replicas" in said.channel + said.payload or "write-safety" in said.channel + said.payload
                   for said in list(events.announcements)), "and announced"


def test_a_master_without_replicas_refuses_writes(deploy):
    with deploy(max_lag_s=2) as cluster:
        master = cluster.wait_settled()
        wait_for(lambda: safety(master) == ("1", "2"), "the rule is in force")
        for node in cluster.nodes:
            if node is not master:
                node.pause()

        def refused():
            try:
                master.call("SET", "key", "value")
                return False
            except RespError as error:
                return str(error).startswith("NOREPLICAS")
        wait_for(refused, "writes are refused")


def test_off_leaves_the_nodes_alone(deploy):
    with deploy(write_safety="off") as cluster:
        old = cluster.wait_settled()
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(new)
        for node in cluster.nodes:
            assert safety(node)[0] == "0", f"{node}: {safety(node)}"
