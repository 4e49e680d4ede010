"""When a master counts as down, and when no more. Most sentinels are stopped, so that nothing fails over."""

import pytest

from deployment import GROUP, LONG_SECONDS, QUORUM, flags
from harness import wait_for


@pytest.fixture(scope="module")
def lone(running):
    """A sentinel of the minority that is left."""
    running.initialise()
    for sentinel in running.sentinels[:QUORUM]:
        sentinel.kill()
    sentinel = running.sentinels[QUORUM]
    for debug in (("info-period", "1000"), ("ping-period", "100"), ("ask-period", "100"), ("publish-period", "100")):
        sentinel.call("SENTINEL", "DEBUG", *debug)
    yield sentinel
    running.restart_killed()


def wait_up(sentinel):
    wait_for(lambda: flags(sentinel) == "master", f"{sentinel} sees the master up", LONG_SECONDS)


def wait_down(sentinel):
    wait_for(lambda: "down" in flags(sentinel), f"{sentinel} sees the master down", LONG_SECONDS)


def test_a_hung_master_is_down(running, lone):
    wait_up(lone)
    running.master.pause()
    wait_down(lone)
    running.master.resume()
    wait_up(lone)


def test_a_crashed_master_is_down(running, lone):
    running.master.kill()
    wait_down(lone)
    running.master.restart()
    wait_up(lone)


def test_a_master_that_calls_itself_a_replica_is_down(running, lone):
    running.master.call("REPLICAOF", "127.0.0.1", "34567")
    wait_down(lone)
    running.master.call("REPLICAOF", "NO", "ONE")
    wait_up(lone)


def test_a_master_that_answers_with_errors_is_down(running, lone):
    with running.master.client() as client:
        client.call("CONFIG", "SET", "dir", "/proc")  # Where nobody can write, root included.
        client.call("CONFIG", "SET", "dbfilename", "tmp")
        client.call("CONFIG", "SET", "save", "1000000 1000000")
        wait_for(lambda: background_save_failed(client), "saving fails")
        wait_down(lone)
        client.call("CONFIG", "SET", "save", "")
        client.call("CONFIG", "SET", "dir", running.master.folder)
        client.call("CONFIG", "SET", "dbfilename", "dump.rdb")
    wait_up(lone)


def background_save_failed(client):
    from harness import RespError
    try:
        client.call("BGSAVE")
    except RespError:
        pass
    return "rdb_last_bgsave_status:err" in client.call("INFO", "persistence")


def test_a_master_without_ping_is_down(running, lone):
    lone.call("SENTINEL", "SET", GROUP, "rename-command", "PING", "PONG")
    wait_down(lone)
    lone.call("SENTINEL", "SET", GROUP, "rename-command", "PING", "PING")
    wait_up(lone)
