"""Names instead of addresses, addresses that change, IPv6, and addresses that are not where a server listens."""

import os

from harness import wait_for

LOCAL = "127.0.0.1"


def replica_addresses(sentinel):
    return sorted((entry["ip"], int(entry["port"])) for entry in sentinel.replica_maps())


def test_a_master_configured_by_name_is_one_node_with_the_address_it_is_reported_by(deploy):
    with deploy(sentinel_options={"master_host": "localhost", "announce_hostnames": "off"}) as cluster:
        old = cluster.wait_settled()
        sentinel = cluster.sentinels[0]
        assert sentinel.master_address() == old.address, "told as an address"
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(new)
        expected = sorted(node.address for node in cluster.nodes if node is not new)
        for each in cluster.sentinels:
            wait_for(lambda s=each: replica_addresses(s) == expected, f"{each} knows each replica once")

        # The same from its own disk, with the name still in the file.
        for each in cluster.sentinels:
            each.kill()
            each.restart()
        assert cluster.wait_settled() is new
        for each in cluster.sentinels:
            wait_for(lambda s=each: replica_addresses(s) == expected, f"{each} knows each replica once")

        # Back to the one that has a name.
        sentinel.call("SENTINEL", "FAILOVER", "mymaster")
        wait_for(lambda: cluster.agreed_node() not in (None, new), "another master")
        cluster.wait_settled()


def test_names_are_told_where_names_are_announced(deploy):
    with deploy(replicas=1, sentinel_options={"master_host": "localhost", "announce_hostnames": "on"}) as cluster:
        node, replica = cluster.nodes
        wait_for(lambda: all(s.settled(1, 3) for s in cluster.sentinels), "settled")
        for sentinel in cluster.sentinels:
            assert sentinel.master_address() == ("localhost", node.port)
            assert sentinel.master_map()["ip"] == "localhost"
        sentinel = cluster.sentinels[0]
        assert sentinel.call("SENTINEL", "CKQUORUM", "mymaster").startswith("OK 3 usable Sentinels")
        # Both ways of asking for the same master.
        for host in ("localhost", LOCAL):
            reply = sentinel.call("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", host, str(node.port), "0", "*")
            assert reply == [0, "*", 0], host
        node.kill()
        wait_for(lambda: all(s.master_address() == replica.address for s in cluster.sentinels), "switched")
        node.restart()
        wait_for(lambda: node.role()[:3] == ("slave", LOCAL, replica.port), "it follows the new master")
        wait_for(lambda: [e["ip"] for e in sentinel.replica_maps()] == ["localhost"], "one replica, by its name")


def test_ipv6_end_to_end(deploy):
    with deploy(host="::1") as cluster:
        old = cluster.wait_settled()
        sentinel = cluster.sentinels[0]
        assert sentinel.master_address() == ("::1", old.port)
        replica = sentinel.replica_maps()[0]
        assert replica["name"] == f"[::1]:{replica['port']}"
        assert replica["master-host"] == "::1"
        assert sentinel.call("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "::1", str(old.port), "0", "*") == [0, "*", 0]
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(new)
        assert cluster.wait_settled() is new


def test_ipv6_sentinels_discover_each_other(deploy):
    with deploy(host="::1", sentinel_options={"peers": []}) as cluster:
        old = cluster.wait_settled()
        peer = cluster.sentinels[0].sentinel_maps()[0]
        assert peer["ip"] == "::1"
        old.kill()
        cluster.wait_switched(away_from=old)


def write_hosts(netns, hosts):
    """The hosts file of processes that are started in the namespace, changed in place."""
    folder = f"/etc/netns/{netns}"
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "hosts"), "w") as file:
        file.write("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in hosts.items()))


def remove_hosts(netns):
    os.remove(f"/etc/netns/{netns}/hosts")
    os.rmdir(f"/etc/netns/{netns}")


def test_a_name_that_moves_to_another_address_is_followed(deploy, hosts):
    network = hosts(2)
    netns = network.netns(0)
    write_hosts(netns, {"db-1": network.address(1)})
    try:
        with deploy(replicas=0, sentinels=1, quorum=1, network=network, place={"redis0": 1, "sentinel0": 0},
                    node_config=[("bind", "0.0.0.0")],
                    sentinel_options={"master_host": "db-1", "announce_hostnames": "off"}) as cluster:
            sentinel, node = cluster.sentinels[0], cluster.nodes[0]
            wait_for(lambda: sentinel.settled(0, 1), "watched")
            assert sentinel.master_address() == node.address
            run_id = node.info("server")["run_id"]

            # The host gets another address; its server keeps its port and runs on.
            moved = "10.213.7.99"
            network.move(1, moved)
            write_hosts(netns, {"db-1": moved})
            wait_for(lambda: sentinel.master_address() == (moved, node.port), "the new address is told")
            wait_for(lambda: sentinel.master_map()["flags"] == "master", "reached again")
            assert sentinel.master_map()["runid"] == run_id
    finally:
        remove_hosts(netns)


def test_a_name_that_cannot_be_resolved_yet_is_waited_for(deploy, hosts):
    network = hosts(2)
    netns = network.netns(0)
    write_hosts(netns, {})
    try:
        with deploy(replicas=0, sentinels=1, quorum=1, network=network, place={"redis0": 1, "sentinel0": 0},
                    sentinel_options={"master_host": "db-1", "announce_hostnames": "on"}) as cluster:
            sentinel, node = cluster.sentinels[0], cluster.nodes[0]
            assert sentinel.master_address() == ("db-1", node.port)
            wait_for(lambda: "db-1: " in sentinel.explain(), "it says why there is no link")
            write_hosts(netns, {"db-1": network.address(1)})
            wait_for(lambda: sentinel.settled(0, 1), "found once the name is there")
    finally:
        remove_hosts(netns)
