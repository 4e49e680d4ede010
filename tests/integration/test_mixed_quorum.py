"""Vigil and Debian's redis-sentinel in one quorum, both ways round."""

import pytest
from harness import EventLog, Writer, wait_for

DOWN_AFTER_MS = 1500  # Stock pings once a second.
FAILOVER_TIMEOUT_MS = 4000


def agreed(cluster, deploy_away=None):
    return wait_for(lambda: cluster.agreed_node(), "all sentinels name one master")


def kinds_of(cluster, kind):
    return [sentinel for sentinel in cluster.sentinels if sentinel.kind == kind]


def mixed(deploy, *kinds, **options):
    return deploy(kinds=list(kinds), down_after_ms=DOWN_AFTER_MS, failover_timeout_ms=FAILOVER_TIMEOUT_MS,
                  write_safety="off", **options)


@pytest.mark.parametrize("kinds", [("vigil", "stock", "stock"), ("vigil", "vigil", "stock")])
def test_both_kinds_discover_agree_vote_and_adopt(deploy, kinds):
    with mixed(deploy, *kinds) as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        ids = {sentinel.my_id(): sentinel for sentinel in cluster.sentinels}
        for sentinel in cluster.sentinels:
            assert {entry["runid"] for entry in sentinel.sentinel_maps()} == set(ids) - {sentinel.my_id()}
            assert sentinel.call("SENTINEL", "CKQUORUM", "mymaster").startswith("OK 3 usable")
        for vigil in kinds_of(cluster, "vigil"):
            assert vigil.info("sentinel")["vigil_mixed_quorums"] == "1"
            assert "mixed-quorum" in vigil.explain()

        # Killed: whoever leads, all follow.
        old = master
        old.kill()
        master = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(master)
        assert cluster.wait_settled() is master
        assert len({sentinel.config_epoch() for sentinel in cluster.sentinels}) == 1

        # Planned, led by Vigil: nothing is lost, and stock adopts it.
        with Writer(cluster) as writer:
            wait_for(lambda: len(writer.acknowledged) > 100, "the writer writes")
            old, leader = master, kinds_of(cluster, "vigil")[0]
            how = ["COORDINATED"] if kinds.count("vigil") == 2 else []  # Valkey 9's word; here every planned one is so.
            assert leader.call("SENTINEL", "FAILOVER", "mymaster", *how) == "OK"
            master = cluster.wait_switched(away_from=old)
            done = len(writer.acknowledged)
            wait_for(lambda: len(writer.acknowledged) > done + 100, "the writer goes on")
        assert not writer.lost(master)
        cluster.wait_follow(master)
        for stock in kinds_of(cluster, "stock"):
            assert events.of("+switch-master", f"{old.port} 127.0.0.1 {master.port}", sentinel=stock)
        cluster.wait_settled()

        # Planned, led by stock: Vigil adopts it by proof.
        old, leader = master, kinds_of(cluster, "stock")[0]
        assert leader.call("SENTINEL", "FAILOVER", "mymaster") == "OK"
        master = cluster.wait_switched(away_from=old)
        for vigil in kinds_of(cluster, "vigil"):
            events.wait("+switch-master", f"{old.port} 127.0.0.1 {master.port}", sentinel=vigil)
        cluster.wait_follow(master)
        assert cluster.wait_settled() is master
        assert len({sentinel.config_epoch() for sentinel in cluster.sentinels}) == 1


def test_a_dead_vigil_or_stock_member_leaves_a_quorum_of_both(deploy):
    with mixed(deploy, "vigil", "stock", "stock") as cluster:
        master = cluster.wait_settled()
        vigil, first, second = cluster.sentinels
        first.kill()
        wait_for(lambda: vigil.call("SENTINEL", "CKQUORUM", "mymaster").startswith("OK 2 usable"), "two are left")
        master.kill()
        new = cluster.wait_switched(away_from=master)
        first.restart()
        wait_for(lambda: cluster.agreed_node() is new, "the restarted stock sentinel learns the new master")
        master.restart()
        cluster.wait_follow(new)
        cluster.wait_settled()
        # And without Vigil: it adopts what happened while it was away.
        vigil.kill()
        assert second.call("SENTINEL", "FAILOVER", "mymaster") == "OK"
        newer = cluster.wait_switched(away_from=new)
        vigil.restart()
        wait_for(lambda: cluster.agreed_node() is newer, "the restarted Vigil learns the new master")
        assert cluster.wait_settled() is newer


def test_a_forged_hello_in_the_name_of_a_stock_sentinel_moves_no_vigil(deploy):
    with mixed(deploy, "vigil", "vigil", "stock") as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        stock = cluster.sentinels[2]
        stray = cluster.add_node(master=None)  # A master that is none of ours.
        forged = f"127.0.0.1,{stock.port},{stock.my_id()},{2 ** 64 - 1},mymaster,127.0.0.1,{stray.port},5"
        for vigil in cluster.sentinels[:2]:
            with vigil.client() as client:
                for _ in range(3):
                    client.call("PUBLISH", "__sentinel__:hello", forged)
        # The stock sentinel believes it from anybody; Vigil sees that the node there has another history.
        with stock.client() as client:
            client.call("PUBLISH", "__sentinel__:hello", forged.replace(stock.my_id(), cluster.sentinels[0].my_id())
                        .replace(f"127.0.0.1,{stock.port},", f"127.0.0.1,{cluster.sentinels[0].port},")
                        .replace(str(2 ** 64 - 1), "7"))
        wait_for(lambda: stock.master_address() == stray.address, "the stock sentinel was misled")
        wait_for(lambda: any("claim" in vigil.explain() for vigil in cluster.sentinels[:2]), "Vigil hears of it")
        for vigil in cluster.sentinels[:2]:
            assert vigil.master_address() == master.address
            assert not events.of("+switch-master", sentinel=vigil)
            assert int(vigil.info("vigil")["vigil_current_epoch"]) < 10
        assert stray.is_master()
        # And those who were not misled go on: their next configuration brings the stock sentinel back.
        assert cluster.sentinels[0].call("SENTINEL", "FAILOVER", "mymaster") == "OK"
        # Until then the misled one pulls nodes to the stray, and there may be one failover more, also back to the old master.
        def agreed():
            node = cluster.agreed_node()
            return node if node and node.address != stray.address and node.is_master() else None
        wait_for(agreed, "all sentinels name one of the group's own nodes", timeout=120.0)


@pytest.mark.parametrize("kinds", [("vigil", "stock", "stock"), ("vigil", "vigil", "stock")])
def test_reset_monitor_and_set_at_runtime_on_all(deploy, kinds):
    with mixed(deploy, *kinds) as cluster:
        master = cluster.wait_settled()
        for sentinel in cluster.sentinels:
            assert sentinel.call("SENTINEL", "RESET", "my*") == 1
            wait_for(lambda s=sentinel: s.settled(2, 3), f"{sentinel} finds everybody again")
        for sentinel in cluster.sentinels:
            assert sentinel.call("SENTINEL", "REMOVE", "mymaster") == "OK"
            assert sentinel.call("SENTINEL", "MONITOR", "mymaster", "127.0.0.1", str(master.port), "2") == "OK"
            assert sentinel.call("SENTINEL", "SET", "mymaster", "down-after-milliseconds", str(DOWN_AFTER_MS),
                                 "failover-timeout", str(FAILOVER_TIMEOUT_MS)) == "OK"
            wait_for(lambda s=sentinel: s.settled(2, 3), f"{sentinel} watches it as before")
        for sentinel in cluster.sentinels:
            assert sentinel.call("SENTINEL", "SET", "mymaster", "quorum", "3") == "OK"
            wait_for(lambda s=sentinel: s.call("SENTINEL", "CKQUORUM", "mymaster").startswith("OK 3"), "all are needed")
        master.kill()
        new = cluster.wait_switched(away_from=master)
        assert new is not master
