"""Too few sentinels must not act, and must say why."""

from harness import EventLog, RespError, never

QUIET_SECONDS = 3.0  # Six times down-after.


def test_one_sentinel_of_three_cannot_fail_over(deploy):
    with deploy(quorum=1) as cluster:
        master = cluster.wait_settled()
        survivor = cluster.sentinels[2]
        for sentinel in cluster.sentinels[:2]:
            sentinel.kill()
        with EventLog([survivor]) as events:
            master.kill()
            events.wait("+sdown", "master mymaster")
            never(lambda: events.of("+elected-leader") + events.of("+promoted-slave"), "a failover by a minority",
                  QUIET_SECONDS)
        assert survivor.master_address() == master.address
        assert "majority" in survivor.explain()
        cluster.sentinels[0].restart()  # Two of three are a majority.
        cluster.wait_switched(away_from=master)


def test_a_quorum_that_live_sentinels_cannot_reach_fails_nothing_over_and_explain_says_so(deploy):
    with deploy(quorum=3) as cluster:
        master = cluster.wait_settled()
        cluster.sentinels[0].kill()
        live = cluster.sentinels[1:]
        with EventLog(live) as events:
            master.kill()
            events.wait("+sdown", "master mymaster", count=2)
            never(lambda: events.of("+odown") + events.of("+elected-leader"), "a failover without quorum",
                  QUIET_SECONDS)
        for sentinel in live:
            assert sentinel.master_address() == master.address
            explained = sentinel.explain()
            assert "quorum" in explained and "3" in explained, explained
            try:
                answer = sentinel.call("SENTINEL", "CKQUORUM", "mymaster")
                raise AssertionError(f"CKQUORUM answered {answer}")
            except RespError as error:
                assert str(error).startswith("NOQUORUM"), error
        cluster.sentinels[0].restart()
        cluster.wait_switched(away_from=master)
