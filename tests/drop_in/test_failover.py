"""Crashed masters, quorums that cannot be reached, sentinels that were away, replicas that were away."""

import os

from deployment import COUNT, GROUP, LONG_SECONDS, QUORUM, flags, kind
from harness import never, wait_for

QUIET_SECONDS = 4.0  # Twice down-after.


def test_a_crashed_master_is_replaced(group):
    group.master.kill()
    for sentinel in group.alive:
        sentinel.call("SENTINEL", "DEBUG", "ping-period", "500")
        sentinel.call("SENTINEL", "DEBUG", "ask-period", "500")
    old = group.wait_failover()
    old.restart()
    assert group.master.info("replication")["role"] == "master"
    group.wait_all_follow()
    assert group.master is not group.servers[0]


def test_no_failover_without_as_many_reports_as_the_quorum(group):
    group.set_quorum(COUNT + 1)
    group.wait_failover_ended()
    group.master.kill()
    never(lambda: group.told_port(group.sentinels[0]) != group.master.port, "a failover without a quorum", QUIET_SECONDS)
    group.master.restart()
    # A quorum that is reached while the master still counts as down is a reason to fail over.
    for sentinel in group.sentinels:
        wait_for(lambda: flags(sentinel) == "master", f"{sentinel} sees the master again")
    group.set_quorum(QUORUM)


def test_no_failover_without_a_majority(group):
    for sentinel in group.sentinels[:QUORUM]:
        sentinel.kill()
    group.master.kill()
    never(lambda: group.told_port(group.sentinels[QUORUM]) != group.master.port, "a failover by a minority", QUIET_SECONDS)
    group.master.restart()
    for sentinel in group.sentinels[:QUORUM]:
        sentinel.restart()


def test_a_failover_that_all_have_to_agree_to(group):
    group.set_quorum(COUNT)
    for sentinel in group.sentinels:
        wait_for(lambda: int(sentinel.master_map()["info-refresh"]) < 100000 and sentinel.master_map()["flags"] == "master",
                 f"{sentinel} watches again")
    group.crash_and_failover()
    group.set_quorum(QUORUM)
    group.wait_all_follow()


def test_a_sentinel_that_was_down_learns_of_the_failover(group):
    away = group.sentinels[1]
    away.kill()
    old = group.crash_and_failover()
    away.restart()
    wait_for(lambda: group.told_port(away) != old.port, f"{away} learns of it", LONG_SECONDS)
    assert group.told_port(away) == group.master.port


def test_replicas_follow_the_new_master_also_those_that_were_down(group):
    group.wait_all_follow()
    group.crash_and_failover()
    for debug in (("info-period", "100"), ("default-down-after", "1000"), ("publish-period", "100")):
        group.on_all("SENTINEL", "DEBUG", *debug)
    group.wait_all_follow()
    down = group.replicas[0]
    down.kill()
    group.crash_and_failover()
    group.wait_all_follow()
    group.wait_failover_ended()
    down.restart()
    group.wait_all_follow()


def test_a_sentinel_with_a_new_id_at_the_old_address_is_not_counted_twice(group):
    changed = group.sentinels[-1]
    changed.kill()
    kept = [line for line in changed.config_text().splitlines(True) if "myid" not in line]
    with open(changed.config_path, "w") as file:
        file.writelines(kept)
    before = group.sentinels[0].master_map()["num-other-sentinels"]
    changed.restart()
    never(lambda: group.sentinels[0].master_map()["num-other-sentinels"] != before, "a sentinel more or less", 2.0)
    assert "sentinel myid" in changed.config_text()
    # Positional, as some clients read it.
    assert group.sentinels[0].call("SENTINEL", "MASTER", GROUP)[33] == before


def test_the_file_tells_what_the_sentinel_knows(group):
    sentinel = group.sentinels[0]
    assert sentinel.call("SENTINEL", "FLUSHCONFIG") == "OK"
    text = sentinel.config_text()
    host, port = group.master.address
    assert f"sentinel monitor {GROUP} {host} {port} {QUORUM}" in text.replace('"', "")
    assert f"sentinel myid {sentinel.my_id()}" in text.replace('"', "")
    for other in group.sentinels[1:]:
        assert any(line.startswith("sentinel known-sentinel") and str(other.port) in line for line in text.splitlines())
    for replica in group.replicas:
        assert any(line.startswith(("sentinel known-replica", "sentinel known-slave")) and str(replica.port) in line
                   for line in text.splitlines())
    os.unlink(sentinel.config_path)
    assert sentinel.call("SENTINEL", "FLUSHCONFIG") == "OK"
    assert f"sentinel monitor {GROUP}" in sentinel.config_text()
