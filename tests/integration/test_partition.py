"""Cut networks: hosts with namespaces of their own, packets that vanish without a reset."""

from harness import EpochWatch, EventLog, Writer, never, wait_for

MAX_LAG_S = 2
QUIET_SECONDS = 3.0
# Redis looks at its replicas' lag once a second; the rest is for a busy machine.
REFUSAL_SLACK_S = 8


def three_sites(network, deploy, **options):
    """A node and a sentinel on each of three hosts."""
    place = {f"{kind}{site}": site for kind in ("redis", "sentinel") for site in range(3)}
    return deploy(network=network, place=place, **options)


def test_a_cut_off_master_is_replaced_refuses_writes_and_returns_as_a_replica(deploy, hosts, record_property):
    network = hosts(3)
    with three_sites(network, deploy, max_lag_s=MAX_LAG_S) as cluster, EpochWatch(cluster):
        old = cluster.wait_settled()
        cut = cluster.nodes.index(old)
        wait_for(lambda: old.config_get("min-replicas-to-write") == "1", "write safety is in force")
        rest = [site for site in range(3) if site != cut]
        minority, majority = cluster.sentinels[cut], [cluster.sentinels[site] for site in rest]
        with EventLog(cluster.sentinels) as events, \
                Writer(cluster, netns=network.netns(cut), sentinels=[minority]) as writer:
            wait_for(lambda: len(writer.acknowledged) > 200, "the writer next to the master is at work")
            network.partition(rest, [cut])
            before = writer.acknowledged[-1]
            new = cluster.wait_switched(away_from=old, sentinels=majority)
            wait_for(lambda: writer.errors and "NOREPLICAS" in writer.errors[-1][1], "the old master refuses writes")
            window = writer.last_acknowledged_at(old.address) - before[1]
            assert window <= MAX_LAG_S + REFUSAL_SLACK_S, f"the cut-off master took writes for {window:.1f} s"
            count = len(writer.acknowledged)
            never(lambda: len(writer.acknowledged) > count, "a write on the cut-off side", 1.0)
            assert minority.master_address() == old.address
            assert not events.of("+switch-master", sentinel=minority)

            network.heal()
            cluster.wait_follow(new, [old])
            assert cluster.wait_settled() is new
            wait_for(lambda: writer.first_acknowledged_at(new.address), "the writer goes on at the new master")
        lost = writer.lost(new)
        record_property("lost_writes", len(lost))
        record_property("loss_window_s", round(window, 3))
        assert all(at >= before[1] - 1.0 and where == old.address for _, at, where in lost), \
            "only writes since the cut may be lost"
        assert cluster.masters() == [new]


def test_a_cut_off_replica_and_sentinel_change_nothing(deploy, hosts):
    network = hosts(3)
    with three_sites(network, deploy) as cluster, EpochWatch(cluster), EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        epoch = cluster.sentinels[0].config_epoch()
        cut = 1 if cluster.nodes.index(master) != 1 else 2
        network.cut(cut)
        rest = [sentinel for site, sentinel in enumerate(cluster.sentinels) if site != cut]
        for sentinel in rest:
            events.wait("+sdown", f"slave {network.address(cut)}", sentinel=sentinel)
        never(lambda: events.of("+elected-leader") + events.of("+switch-master"), "a failover", QUIET_SECONDS)
        network.heal()
        assert cluster.wait_settled() is master
        assert {sentinel.config_epoch() for sentinel in cluster.sentinels} == {epoch}


def test_all_sentinels_cut_off_from_each_other_do_nothing_until_two_meet(deploy, hosts):
    network = hosts(6)  # Nodes on 0 to 2, sentinels on 3 to 5.
    with deploy(network=network) as cluster, EpochWatch(cluster), EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        network.partition([0, 1, 2], [3], [4], [5])
        for sentinel in cluster.sentinels:
            events.wait("+sdown", "master mymaster", sentinel=sentinel)
        never(lambda: events.of("+elected-leader"), "a leader without a majority", QUIET_SECONDS)
        assert master.is_master()
        network.partition([0, 1, 2], [3], [4, 5])  # A majority of sentinels, but no node within reach.
        never(lambda: events.of("+promoted-slave"), "a promotion of what nobody reaches", QUIET_SECONDS)
        network.heal()
        settled = cluster.wait_settled()
        assert cluster.masters() == [settled]


def test_a_master_that_only_the_sentinels_cannot_reach_is_not_failed_over(deploy, hosts):
    network = hosts(6)
    with deploy(network=network) as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        site = cluster.nodes.index(master)
        with Writer(cluster, netns=network.netns(site)) as writer:  # An idle master gives its replicas little to hear.
            wait_for(lambda: len(writer.acknowledged) > 200, "the writer is at work")
            for blind in (3, 4, 5):
                network.block(blind, site)
            for sentinel in cluster.sentinels:
                events.wait("+failover-held", "evidence-of-life", sentinel=sentinel)
            never(lambda: events.of("+elected-leader") + events.of("+promoted-slave"),
                  "a failover of a master that its replicas hear", QUIET_SECONDS)
            explained = cluster.sentinels[0].explain()
            assert "still receives" in explained, explained
            count = len(writer.acknowledged)
            wait_for(lambda: len(writer.acknowledged) > count + 100, "the writer goes on")
            network.heal()
            assert cluster.wait_settled() is master
