"""IPv6 end to end: names of instances, discovery, failover."""


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
