"""Planned switchovers: a named replica, dry runs, refusals, time-outs that leave everything as it was."""

import json
import os
import subprocess

import pytest

from harness import EventLog, RespError, Writer, wait_for

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("VIGILCTL", os.path.join(REPOSITORY, "build", "release", "vigilctl"))
GROUP = "mymaster"
WRITERS = 4


def fields(reply):
    return dict(zip(reply[::2], reply[1::2]))


def full_syncs(cluster):
    return sum(int(node.info("stats")["sync_full"]) for node in cluster.nodes)


def acknowledged_by_all(master):
    """After a full copy the master streams to a replica only from its first acknowledgement on."""
    with master.client() as client:
        client.call("SET", "switchover:ready", "1")
        return client.call("WAIT", 2, 1000) == 2


def refusal(sentinel, *words):
    with pytest.raises(RespError) as caught:
        sentinel.call("SENTINEL", "SWITCHOVER", GROUP, *words)
    return str(caught.value)


def ask_to(node):
    return ["TO", *map(str, node.address)]


def run_vigilctl(cluster, *words):
    sentinel = ":".join(map(str, cluster.sentinels[0].address))
    return subprocess.run([PROGRAM, "--sentinel", sentinel, *words], capture_output=True, text=True, timeout=60)


class Writers:
    """Several writers, each with its own keys."""

    def __init__(self, cluster):
        self.all = [Writer(cluster, prefix=f"writer{number}") for number in range(WRITERS)]

    def __enter__(self):
        for writer in self.all:
            writer.__enter__()
        return self

    def __exit__(self, *error):
        for writer in self.all:
            writer.__exit__(*error)

    def go_on(self, address=None):
        """Waits until each of them has written something more, at `address` if given."""
        before = [len(writer.acknowledged) for writer in self.all]
        for writer, count in zip(self.all, before):
            wait_for(lambda: any(address in (None, where) for _, _, where in writer.acknowledged[count:]),
                     "writers go on")

    def lost(self, node):
        return sum(len(writer.lost(node)) for writer in self.all)


def test_switchovers_to_named_replicas_lose_nothing_and_copy_nothing(deploy):
    # As servers have it. A PING of the old master between the promotion and its own REPLICAOF costs a full copy.
    with deploy(node_config=(("repl-ping-replica-period", "10"),)) as cluster:
        cluster.wait_settled()
        before = full_syncs(cluster)
        with Writers(cluster) as writers:
            for number in range(4):
                old = cluster.master
                target = [node for node in cluster.nodes if node is not old][number % 2]
                writers.go_on()
                if number < 3:
                    sentinel = cluster.sentinels[number % 3]
                    assert sentinel.call("SENTINEL", "SWITCHOVER", GROUP, *ask_to(target)) == "OK"
                else:
                    done = run_vigilctl(cluster, "--json", "switchover", GROUP, "--to",
                                        ":".join(map(str, target.address)))
                    assert done.returncode == 0, done.stderr
                    assert json.loads(done.stdout)["to"] == ":".join(map(str, target.address))
                assert cluster.wait_switched(away_from=old) is target
                writers.go_on(target.address)
                cluster.wait_follow(target)
                assert cluster.wait_settled() is target
        assert writers.lost(cluster.master) == 0
        assert full_syncs(cluster) == before


def test_what_can_not_be_done_is_refused_with_its_reason_and_told_by_a_dry_run(deploy):
    with deploy() as cluster:
        master = cluster.wait_settled()
        first, second = [node for node in cluster.nodes if node is not master]
        sentinel = cluster.sentinels[0]
        first.call("CONFIG", "SET", "replica-priority", "0")
        wait_for(lambda: fields(sentinel.call("SENTINEL", "SWITCHOVER", GROUP, *ask_to(first), "DRYRUN"))["refusal"],
                 "the priority is known", 30)
        assert refusal(sentinel, *ask_to(first)) == f"NOGOODSLAVE 127.0.0.1:{first.port} has priority 0"
        assert refusal(sentinel, *ask_to(master)) == f"ERR 127.0.0.1:{master.port} is the master already."
        assert refusal(sentinel, "TO", "127.0.0.1", "1") == "ERR 127.0.0.1:1 is no replica of this master."
        plan = fields(sentinel.call("SENTINEL", "SWITCHOVER", GROUP, "DRYRUN"))
        assert (plan["would"], plan["to"]) == ("switch", f"127.0.0.1:{second.port}")
        assert plan[f"replica 127.0.0.1:{first.port}"] == "has priority 0"
        shown = run_vigilctl(cluster, "switchover", GROUP, "--dry-run")
        assert shown.returncode == 0 and f"127.0.0.1:{second.port}" in shown.stdout
        refused = run_vigilctl(cluster, "switchover", GROUP, "--to", f"127.0.0.1:{first.port}")
        assert refused.returncode == 1 and "has priority 0" in refused.stderr
        assert cluster.master is master

        # One host for all sentinels, and nothing on disk: the doctor says so, and what the bound is.
        examined = run_vigilctl(cluster, "--json", "doctor", GROUP)
        assert examined.returncode == 1, examined.stdout
        findings = json.loads(examined.stdout)["findings"]
        topics = {(one["severity"], one["topic"]) for one in findings}
        assert topics >= {("error", "sentinel-hosts"), ("warning", "persistence"), ("note", "write-safety")}
        assert not topics & {("error", "permissions"), ("warning", "renamed-commands"), ("error", "quorum")}
        master.call("ACL", "SETUSER", "weak", "on", "nopass", "+ping", "+info")
        weak = json.loads(run_vigilctl(cluster, "--json", "doctor", GROUP, "--acl-user", "weak").stdout)["findings"]
        assert any(one["topic"] == "permissions" and "SLAVEOF" in one["what"] and "PING" not in one["what"]
                   for one in weak)


def test_a_replica_that_does_not_catch_up_ends_it_with_everything_as_it_was(deploy):
    with deploy(write_safety="off") as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        target = next(node for node in cluster.nodes if node is not master)
        with Writers(cluster) as writers:
            writers.go_on()
            # The links to the master are cut, and a wrong password keeps the replicas from coming back.
            replicas = [node for node in cluster.nodes if node is not master]
            for node in replicas:
                node.call("CONFIG", "SET", "masterauth", "wrong")
            master.call("CLIENT", "KILL", "TYPE", "replica")
            writers.go_on()
            done = run_vigilctl(cluster, "switchover", GROUP, "--to", ":".join(map(str, target.address)),
                                "--timeout", "700")
            assert done.returncode == 1, done.stdout
            assert "did not catch up" in done.stderr
            events.wait("-failover-abort-drain-timeout")
            writers.go_on(master.address)
            assert cluster.master is master and cluster.masters() == [master]
            for node in replicas:
                node.call("CONFIG", "SET", "masterauth", "")
            cluster.wait_follow(master)
            cluster.wait_settled()

            # A hung replica is not waited for, and nobody's writes stop.
            target.pause()
            said = None
            try:
                cluster.sentinels[0].call("SENTINEL", "SWITCHOVER", GROUP, *ask_to(target))
            except RespError as error:
                said = str(error)
            assert said is None or "NOGOODSLAVE" in said
            if said is None:
                events.wait("-failover-abort-no-good-slave")
            writers.go_on(master.address)
            target.resume()
            wait_for(lambda: acknowledged_by_all(master), "the replicas acknowledge what is written")
            cluster.wait_settled()
            assert cluster.sentinels[1].call("SENTINEL", "SWITCHOVER", GROUP, *ask_to(target)) == "OK"
            assert cluster.wait_switched(away_from=master) is target
            writers.go_on(target.address)
        cluster.wait_follow(target)
        assert writers.lost(target) == 0


def test_a_failover_command_that_somebody_left_behind_is_ended(deploy):
    with deploy(failover_timeout_ms=3000) as cluster, EventLog(cluster.sentinels) as events:
        master = cluster.wait_settled()
        target = next(node for node in cluster.nodes if node is not master)
        with Writer(cluster) as writer:
            wait_for(lambda: len(writer.acknowledged) > 50, "the writer is at work")
            # Without a time limit of its own it waits for a replica that does not read, and so do all writers.
            target.pause()
            master.call("FAILOVER", "TO", *map(str, target.address))
            events.wait("+server-failover")
            events.wait("+server-failover-aborted")
            count = len(writer.acknowledged)
            wait_for(lambda: len(writer.acknowledged) > count + 50, "the writer goes on")
            target.resume()
        assert cluster.wait_settled() is master
        assert master.info("replication")["master_failover_state"] == "no-failover"
        assert not writer.lost(master)
