"""Ports and addresses that are mapped between the sentinels and everybody else."""

import time

from harness import EventLog, never, wait_for
from harness.forwarder import Forwarder


def test_everything_is_reached_through_mapped_ports(deploy):
    """Servers and sentinels announce where they are reached; the real ports are nobody's business."""
    doors = {}

    def door(name):
        return doors.setdefault(name, Forwarder(("127.0.0.1", 1), "127.0.0.2"))

    def node_config(index):
        host, port = door(f"redis{index}").address
        return (("replica-announce-ip", host), ("replica-announce-port", port))

    def sentinel_options(index):
        host, port = door(f"sentinel{index}").address
        return {"master_host": door("redis0").address[0], "master_port": door("redis0").address[1],
                "conf_lines": [f"sentinel announce-ip {host}", f"sentinel announce-port {port}"]}

    with deploy("vigil-conf", node_config=node_config, sentinel_options=sentinel_options,
                start_sentinels=False) as cluster:
        for part in cluster.processes:
            door(part.name).target = part.address
        announced = {node.name: door(node.name).address for node in cluster.nodes}
        for sentinel in cluster.sentinels:
            sentinel.start()
        for sentinel in cluster.sentinels:
            sentinel.wait_ready()

        with EventLog(cluster.sentinels) as events:
            for sentinel in cluster.sentinels:
                wait_for(lambda: healthy(sentinel), f"{sentinel} sees a healthy group")
                assert sentinel.master_address() == announced["redis0"]
                assert replicas(sentinel) == {announced["redis1"], announced["redis2"]}
                assert {(entry["ip"], int(entry["port"])) for entry in sentinel.sentinel_maps()} == \
                    {door(other.name).address for other in cluster.sentinels if other is not sentinel}
            # The replicas still follow the master's real port: they are left alone.
            never(lambda: events.of("+fix-slave-config"), "a replica that follows our master is re-pointed", 3)
            since = time.monotonic()
            cluster.nodes[0].kill()
            for sentinel in cluster.sentinels:
                wait_for(lambda: sentinel.master_address() in (announced["redis1"], announced["redis2"]),
                         f"{sentinel} tells the announced address of the new master")
            told = cluster.sentinels[0].master_address()
            said = events.wait("+switch-master", since=since)[0].payload
            assert said == f"mymaster {announced['redis0'][0]} {announced['redis0'][1]} {told[0]} {told[1]}"
            new = next(node for node in cluster.nodes if announced[node.name] == told)
            other = next(node for node in cluster.nodes[1:] if node is not new)
            wait_for(lambda: other.role() == ("slave", *told, "connected"), "the other replica follows through the door")
            cluster.nodes[0].restart()
            wait_for(lambda: cluster.nodes[0].role() == ("slave", *told, "connected"), "the old master follows it, too")
            for sentinel in cluster.sentinels:
                wait_for(lambda: healthy(sentinel), f"{sentinel} sees a healthy group")
                assert replicas(sentinel) == {at for at in announced.values() if at != told}

            # A hidden replica is promoted when it is the only one.
            other.call("CONFIG", "SET", "replica-announced", "no")
            for sentinel in cluster.sentinels:
                wait_for(lambda: replicas(sentinel) == {announced["redis0"]}, f"{sentinel} does not tell it")
            cluster.nodes[0].kill()
            new.kill()
            for sentinel in cluster.sentinels:
                wait_for(lambda: sentinel.master_address() == announced[other.name], f"{sentinel} tells it as the master")
    for forwarder in doors.values():
        forwarder.close()


def replicas(sentinel):
    return {(entry["ip"], int(entry["port"])) for entry in sentinel.replica_maps()}


def healthy(sentinel):
    """As SentinelNode.settled(), but replicas may name the master's real address."""
    master = sentinel.master_map()
    return master["flags"] == "master" and int(master["num-slaves"]) == 2 and int(master["num-other-sentinels"]) == 2 \
        and all(entry["flags"] == "sentinel" for entry in sentinel.sentinel_maps()) \
        and all(entry["flags"] == "slave" and entry["master-link-status"] == "ok" for entry in sentinel.replica_maps())
