"""Nodes and sentinels known by host names, and those whose addresses change."""

import time

import pytest

from harness import EventLog, RedisNode, RespError, never, wait_for
from harness.ports import free_port
from harness.sentinel_node import STOCK_SENTINEL
from harness.vigil_node import program

GROUP = "mymaster"
MOVES = ("+fix-slave-config", "+convert-to-slave", "+slave-reconf-sent")


@pytest.fixture(params=["vigil-conf"])
def named(request, deploy, names):
    """redis0 is watched by name; redis1 tells its own name, redis2 its address, but the file has its name."""
    return named_cluster(request.param, deploy, names)


def named_cluster(kind, deploy, names, sentinels=3, **options):
    hosts = names("redis0", "redis1", "redis2")

    def conf(_index):
        return {"resolve_hostnames": True, "master_host": "redis0"}
    return deploy(kind, sentinels=sentinels, names=hosts, sentinel_options=conf,
                  node_config=lambda index: (("replica-announce-ip", "redis1"),) if index == 1 else (), **options)


def told(sentinel):
    """Every host that it tells of a node."""
    hosts = {sentinel.master_address()[0], sentinel.master_map()["ip"]}
    for replica in sentinel.replica_maps():
        hosts |= {replica["ip"], replica["name"].rsplit(":", 1)[0]}
    return hosts


def error_of(sentinel, *command):
    with pytest.raises(RespError) as error:
        sentinel.call(*command, timeout=20)
    return str(error.value)


def set_all(cluster, option, value):
    for sentinel in cluster.sentinels:
        assert sentinel.call("SENTINEL", "CONFIG", "SET", option, value) == "OK"


def switch(cluster, events, names_told):
    """A planned failover; nodes and clients are told names, or addresses."""
    old = cluster.wait_settled()
    events.wait_subscribed()  # Some tests have just restarted a sentinel.
    since = time.monotonic()
    assert cluster.sentinels[0].call("SENTINEL", "FAILOVER", GROUP) == "OK"
    new = cluster.wait_switched(away_from=old)
    cluster.wait_follow(new)
    assert cluster.wait_settled() is new
    hosts = set(cluster.names.addresses) if names_told else set(cluster.names.addresses.values())
    for sentinel in cluster.sentinels:
        said = events.wait("+switch-master", sentinel=sentinel, since=since)[-1].payload.split()
        assert {said[1], said[3]} <= hosts
        assert told(sentinel) <= hosts
    for node in cluster.nodes:
        if node is not new:
            assert node.role()[1] in hosts, "REPLICAOF said it, too"
    return new


def test_one_node_by_name_and_by_address_and_what_is_told(named):
    with named as cluster, EventLog(cluster.sentinels) as events:
        addresses = set(cluster.names.addresses.values())
        port = cluster.nodes[2].port
        for sentinel in cluster.sentinels:  # As a file of another day may have it.
            sentinel.stop()
            text = sentinel.config_text()
            with open(sentinel.config_path, "w") as file:
                file.write("\n".join(line for line in text.splitlines() if f" {port}" not in line)
                           + f"\nsentinel known-replica {GROUP} redis2 {port}\n")
            sentinel.restart()
        cluster.wait_settled()
        for sentinel in cluster.sentinels:
            assert told(sentinel) == addresses, "announce-hostnames is off"
            for host in ("redis0", cluster.nodes[0].address[0]):
                assert sentinel.call("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", host, cluster.nodes[0].port, 0, "*")[0] == 0
        since = time.monotonic()
        switch(cluster, events, names_told=False)
        set_all(cluster, "announce-hostnames", "yes")
        cluster.wait_settled()
        for sentinel in cluster.sentinels:
            wait_for(lambda: told(sentinel) == set(cluster.names.addresses), f"{sentinel} tells names")
        switch(cluster, events, names_told=True)
        hello = watched_hello(cluster)
        assert hello[5] in cluster.names.addresses
        set_all(cluster, "announce-hostnames", "no")
        switch(cluster, events, names_told=False)
        assert watched_hello(cluster)[5] in addresses
        for channel in ("+fix-slave-config", "+convert-to-slave", "+foreign-node", "+config-conflict"):
            assert not events.of(channel, since=since)
        for sentinel in cluster.sentinels:
            assert sentinel.master_map()["num-slaves"] == "2"

        # Names are refused as long as they are not looked up, and those without an address always.
        sentinel = cluster.sentinels[0]
        refused = "ERR Invalid IP address or hostname specified"
        assert error_of(sentinel, "SENTINEL", "MONITOR", "other", "nowhere.invalid", 6379, 1) == refused
        assert error_of(sentinel, "SENTINEL", "MONITOR", "other", "no name", 6379, 1) == refused
        assert sentinel.call("SENTINEL", "MONITOR", "other", "redis1", cluster.nodes[1].port, 1) == "OK"
        assert sentinel.call("SENTINEL", "REMOVE", "other") == "OK"
        # It is in force, but not written: nobody could start from a file with names and without this setting.
        assert error_of(sentinel, "SENTINEL", "CONFIG", "SET", "resolve-hostnames", "no") == \
            "ERR Failed to save config file. Check server logs."
        assert error_of(sentinel, "SENTINEL", "MONITOR", "other", "redis1", cluster.nodes[1].port, 1) == refused
        assert sentinel.call("SENTINEL", "CONFIG", "SET", "resolve-hostnames", "yes") == "OK"
        assert cluster.wait_settled()


def watched_hello(cluster):
    """The fields of a hello of one of the sentinels."""
    with cluster.master.client() as client:
        client.call("SUBSCRIBE", "__sentinel__:hello")
        return client.read()[2].split(",")


def test_nodes_that_move_under_their_names(named):
    with named as cluster, EventLog(cluster.sentinels) as events:
        cluster.wait_settled()
        replica = cluster.nodes[1]
        replica.stop()
        for sentinel in cluster.sentinels:
            wait_for(lambda: any("s_down" in entry["flags"] for entry in sentinel.replica_maps()), "it is down")
        replica.move(cluster.names.move("redis1"))
        replica.restart()
        cluster.wait_settled()
        for sentinel in cluster.sentinels:
            assert sentinel.master_map()["num-slaves"] == "2", "it is the same one"
            assert replica.address[0] in {entry["ip"] for entry in sentinel.replica_maps()}

        # The master, whose connections do not even break.
        old = cluster.nodes[0]
        old.pause()
        new = cluster.wait_switched(away_from=old)
        cluster.names.move("redis0")
        moved = RedisNode(cluster.folder, "redis0-moved", (cluster.names.address_of("redis0"), old.port),
                          master=new.address, names=cluster.names)
        cluster.nodes[0] = moved
        moved.start()
        moved.wait_ready()
        cluster.wait_settled()
        old.kill()
        assert cluster.wait_settled() is new
        for sentinel in cluster.sentinels:
            assert {entry["ip"] for entry in sentinel.replica_maps()} == \
                {node.address[0] for node in cluster.nodes if node is not new}
        assert not events.of("+foreign-node")


def test_a_name_that_leads_to_another_deployment(named):
    with named as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        theirs = [RedisNode(cluster.folder, f"theirs{index}", (cluster.names.new_address(), master.port),
                            names=cluster.names) for index in range(2)]
        theirs[0].start()
        theirs[0].wait_ready()
        theirs[1].start()
        theirs[1].wait_ready()
        theirs[1].call("REPLICAOF", *theirs[0].address)
        wait_for(lambda: theirs[1].follows(theirs[0]), "the others' replica follows")
        theirs[0].call("SET", "theirs", "1")
        other_port = RedisNode(cluster.folder, "theirs-replica", (cluster.names.new_address(), cluster.nodes[1].port),
                               names=cluster.names)
        other_port.start()
        other_port.wait_ready()
        other_port.call("REPLICAOF", *theirs[0].address)
        wait_for(lambda: other_port.follows(theirs[0]), "the others' other replica follows")

        # A replica's name: nobody is commanded there.
        replica = cluster.nodes[1]
        replica.kill()
        cluster.names.move("redis1", other_port.address[0])
        events.wait("+foreign-node", count=3)
        never(lambda: not other_port.follows(theirs[0]), "the others' replica is re-pointed", 3)

        # The master's name: it is not followed, and not told; our own replica takes over.
        master.kill()
        cluster.names.move("redis0", theirs[0].address[0])
        new = cluster.wait_switched(away_from=master, timeout=60)
        assert new is cluster.nodes[2]
        never(lambda: not theirs[0].is_master() or not theirs[1].follows(theirs[0]), "theirs are re-pointed", 3)
        assert theirs[0].call("GET", "theirs") == "1"
        assert new.call("GET", "theirs") is None
        for sentinel in cluster.sentinels:
            assert sentinel.master_address() == new.address
        for node in (*theirs, other_port):
            node.process.kill()


def test_a_silent_name_server_holds_nobody_up(named):
    with named as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        cluster.names.silence()
        asking = [sentinel.client(timeout=60) for sentinel in cluster.sentinels]
        for client in asking:
            client.send("SENTINEL", "MONITOR", "other", "slow.example.com", "6379", "1")
        for sentinel in cluster.sentinels:
            for _ in range(20):
                assert sentinel.call("PING", timeout=2) == "PONG"
        master.kill()
        new = cluster.wait_switched(away_from=master)
        master.restart()
        assert cluster.wait_settled() is new
        for client in asking:
            assert str(client.read()) == "ERR Invalid IP address or hostname specified"
            client.close()
        assert not events.of("+tilt")
        for sentinel in cluster.sentinels:
            assert sentinel.stop() == 0, "it does not wait for an answer either"


def test_the_file_goes_to_redis_sentinel_and_back(named):
    with named as cluster, EventLog(cluster.sentinels) as events:
        old = cluster.wait_settled()
        switch(cluster, events, names_told=False)
        for sentinel in cluster.sentinels:
            sentinel.stop()
            assert f"sentinel known-replica {GROUP} redis0 {old.port}" in sentinel.config_text(), "the name stays"
        for to, announce in ((STOCK_SENTINEL, "yes"), (program(), "yes"), (STOCK_SENTINEL, "no"), (program(), "no")):
            for sentinel in cluster.sentinels:
                sentinel.stop()
                sentinel.run_as(to)
                sentinel.start()
            for sentinel in cluster.sentinels:
                sentinel.wait_ready()
            set_all(cluster, "announce-hostnames", announce)
            master = wait_for(lambda: cluster.agreed_node(), "all name one master")
            assert master.is_master()
            for sentinel in cluster.sentinels:
                wait_for(lambda: sentinel.master_map()["num-other-sentinels"] == "2", f"{sentinel} knows the others")
            if to == program():  # Redis-sentinel lists nodes twice that have a name and an address; that is undone here.
                assert cluster.wait_settled() is master
        switch(cluster, events, names_told=False)


@pytest.mark.parametrize("kinds", [("vigil-conf", "vigil-conf", "stock"), ("stock", "vigil-conf", "vigil-conf")])
def test_a_sentinel_comes_back_at_another_address(deploy, kinds):
    with deploy(kinds=list(kinds), down_after_ms=1500, write_safety="off") as cluster:
        master = cluster.wait_settled()
        watching = cluster.sentinels[:2]
        mover = cluster.sentinels[2]
        with EventLog(watching) as events:
            own, before = mover.my_id(), mover.address
            mover.stop()
            mover.move(("127.0.0.1", free_port()))
            mover.restart()
            for sentinel in watching:
                said = events.wait("+sentinel-address-switch", own, sentinel=sentinel)[-1].payload
                assert said == f"master {GROUP} 127.0.0.1 {master.port} ip 127.0.0.1 port {mover.port} for {own}"
            cluster.wait_settled()
            for sentinel in watching:
                ports = {entry["runid"]: entry["port"] for entry in sentinel.sentinel_maps()}
                assert len(ports) == 2 and ports[own] == str(mover.port) != str(before[1])
                assert sentinel.call("SENTINEL", "CKQUORUM", GROUP).startswith("OK 3 usable")
        master.kill()
        cluster.wait_switched(away_from=master)


def test_sentinels_of_yaml_tell_names_unless_told_not_to(deploy, names):
    hosts = names("redis0", "redis1", "redis2")

    def options(index):
        return {"master_host": "redis0", "announce_hostnames": "off"} if index == 0 else {"master_host": "redis0"}
    with deploy("vigil", sentinels=2, names=hosts, sentinel_options=options) as cluster:
        first, second = cluster.sentinels
        wait_for(lambda: first.settled(2, 2) and second.settled(2, 2), "both see a healthy group")
        assert first.master_address() == cluster.nodes[0].address
        assert second.master_address() == ("redis0", cluster.nodes[0].port)
