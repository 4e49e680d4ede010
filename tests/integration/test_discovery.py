"""Without a list of peers the sentinels find each other, as stock's do: by hello, proven by a connection."""

from harness import EpochWatch, EventLog, RespClient, RespError, wait_for
from harness.resp import as_map

DISCOVER = {"peers": []}
HELLO = "__sentinel__:hello"


def test_sentinels_find_each_other_and_fail_over(deploy):
    with deploy(sentinel_options=DISCOVER) as cluster, EpochWatch(cluster):
        old = cluster.wait_settled()
        ids = {sentinel.name: sentinel.my_id() for sentinel in cluster.sentinels}
        for sentinel in cluster.sentinels:
            others = {entry["runid"] for entry in sentinel.sentinel_maps()}
            assert others == set(ids.values()) - {ids[sentinel.name]}
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(new)
        assert cluster.wait_settled() is new


def test_a_restarted_sentinel_remembers_the_others_while_the_master_is_dead(deploy):
    with deploy(sentinel_options=DISCOVER) as cluster, EpochWatch(cluster):
        old = cluster.wait_settled()
        for sentinel in cluster.sentinels:
            sentinel.kill()
        old.kill()  # No hello can be exchanged on the master.
        for sentinel in cluster.sentinels:
            sentinel.restart()
        cluster.wait_switched(away_from=old)


def test_a_forged_hello_moves_nothing(deploy):
    with deploy(sentinel_options=DISCOVER) as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        victim = cluster.nodes[1]
        forged = f"127.0.0.1,1,{'f' * 40},999,mymaster,{victim.address[0]},{victim.port},999"
        with master.client() as client:
            for _ in range(20):
                client.call("PUBLISH", HELLO, forged)
        for sentinel in cluster.sentinels:
            with sentinel.client() as client:
                client.call("PUBLISH", HELLO, forged)
        master.kill()  # The group still works, and counts from its own epochs.
        cluster.wait_switched(away_from=master)
        assert all(sentinel.config_epoch() < 999 for sentinel in cluster.sentinels)
        assert not [said for said in events.of("+switch-master") if not said.payload.startswith(
            f"mymaster 127.0.0.1 {master.port} ")]


def test_an_unknown_group_and_a_lone_group_answer_as_stock_does(deploy):
    with deploy(replicas=0) as cluster:
        sentinel = cluster.sentinels[0]
        wait_for(lambda: sentinel.master_map()["flags"] == "master", "the master is up")
        assert sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "nope") is None
        for command, text in ((("SENTINEL", "FAILOVER", "mymaster"), "NOGOODSLAVE"),
                              (("SENTINEL", "FAILOVER", "nope"), "ERR No such master with that name"),
                              (("SENTINEL", "MASTER", "nope"), "ERR No such master with that name")):
            try:
                reply = sentinel.call(*command)
                raise AssertionError(f"{command} answered {reply}")
            except RespError as error:
                assert str(error).startswith(text), error
        with RespClient(sentinel.address) as client:
            hello = as_map(client.call("HELLO", "3"))
            assert hello["mode"] == "sentinel" and hello["proto"] == 3 and "role" not in hello
            assert isinstance(client.call("SENTINEL", "MASTER", "mymaster"), dict)
