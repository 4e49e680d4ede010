"""SENTINEL FAILOVER, and sentinels told to crash in the middle of one."""

import pytest

from deployment import GROUP, LONG_SECONDS, error_of
from harness import wait_for

CRASHED = 99  # Exit status of a simulated failure.


def test_a_failover_on_request(group):
    for debug in (("info-period", "2000"), ("default-down-after", "6000"), ("publish-period", "1000")):
        group.on_all("SENTINEL", "DEBUG", *debug)
    group.start_manual_failover(group.sentinels[0])
    assert "in progress" in error_of(group.sentinels[0], "SENTINEL", "FAILOVER", GROUP)
    old = group.wait_failover()
    assert group.master.info("replication")["role"] == "master"
    group.wait_all_follow()
    assert old.info("replication")["master_port"] == str(group.master.port)


@pytest.mark.parametrize("moment", ["crash-after-election", "crash-after-promotion"])
def test_a_sentinel_that_crashes_in_a_failover(running, moment):
    running.initialise()
    leader = running.sentinels[0]
    assert leader.call("SENTINEL", "SIMULATE-FAILURE", moment) == "OK"
    running.start_manual_failover(leader)
    wait_for(lambda: not leader.process.running, f"{leader} crashes", LONG_SECONDS)
    assert leader.process.popen.returncode == CRASHED
    leader.restart()
    for sentinel in running.alive:
        wait_for(lambda: "failover-state" not in sentinel.master_map(), f"{sentinel} is done", LONG_SECONDS)
    told = {wait_for(lambda: sentinel.master_address(), "an answer") for sentinel in running.alive}
    wait_for(lambda: len({sentinel.master_address() for sentinel in running.alive}) == 1,
             f"one master is named, not {told}", LONG_SECONDS)


def test_the_kinds_of_failures_are_listed(group):
    reply = group.sentinels[0].call("SENTINEL", "SIMULATE-FAILURE", "help")
    assert reply == ["crash-after-election", "crash-after-promotion"]
    assert error_of(group.sentinels[0], "SENTINEL", "SIMULATE-FAILURE", "nonsense") == "ERR Unknown failure simulation specified"


def test_ckquorum(group):
    for sentinel in group.sentinels:
        assert sentinel.call("SENTINEL", "CKQUORUM", GROUP).startswith("OK 5 usable")
    first = group.sentinels[0]
    first.call("SENTINEL", "SET", GROUP, "quorum", "6")
    assert error_of(first, "SENTINEL", "CKQUORUM", GROUP).startswith("NOQUORUM")
    first.call("SENTINEL", "SET", GROUP, "quorum", "1")
    for sentinel in group.sentinels[1:4]:
        sentinel.kill()

    def refused():
        try:
            first.call("SENTINEL", "CKQUORUM", GROUP)
            return False
        except Exception as error:
            return str(error)
    assert wait_for(refused, "the loss of three sentinels is noticed").startswith("NOQUORUM")
    group.restart_killed()
    first.call("SENTINEL", "SET", GROUP, "quorum", "3")
