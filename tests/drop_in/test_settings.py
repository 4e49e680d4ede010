"""SENTINEL SET, CONFIG and DEBUG; passwords and users that change under way."""

import os

import pytest

from deployment import GROUP, LONG_SECONDS, error_of, kind
from harness import RespError, wait_for

PASSWORD = "secret"


def test_set_changes_what_master_shows(group):
    sentinel = group.sentinels[0]
    before = sentinel.master_map()
    changed = {name: str(int(before[name]) + 1) for name in ("quorum", "parallel-syncs", "down-after-milliseconds",
                                                             "failover-timeout")}
    assert sentinel.call("SENTINEL", "SET", GROUP, *sum(changed.items(), ())) == "OK"
    now = sentinel.master_map()
    assert {name: now[name] for name in changed} == changed
    assert sentinel.call("SENTINEL", "SET", GROUP, *sum(((name, before[name]) for name in changed), ())) == "OK"


@pytest.mark.parametrize("option", ["down-after-milliseconds", "failover-timeout", "parallel-syncs", "quorum"])
@pytest.mark.parametrize("value", ["-20", "abc", "0"])
def test_set_refuses_bad_values(group, option, value):
    sentinel = group.sentinels[0]
    before = sentinel.master_map()[option]
    assert error_of(sentinel, "SENTINEL", "SET", GROUP, option, value) == \
        f"ERR Invalid argument '{value}' for SENTINEL SET '{option}'"
    assert sentinel.master_map()[option] == before


def test_set_refuses_what_it_does_not_know(group):
    sentinel = group.sentinels[0]
    for script, name in (("notification-script", "Notification"), ("client-reconfig-script", "Client reconfiguration")):
        assert error_of(sentinel, "SENTINEL", "SET", GROUP, script, "test.txt").startswith(
            f"ERR {name} script seems non existing")
    assert error_of(sentinel, "SENTINEL", "SET", GROUP, "fakeoption").startswith("ERR wrong number of arguments")
    assert error_of(sentinel, "SENTINEL", "SET", GROUP, "fakeoption", "fakevalue") == \
        "ERR Unknown option or number of arguments for SENTINEL SET 'fakeoption'"


def test_a_file_that_cannot_be_written_is_an_error(group):
    sentinel = group.sentinels[0]
    quorum = int(sentinel.master_map()["quorum"])
    kept = sentinel.config_path + ".bak"
    os.rename(sentinel.config_path, kept)
    os.mkdir(sentinel.config_path)
    try:
        assert error_of(sentinel, "SENTINEL", "SET", GROUP, "quorum", quorum + 1) == \
            "ERR Failed to save config file. Check server logs."
        assert error_of(sentinel, "SENTINEL", "FLUSHCONFIG") == "ERR Failed to save config file. Check server logs."
    finally:
        os.rmdir(sentinel.config_path)
        os.rename(kept, sentinel.config_path)
    assert sentinel.call("SENTINEL", "SET", GROUP, "quorum", quorum) == "OK"
    assert sentinel.call("SENTINEL", "FLUSHCONFIG") == "OK"
    assert f"sentinel monitor {GROUP}" in sentinel.config_text()


@pytest.mark.skipif(kind() == "stock", reason="the log level came with 7.2")
def test_the_level_of_the_log(group):
    sentinel = group.sentinels[0]
    assert sentinel.call("SENTINEL", "CONFIG", "GET", "loglevel") == ["loglevel", "notice"]
    for level in ("debug", "verbose", "warning", "nothing", "notice"):
        assert sentinel.call("SENTINEL", "CONFIG", "SET", "loglevel", level) == "OK"
        assert sentinel.call("SENTINEL", "CONFIG", "GET", "loglevel") == ["loglevel", level]
    assert error_of(sentinel, "SENTINEL", "CONFIG", "SET", "loglevel", "loud").startswith("ERR Invalid")


def test_debug_shows_and_changes_times(group):
    sentinel = group.sentinels[0]
    before = sentinel.call("SENTINEL", "DEBUG")
    assert before[0].lower() == "info-period"
    assert sentinel.call("SENTINEL", "DEBUG", "info-period", "8888", "ask-period", "700") == "OK"
    assert sentinel.call("SENTINEL", "DEBUG")[1] == "8888"
    for wrong in ("0", "-1", "x"):
        assert error_of(sentinel, "SENTINEL", "DEBUG", "ping-period", wrong) == \
            f"ERR Invalid argument '{wrong}' for SENTINEL DEBUG 'ping-period'"
    assert sentinel.call("SENTINEL", "DEBUG", "info-period", before[1]) == "OK"


@pytest.mark.skipif(kind() == "stock", reason="several parameters at a time came with 7.2")
def test_config_takes_several_parameters(group):
    sentinel = group.sentinels[0]
    for each in group.sentinels:
        assert each.call("SENTINEL", "CONFIG", "SET", "resolve-hostnames", "yes", "announce-port", "1234") == "OK"
    assert sentinel.call("SENTINEL", "CONFIG", "GET", "resolve-hostnames", "announce-port") == \
        ["resolve-hostnames", "yes", "announce-port", "1234"]
    assert sentinel.call("SENTINEL", "CONFIG", "GET", "resolve-hostnames", "resolve-hostnames", "announce-p*", "nothing") == \
        ["resolve-hostnames", "yes", "announce-port", "1234"]
    refused = {
        ("does-not-exist", "yes"): "ERR Invalid argument 'does-not-exist' to SENTINEL CONFIG SET",
        ("announce-port", "1234", "announce-port", "1"): "ERR Duplicate argument 'announce-port' to SENTINEL CONFIG SET",
        ("resolve-hostnames", "no", "announce-port"): "ERR Missing argument 'announce-port' value",
        ("announce-port", "-1"): "ERR Invalid value '-1' to SENTINEL CONFIG SET 'announce-port'",
        ("resolve-hostnames", "perhaps"): "ERR Invalid value 'perhaps' to SENTINEL CONFIG SET 'resolve-hostnames'",
    }
    for words, text in refused.items():
        assert error_of(sentinel, "SENTINEL", "CONFIG", "SET", *words) == text
    assert sentinel.call("SENTINEL", "CONFIG", "GET", "announce-port")[1] == "1234", "none of those was applied"
    for each in group.sentinels:
        assert each.call("SENTINEL", "CONFIG", "SET", "resolve-hostnames", "no", "announce-port", "0") == "OK"


def connected(sentinel, yes=True):
    up = "disconnected" not in sentinel.master_map()["flags"] and all(
        "disconnected" not in replica["flags"] for replica in sentinel.replica_maps())
    down = "disconnected" in sentinel.master_map()["flags"] and all(
        "disconnected" in replica["flags"] for replica in sentinel.replica_maps())
    return up if yes else down


def test_a_password_that_changes_under_way(running):
    running.initialise()
    restarted, updated, untouched = running.sentinels[:3]
    restarted.kill()
    for server in running.servers:
        with server.client() as client:
            client.call("CONFIG", "SET", "masterauth", PASSWORD)
            client.call("CONFIG", "SET", "requirepass", PASSWORD)
            client.call("CONFIG", "REWRITE")
        server.password = PASSWORD
    try:
        restarted.restart()
        wait_for(lambda: connected(restarted, False), "a restarted sentinel cannot log in", LONG_SECONDS)
        for sentinel in (restarted, updated):
            assert sentinel.call("SENTINEL", "SET", GROUP, "auth-pass", PASSWORD) == "OK"
        for sentinel in (restarted, updated, untouched):
            wait_for(lambda: connected(sentinel), f"{sentinel} is connected", LONG_SECONDS)
        running.on_all("SENTINEL", "SET", GROUP, "auth-pass", PASSWORD)
        running.crash_and_failover()
        running.wait_all_follow()
    finally:
        running.restart_killed()
        for server in running.servers:
            with server.client() as client:
                client.call("CONFIG", "SET", "requirepass", "")
                client.call("CONFIG", "SET", "masterauth", "")
                client.call("CONFIG", "REWRITE")
            server.password = None
        running.on_all("SENTINEL", "SET", GROUP, "auth-pass", "")
    for sentinel in running.sentinels:
        wait_for(lambda: connected(sentinel), f"{sentinel} is connected again", LONG_SECONDS)


def test_a_user_that_appears_under_way(running):
    running.initialise()
    restarted, updated, untouched = running.sentinels[:3]
    restarted.kill()
    for server in running.servers:
        with server.client() as client:
            client.call("ACL", "SETUSER", "watcher", "on", ">" + PASSWORD, "allkeys", "allchannels", "+@all")
            client.call("CONFIG", "SET", "masteruser", "watcher")
            client.call("CONFIG", "SET", "masterauth", PASSWORD)
            client.call("ACL", "SETUSER", "default", "on", ">other")
            client.call("ACL", "SETUSER", "default", "resetpass", ">other")
            client.call("CLIENT", "KILL", "USER", "default", "SKIPME", "yes")
        server.password = "other"
    try:
        restarted.restart()
        for sentinel in (restarted, untouched):
            wait_for(lambda: connected(sentinel, False), f"{sentinel} cannot log in", LONG_SECONDS)
        for sentinel in (restarted, updated):
            assert sentinel.call("SENTINEL", "SET", GROUP, "auth-user", "watcher", "auth-pass", PASSWORD) == "OK"
        for sentinel in (restarted, updated):
            wait_for(lambda: connected(sentinel), f"{sentinel} is connected", LONG_SECONDS)
        assert connected(untouched, False)
    finally:
        for server in running.servers:
            with server.client() as client:
                client.call("ACL", "SETUSER", "default", "nopass")
                client.call("CONFIG", "SET", "masterauth", "")
                client.call("CONFIG", "SET", "masteruser", "")
                client.call("ACL", "DELUSER", "watcher")
            server.password = None
        running.on_all("SENTINEL", "SET", GROUP, "auth-user", "", "auth-pass", "")
    for sentinel in running.sentinels:
        wait_for(lambda: connected(sentinel), f"{sentinel} is connected again", LONG_SECONDS)


def quorum_lost(sentinel):
    try:
        sentinel.call("SENTINEL", "CKQUORUM", GROUP)
        return False
    except RespError as error:
        return str(error).startswith("NOQUORUM")


def test_users_of_the_sentinels_that_change_under_way(running):
    running.initialise()
    for sentinel in running.sentinels:
        assert sentinel.call("ACL", "SETUSER", "testuser", ">" + PASSWORD, "+@all", "on") == "OK"
        assert sentinel.call("ACL", "SETUSER", "default", "off") == "OK"
        sentinel.call("CLIENT", "KILL", "USER", "default", "SKIPME", "no")
        wait_for(lambda: sentinel.call("AUTH", "testuser", PASSWORD) == "OK", "a new connection can log in")
    try:
        first = running.sentinels[0]
        assert first.call("ACL", "WHOAMI") == "testuser"
        wait_for(lambda: quorum_lost(first), "sentinels without the password are strangers", LONG_SECONDS)
        for sentinel in running.sentinels:
            assert sentinel.call("SENTINEL", "CONFIG", "SET", "sentinel-user", "testuser") == "OK"
            assert sentinel.call("SENTINEL", "CONFIG", "SET", "sentinel-pass", PASSWORD) == "OK"
        wait_for(lambda: not quorum_lost(first), "they are one quorum again", LONG_SECONDS)
    finally:
        for sentinel in running.sentinels:
            sentinel.call("ACL", "SETUSER", "default", "on")
            sentinel.call("SENTINEL", "CONFIG", "SET", "sentinel-user", "")
            sentinel.call("SENTINEL", "CONFIG", "SET", "sentinel-pass", "")
            try:
                sentinel.call("ACL", "DELUSER", "testuser")
            except OSError:
                pass  # It was ours.
    wait_for(lambda: not quorum_lost(running.sentinels[0]), "back to the default user", LONG_SECONDS)
