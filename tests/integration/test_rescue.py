"""A stopped master goes on where it was: what its clients had sent is executed, acknowledged, and would be overwritten."""

import json
import os
import shutil
import subprocess

from harness import EventLog, wait_for
from harness.ports import free_port
from harness.queued_writes import QueuedWrites, lost, stop_and_continue, values_of
from harness.redis_node import RedisNode
from harness.rescue_files import rescue_files, values_in
from harness.sentinel_node import REPOSITORY

PROGRAM = os.environ.get("VIGILCTL", os.path.join(REPOSITORY, "build", "release", "vigilctl"))


def test_what_a_stopped_master_acknowledged_is_in_the_file(deploy):
    with deploy(vigil={"rescue": "stream"}) as cluster, EventLog(cluster.sentinels) as events:
        old = cluster.wait_settled()
        writes = QueuedWrites(old)
        new = stop_and_continue(cluster, writes)
        gone = lost(writes, new)
        assert gone, "otherwise this shows nothing"

        (said,) = events.wait("+writes-rescued")
        ((path, metadata),) = rescue_files(cluster)
        rescued = values_in(path, 0)
        assert {key: rescued.get(key) for key in gone} == gone
        assert metadata["complete"] and metadata["start_database"] == 0
        assert metadata["node"] == f"127.0.0.1:{old.port}" and metadata["master"] == f"127.0.0.1:{new.port}"
        assert metadata["commands"] == len(rescued) == metadata["keys"]
        assert path in said.payload and f"commands {metadata['commands']} " in said.payload
        assert not events.of("+writes-lost")
        # The fence is gone with the old role.
        wait_for(lambda: old.config_get("min-replicas-to-write") in ("0", "1"), "the fence is lifted")


def test_the_stream_goes_on_in_the_database_that_it_was_in(deploy):
    with deploy(vigil={"rescue": "stream"}) as cluster:
        old = cluster.wait_settled()
        with old.client() as client:
            client.call("SELECT", "3")
            client.call("SET", "before", "1")
            client.call("WAIT", "2", "5000")
        same = QueuedWrites(old, "same", clients=1, database=3)
        other = QueuedWrites(old, "other", clients=1, database=9)
        new = stop_and_continue(cluster, same, other)
        assert lost(same, new) and lost(other, new)
        ((path, metadata),) = rescue_files(cluster)
        assert metadata["start_database"] == 3 and metadata["database_source"] == "backlog"
        assert values_in(path, 3) == same.acknowledged
        assert values_in(path, 9) == other.acknowledged
        assert metadata["databases"] == {"3": len(same.acknowledged), "9": len(other.acknowledged)}


def make_stray(cluster, count, value, more=()):
    """A replica that somebody makes a master while no sentinel looks, with so many writes of its own. (It, they)."""
    master = cluster.wait_settled()
    stray = next(node for node in cluster.nodes if node is not master)
    for sentinel in cluster.sentinels:
        sentinel.process.pause()
    stray.call("REPLICAOF", "NO", "ONE")
    stray.call("CONFIG", "SET", "min-replicas-to-write", "0")
    written = {f"stray:{n}": f"{value}{n}" for n in range(count)}
    with stray.client(timeout=30.0) as client:
        for start in range(0, count, 100):
            client.pipeline([("SET", f"stray:{n}", f"{value}{n}") for n in range(start, min(count, start + 100))])
        client.pipeline(more)
    for sentinel in cluster.sentinels:
        sentinel.process.resume()
    return stray, written


LARGE_BACKLOG = [("repl-backlog-size", "256mb"), ("client-output-buffer-limit", "replica 0 0 0")]


def test_what_is_too_much_is_said_to_be_lost(deploy):
    with deploy(vigil={"rescue": "stream", "rescue-max-bytes": "4kb"}) as cluster, \
            EventLog(cluster.sentinels) as events:
        stray, written = make_stray(cluster, 500, "v")
        cluster.wait_follow(cluster.master, [stray])
        (said,) = events.wait("+writes-lost")
        assert "more than 4096 bytes" in said.payload
        ((path, metadata),) = rescue_files(cluster)
        assert not metadata["complete"] and metadata["saved_to"] < metadata["to_offset"]
        assert os.path.getsize(path) <= 4096
        rescued = values_in(path, 0)
        assert 0 < len(rescued) < len(written) and rescued.items() <= written.items()
        assert int(said.payload.split(" bytes ")[1].split()[0]) == metadata["to_offset"] - metadata["saved_to"]


def test_what_takes_too_long_is_said_to_be_lost_and_the_node_joins(deploy):
    with deploy(vigil={"rescue": "stream", "rescue-deadline": "100ms"}, node_config=LARGE_BACKLOG) as cluster, \
            EventLog(cluster.sentinels) as events:
        stray, _ = make_stray(cluster, 8000, "v" * 20000)
        cluster.wait_follow(cluster.master, [stray])
        (said,) = events.wait("+writes-lost")
        assert "not done after 100 ms" in said.payload
        for path, metadata in rescue_files(cluster):
            assert not metadata["complete"]
            assert len(values_in(path, 0)) == metadata["commands"], "what there is of it is whole"


def test_a_backlog_that_is_too_small_is_named(deploy):
    with deploy(vigil={"rescue": "stream"}, node_config=[("repl-backlog-size", "16kb")]) as cluster, \
            EventLog(cluster.sentinels) as events:
        stray, _ = make_stray(cluster, 500, "v" * 1000)
        cluster.wait_follow(cluster.master, [stray])
        (said,) = events.wait("+writes-lost")
        assert "its backlog does not reach back" in said.payload
        assert not rescue_files(cluster)


def test_a_snapshot_is_taken_where_the_stream_is_gone(deploy):
    with deploy(vigil={"rescue": "snapshot"}, node_config=[("repl-backlog-size", "16kb")]) as cluster, \
            EventLog(cluster.sentinels) as events:
        stray, written = make_stray(cluster, 500, "v" * 1000)
        cluster.wait_follow(cluster.master, [stray])
        events.wait("+writes-rescued")
        ((path, metadata),) = rescue_files(cluster)
        assert path.endswith(".rdb") and metadata["kind"] == "snapshot"
        node = RedisNode(cluster.folder, "from-snapshot", ("127.0.0.1", free_port()))
        shutil.copy(path, os.path.join(node.folder, "dump.rdb"))
        node.start()
        try:
            node.wait_ready()
            assert values_of(node, written, 0) == written
        finally:
            node.kill()


def test_off_saves_nothing_and_fences_all_the_same(deploy):
    with deploy(vigil={"rescue": "off"}) as cluster, EventLog(cluster.sentinels) as events:
        old = cluster.wait_settled()
        writes = QueuedWrites(old)
        stop_and_continue(cluster, writes)
        assert not rescue_files(cluster)
        assert not events.of("+writes-rescued") + events.of("+writes-lost")


def test_a_node_with_nothing_of_its_own_leaves_no_file(deploy):
    with deploy(vigil={"rescue": "stream"}) as cluster, EventLog(cluster.sentinels) as events:
        old = cluster.wait_settled()
        new = stop_and_continue(cluster)
        cluster.wait_settled()
        assert cluster.sentinels[0].call("SENTINEL", "FAILOVER", "mymaster") == "OK"
        third = cluster.wait_switched(away_from=new)
        cluster.wait_follow(third)
        assert not rescue_files(cluster)
        assert not events.of("+writes-rescued") + events.of("+writes-lost")


def test_another_sentinel_rescues_when_one_is_killed_over_it(deploy):
    with deploy(vigil={"rescue": "stream"}, node_config=LARGE_BACKLOG) as cluster:
        stray, written = make_stray(cluster, 3000, "v" * 10000)

        def folder(sentinel):
            return os.path.join(sentinel.state_dir, "rescue", "mymaster")

        def rescuer():
            return next((sentinel for sentinel in cluster.sentinels if os.path.isdir(folder(sentinel))), None)
        killed = wait_for(rescuer, "somebody rescues", poll=0.0005)
        killed.kill()  # Mostly in the middle; otherwise its file is whole.
        cluster.wait_follow(cluster.master, [stray])
        whole = [values_in(path, 0) for path, metadata in rescue_files(cluster) if metadata["complete"]]
        assert whole and all(values == written for values in whole)
        killed.restart()
        assert not [name for name in os.listdir(folder(killed)) if name.startswith(".")], "half a file is removed"


# --- vigilctl rescue.

class Tool:
    """vigilctl rescue on what one sentinel has saved."""

    def __init__(self, cluster):
        self.sentinel = next(s for s in cluster.sentinels if os.path.isdir(os.path.join(s.state_dir, "rescue")))
        self.folder = os.path.join(self.sentinel.state_dir, "rescue")
        self.name = self("list")[0]["name"]

    def words(self, *words):
        host, port = self.sentinel.address
        return [PROGRAM, "--json", "--sentinel", f"{host}:{port}", "rescue", "--folder", self.folder, *words]

    def run(self, *words):
        done = subprocess.run(self.words(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        return done.returncode, json.loads(done.stdout)

    def __call__(self, *words):
        status, answer = self.run(*words)
        assert status == 0, answer
        return answer


def test_rescued_writes_are_shown_compared_and_given_back_once(deploy):
    with deploy(vigil={"rescue": "stream"}, write_safety="off") as cluster:
        master = cluster.wait_settled()
        with master.client() as client:
            for key in ("untouched", "changed", "removed", "list"):
                client.call("DEL", key) if key == "list" else client.call("SET", key, "before")
            client.call("WAIT", len(cluster.nodes) - 1, 5000)
        stray, written = make_stray(cluster, 50, "v", more=[
            ("SET", "untouched", "rescued"), ("SET", "changed", "rescued"), ("SET", "removed", "rescued"),
            ("RPUSH", "list", "a", 'b"\n'), ("MULTI",), ("SET", "both", "1"), ("SET", "changed", "2"), ("EXEC",),
            ("SELECT", "4"), ("INCR", "n")])
        cluster.wait_follow(cluster.master, [stray])
        master.call("SET", "changed", "since")
        master.call("DEL", "removed")

        tool = Tool(cluster)
        (entry,) = tool("list")
        assert (entry["commands"], entry["complete"], entry["replayed"]) == (50 + 4 + 2 + 1, True, False)
        assert not tool("list", "othergroup")
        lines = tool("show", tool.name)["lines"]
        assert '0 "RPUSH" "list" "a" "b\\"\\n"' in lines and '4 "INCR" "n"' in lines
        assert '0 transaction "SET" "both" "1"' in lines
        assert len(tool("show", tool.name, "--limit", "3")["lines"]) == 3

        states = {(key["database"], key["key"]): key["state"] for key in tool("diff", tool.name)["keys"]}
        assert states.pop((4, "n")) == "missing"
        assert {states.pop((0, key)) for key in ("list", "both", *written)} == {"missing"}
        assert states == {(0, "untouched"): "untouched", (0, "changed"): "changed", (0, "removed"): "changed"}

        status, answer = tool.run("replay", tool.name)
        assert status == 2 and "--only-missing" in answer["error"]
        # 50 new keys, the list and the counter; not the transaction, of which one key was changed.
        assert tool("replay", tool.name, "--only-missing", "--dry-run")["would_apply"] == 52
        assert tool("replay", tool.name, "--untouched", "--dry-run")["would_apply"] == 53
        assert master.call("GET", "stray:0") is None, "a dry run changes nothing"

        assert tool("replay", tool.name, "--untouched")["applied"] == 53
        assert values_of(master, written, 0) == written
        assert values_of(master, ["untouched", "changed", "removed", "both"], 0) == \
            {"untouched": "rescued", "changed": "since", "removed": None, "both": None}
        assert master.call("LRANGE", "list", "0", "-1") == ["a", 'b"\n']
        assert values_of(master, ["n"], 4) == {"n": "1"}

        assert tool("list")[0]["replayed"]
        assert tool.run("replay", tool.name, "--all")[0] == 1
        os.remove(os.path.join(tool.folder, tool.name + ".replayed"))
        status, answer = tool.run("replay", tool.name, "--all")
        assert status == 1 and "replayed" in answer["error"], "the master remembers it, too"
        assert values_of(master, ["n"], 4) == {"n": "1"}


def test_a_replay_that_was_killed_goes_on_where_it_was(deploy):
    with deploy(vigil={"rescue": "stream"}, write_safety="off") as cluster:
        master = cluster.wait_settled()
        count = 20000
        stray, _ = make_stray(cluster, 0, "", more=[("INCR", "n")] * count)
        cluster.wait_follow(cluster.master, [stray])
        tool = Tool(cluster)
        process = subprocess.Popen(tool.words("replay", tool.name, "--only-missing"), stdout=subprocess.DEVNULL)
        wait_for(lambda: int(master.call("GET", "n") or 0) > 0, "it has begun", poll=0.0005)
        process.kill()
        process.wait()
        assert int(master.call("GET", "n")) <= count
        status, answer = tool.run("replay", tool.name)
        if status == 0:  # It was killed before its end: the plan of the first run is gone on with.
            assert answer["applied"] == count
        assert master.call("GET", "n") == str(count)
