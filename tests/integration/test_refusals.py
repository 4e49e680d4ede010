"""Nodes that refuse: wrong password, renamed commands, ACLs. The operator must be told which and why."""

import pytest

from harness import EventLog, never, wait_for

PASSWORD = "correct-horse"
QUIET_SECONDS = 3.0
ORDERS_MAX = 20  # Within one failover-timeout: asked again now and then, not in a loop.
RENAMED = {"CONFIG": "cfg-7f3a", "SLAVEOF": "slo-7f3a", "REPLICAOF": "rep-7f3a", "CLIENT": "cli-7f3a"}
SENTINEL_USER = "vigil"


def password_lines(_index):
    return (("requirepass", PASSWORD), ("masterauth", PASSWORD))


def logs_of(cluster):
    return "\n".join(sentinel.process.log_text() for sentinel in cluster.sentinels)


def test_a_wrong_password_is_named_and_nothing_is_failed_over(deploy):
    with deploy(node_config=password_lines, auth_pass="wrong-horse") as cluster, \
            EventLog(cluster.sentinels) as events:
        sentinel = cluster.sentinels[0]
        explained = wait_for(lambda: (text := sentinel.explain().lower()) and ("password" in text or "wrongpass" in text)
                             and text, "EXPLAIN names the password")
        assert "wrong-horse" not in explained
        assert "wrong-horse" not in logs_of(cluster)
        wait_for(lambda: "password" in logs_of(cluster).lower() or "wrongpass" in logs_of(cluster).lower(),
                 "the log names the password")
        never(lambda: events.of("+promoted-slave") + events.of("+elected-leader"), "a failover", QUIET_SECONDS)
        assert cluster.nodes[0].is_master()
        for each in cluster.sentinels:
            assert each.call("SENTINEL", "SET", "mymaster", "auth-pass", PASSWORD) == "OK"
        assert cluster.wait_settled() is cluster.nodes[0]


def test_the_right_password_allows_a_failover(deploy):
    with deploy(node_config=password_lines, auth_pass=PASSWORD) as cluster:
        old = cluster.wait_settled()
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(new)


def rename_lines(_index):
    return tuple(("rename-command", f"{command} {name}") for command, name in RENAMED.items())


def test_renamed_commands_are_used_by_their_new_names(deploy):
    with deploy(node_config=rename_lines, rename_commands=RENAMED) as cluster:
        old = cluster.wait_settled()
        wait_for(lambda: old.config_get("min-replicas-to-write") == "1", "CONFIG SET works by its new name")
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(new)
        assert cluster.wait_settled() is new


def test_renamed_commands_nobody_told_us_of_are_named_and_the_old_master_stays(deploy):
    with deploy(node_config=rename_lines) as cluster, EventLog(cluster.sentinels) as events:
        old = cluster.wait_settled()
        old.kill()
        wait_for(lambda: any(said.channel.startswith("-failover-abort") for said in list(events.announcements)),
                 "the failover is given up")
        text = logs_of(cluster) + events.text() + cluster.sentinels[0].explain()
        assert "unknown command" in text.lower(), "the server's own words are shown"
        assert not events.of("+switch-master")
        old.restart()
        assert cluster.wait_settled() is old


def refusing_first(how):
    """The replica redis1 is preferred (priority 1) but cannot be promoted by the sentinels' user."""
    def lines(index):
        config = [("masteruser", SENTINEL_USER), ("masterauth", PASSWORD)]
        rights = "~* &* +@all"
        if index == 1:
            config.append(("replica-priority", "1"))
            if how == "acl":
                rights += " -slaveof -replicaof"
            else:
                config += [("rename-command", 'SLAVEOF ""'), ("rename-command", 'REPLICAOF ""')]
        config.append(("user", f"{SENTINEL_USER} on >{PASSWORD} {rights}"))
        return tuple(config)
    return lines


@pytest.mark.parametrize("how, words", [("acl", "noperm"), ("renamed", "unknown command")])
def test_a_replica_that_refuses_promotion_is_passed_over_and_the_reason_is_shown(deploy, how, words):
    with deploy(node_config=refusing_first(how), auth_user=SENTINEL_USER, auth_pass=PASSWORD) as cluster:
        with EventLog(cluster.sentinels) as events:
            old, refusing, other = cluster.nodes
            assert cluster.wait_settled() is old
            old.kill()
            assert cluster.wait_switched(away_from=old) is other
            text = (logs_of(cluster) + events.text()).lower()
            assert words in text, "the server's own words are shown"
            assert f"127.0.0.1:{refusing.port}" in text
            events.wait("+failover-end")
            orders = events.of("+slave-reconf-sent", f"slave 127.0.0.1:{refusing.port} ")
            assert len(orders) <= ORDERS_MAX, f"it was told {len(orders)} times what it refuses"
