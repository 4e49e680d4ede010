"""The operator's tool against real sentinels, Vigil's and stock ones, with real faults."""

import json
import os
import shutil
import signal
import subprocess

import pytest

from harness.cluster import Cluster
from harness.fixtures import skip_loudly
from harness.sentinel_node import REPOSITORY
from harness.vigil_node import ensure_release_build
from harness.waiting import wait_for

PROGRAM = os.environ.get("VIGILCTL", os.path.join(REPOSITORY, "build", "release", "vigilctl"))
DRILL_SECONDS = 60
RUN_SECONDS = 3 * DRILL_SECONDS + 60  # A drill waits twice at most; nothing else takes as long.
OK, BAD, COULD_NOT_RUN = 0, 1, 2


def ctl(cluster, *words, env=None):
    """vigilctl with the first sentinel of the cluster; stdin is no terminal."""
    host, port = cluster.sentinels[0].address
    return subprocess.run([PROGRAM, "--sentinel", f"{host}:{port}", *map(str, words)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=RUN_SECONDS, env={**os.environ, **(env or {})})


def drill(cluster, fault, *words):
    done = ctl(cluster, "--json", "drill", "mymaster", "--fault", fault, "--yes", "--duration", DRILL_SECONDS, *words)
    report = json.loads(done.stdout) if done.stdout else None
    assert report is not None, done.stderr
    return done.returncode, report


@pytest.fixture(params=["vigil", "stock"])
def cluster(request):
    """A settled group under three sentinels of each kind in turn."""
    if not os.path.exists(PROGRAM):
        skip_loudly(f"no vigilctl at {PROGRAM}; set VIGILCTL")
    for server in ("redis-server", "redis-sentinel"):
        if shutil.which(server) is None:
            skip_loudly(f"{server} is not installed")
    if request.param == "vigil":
        ensure_release_build()
        made = Cluster("vigil", down_after_ms=500, failover_timeout_ms=5000, write_safety="enforce")
    else:
        made = Cluster("stock", down_after_ms=2000, failover_timeout_ms=5000)
    with made as cluster:
        cluster.wait_settled()
        yield cluster


def test_status_shows_a_healthy_group_and_what_is_wrong_with_a_sick_one(cluster):
    tree = ctl(cluster, "status")
    assert tree.returncode == OK, tree.stdout
    assert "mymaster  healthy" in tree.stdout and tree.stdout.count("agrees") == 3
    assert "\x1b" not in tree.stdout  # A pipe gets no colours.

    group = json.loads(ctl(cluster, "--json", "status", "mymaster").stdout)["groups"][0]
    assert group["healthy"] and group["quorum"]["ok"]
    assert group["master"]["address"] == "%s:%d" % cluster.master.address
    assert all(replica["lag_bytes"] is not None and replica["good"] for replica in group["replicas"])

    cluster.sentinels[2].kill()
    sick = ctl(cluster, "status")
    assert sick.returncode == BAD
    assert "%s:%d: connection refused" % cluster.sentinels[2].address in sick.stdout


def test_lists_answer_in_tables_and_json(cluster):
    assert "mymaster" in ctl(cluster, "masters").stdout
    for command, count in (("replicas", 2), ("sentinels", 2)):
        entries = json.loads(ctl(cluster, "--json", command, "mymaster").stdout)
        assert len(entries) == count and all(entry["ip"] == "127.0.0.1" for entry in entries)
        assert all(entry["port"] in ctl(cluster, command, "mymaster").stdout for entry in entries)
    quorum = ctl(cluster, "ckquorum", "mymaster")
    assert quorum.returncode == OK and quorum.stdout.startswith("OK 3 usable")
    for sentinel in cluster.sentinels[1:]:
        sentinel.kill()
    wait_for(lambda: ctl(cluster, "ckquorum", "mymaster").returncode == BAD, "CKQUORUM sees two dead sentinels", 30)
    assert ctl(cluster, "ckquorum", "mymaster").stdout.startswith("NOQUORUM")


def test_errors_say_what_to_do(cluster):
    unknown = ctl(cluster, "status", "nope")
    assert unknown.returncode == COULD_NOT_RUN
    assert "knows no group 'nope': it watches mymaster" in unknown.stderr
    for command in ("replicas", "sentinels", "ckquorum", "failover", "explain", "timeline", "events"):
        refused = ctl(cluster, command, "nope")
        assert refused.returncode == COULD_NOT_RUN and "it watches mymaster" in refused.stderr, command

    if cluster.kind == "stock":  # The quickest way to a locked sentinel; Vigil's password is in its file.
        cluster.sentinels[0].call("ACL", "SETUSER", "default", "resetpass", ">s3cret")
        locked = ctl(cluster, "status")
        assert locked.returncode == COULD_NOT_RUN and "VIGIL_PASSWORD" in locked.stderr
        wrong = ctl(cluster, "status", env={"VIGIL_PASSWORD": "guess"})
        assert wrong.returncode == COULD_NOT_RUN and "refused the user or the password" in wrong.stderr
        assert ctl(cluster, "masters", env={"VIGIL_PASSWORD": "s3cret"}).returncode == OK

    cluster.sentinels[0].kill()
    dead = ctl(cluster, "status")
    assert dead.returncode == COULD_NOT_RUN and "connection refused" in dead.stderr


def test_a_killed_master_is_replaced_while_the_probe_writes(cluster):
    old = cluster.master
    code, report = drill(cluster, "kill", "--max-outage", DRILL_SECONDS * 1000, "--max-detection", DRILL_SECONDS * 1000)
    assert code == OK and report["passed"], report
    assert not old.process.running
    new = cluster.wait_switched(away_from=old)
    assert report["new_master"] == "%s:%d" % new.address
    assert report["detection"]["event"] == "+sdown" and report["agreement"]["event"] == "+odown"
    assert report["election"] is not None
    assert report["detection"]["ms"] <= report["promotion"]["ms"] <= report["sentinels"]["last_changed_ms"] + 50
    assert report["outage"]["ms"] >= report["detection"]["ms"] / 2
    assert report["writes"]["acknowledged"] > 20 and report["writes"]["repeated"] == 0
    assert new.call("KEYS", "vigilctl:drill:*") == []  # The scratch list is gone.
    assert any("redis-server" in note and "redis.conf" in note for note in report["notes"])

    if cluster.kind == "vigil":
        timeline = json.loads(ctl(cluster, "--json", "timeline", "mymaster").stdout)
        assert timeline["to"] == report["new_master"] and timeline["phases"]
    else:
        stock = ctl(cluster, "timeline", "mymaster")
        assert stock.returncode == COULD_NOT_RUN and "this sentinel is stock: no TIMELINE" in stock.stderr


def test_a_paused_master_is_resumed_and_comes_back_as_a_replica(cluster):
    old = cluster.master
    code, report = drill(cluster, "pause")
    assert code == OK, report
    assert report["old_master_replica_ms"] is not None
    new = cluster.wait_switched(away_from=old)
    assert old.follows(new)
    assert cluster.masters() == [new]


def test_an_interrupted_drill_resumes_the_master_and_removes_its_list(cluster):
    old = cluster.master
    host, port = cluster.sentinels[0].address
    running = subprocess.Popen([PROGRAM, "--sentinel", f"{host}:{port}", "drill", "mymaster", "--fault", "pause", "--yes"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: process_state(old.process.pid) == "T", "the master is stopped", 30)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=RUN_SECONDS)
    finally:
        running.kill()
    assert running.returncode == COULD_NOT_RUN and "INTERRUPTED" in out
    assert process_state(old.process.pid) != "T"
    cluster.wait_settled()
    wait_for(lambda: cluster.master.call("KEYS", "vigilctl:drill:*") == [], "the scratch list is gone", 30)


def process_state(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def test_a_limit_that_is_missed_fails_the_drill(cluster):
    code, report = drill(cluster, "kill", "--max-outage", 1)
    assert code == BAD and not report["passed"]
    assert any("limit 1 ms" in reason for reason in report["failures"])


def test_a_planned_failover_loses_nothing_with_vigil_and_the_drill_counts_what_stock_loses(cluster):
    code, report = drill(cluster, "planned", "--max-lost", 0)
    if cluster.kind == "vigil":
        assert code == OK, report
        assert report["writes"]["lost"] == 0
    else:  # Stock lets the old master acknowledge writes for seconds.
        assert code == BAD and report["writes"]["lost"] > 0, report


def test_nothing_is_broken_without_consent_a_healthy_group_and_the_right_process(cluster):
    old = cluster.master
    asked = ctl(cluster, "drill", "mymaster", "--fault", "kill")
    assert asked.returncode == COULD_NOT_RUN and "--yes" in asked.stderr
    for pid, why in ((os.getpid(), "not a Redis or Valkey server"),
                     (next(node for node in cluster.nodes if node is not old).process.pid, "does not listen on port")):
        refused = ctl(cluster, "drill", "mymaster", "--fault", "kill", "--yes", "--pid", pid)
        assert refused.returncode == COULD_NOT_RUN and why in refused.stderr
    for node in cluster.nodes:
        if node is not old:
            node.kill()
    wait_for(lambda: ctl(cluster, "status").returncode == BAD, "status sees the dead replicas", 30)
    sick = ctl(cluster, "drill", "mymaster", "--fault", "kill", "--yes")
    assert sick.returncode == COULD_NOT_RUN and "not healthy" in sick.stderr
    assert old.process.running and old.is_master()


def test_explain_answers_or_says_that_the_sentinel_is_stock(cluster):
    explained = ctl(cluster, "explain", "mymaster")
    if cluster.kind == "vigil":
        assert explained.returncode == OK and "healthy" in explained.stdout, explained
    else:
        assert explained.returncode == COULD_NOT_RUN
        assert explained.stdout.count("this sentinel is stock: no EXPLAIN") == 3


def test_events_of_every_sentinel_are_followed(cluster):
    host, port = cluster.sentinels[0].address
    follower = subprocess.Popen([PROGRAM, "--sentinel", f"{host}:{port}", "events", "mymaster", "--count", "3", "--for",
                                 str(DRILL_SECONDS), "--json"], stdout=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: all("flags=P" in s.call("CLIENT", "LIST") for s in cluster.sentinels), "vigilctl subscribed")
        for sentinel in cluster.sentinels:
            sentinel.call("SENTINEL", "SET", "mymaster", "parallel-syncs", "2")
        out, _ = follower.communicate(timeout=RUN_SECONDS)
    finally:
        follower.kill()
    events = [json.loads(line) for line in out.splitlines()]
    assert {event["event"] for event in events} == {"+set"}
    assert {event["sentinel"] for event in events} == {"%s:%d" % sentinel.address for sentinel in cluster.sentinels}
