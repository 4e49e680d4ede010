"""Who is let in, as a sentinel.conf says it: protected mode and the ACL file. Debian's redis-sentinel does the same in each step."""

import os

import pytest

from harness import RespError, wait_for
from harness.resp import RespClient


def text_of(call):
    try:
        return str(call())
    except RespError as error:
        return f"-{error}"
    except (ConnectionError, EOFError):
        return "(closed)"


def protected_mode_answers(deploy, network, kind):
    """What somebody on the machine itself and somebody on another one are told."""
    address = network.address(0)
    lines = ["protected-mode yes", f"bind 127.0.0.1 {address}"]
    with deploy(kind=kind, replicas=0, sentinels=1, quorum=1, network=network, place={"redis0": 0, "sentinel0": 0},
                start_sentinels=False, sentinel_options={"conf_lines": lines}) as cluster:
        sentinel = cluster.sentinels[0]
        sentinel.start()

        def ask(host, netns, *words):
            with RespClient((host, sentinel.port), network.netns(netns)) as client:
                return text_of(lambda: client.call(*words))

        def here(*words):
            return ask("127.0.0.1", 0, *words)

        def there(*words):
            return ask(address, 1, *words)

        def up():
            try:
                return here("PING") == "PONG"
            except OSError:
                return False
        wait_for(up, "it listens")
        answers = [there("PING")]
        answers += [here("ACL", "SETUSER", "default", ">secret"), here("PING"), there("PING")]
        with RespClient((address, sentinel.port), network.netns(1)) as client:
            answers += [client.call("AUTH", "secret"), client.call("PING"),
                        client.call("ACL", "SETUSER", "default", "nopass")]
        return answers + [there("PING")]


def test_protected_mode_turns_others_away_until_there_is_a_password(deploy, hosts):
    network = hosts(2)
    stock, vigil = (protected_mode_answers(deploy, network, kind) for kind in ("stock", "vigil-conf"))
    assert vigil == stock
    assert vigil[0].startswith("-DENIED Redis is running in protected mode")
    assert vigil[0] == vigil[-1]
    assert vigil[3] == "-NOAUTH Authentication required."


def acl_file_answers(deploy, kind, folder):
    path = os.path.join(folder, f"{kind}.acl")
    with open(path, "w") as file:
        file.write("user default on nopass ~* &* +@all\nuser monitor on >look +sentinel|masters +ping\n")
    with deploy(kind=kind, replicas=0, sentinels=1, quorum=1,
                sentinel_options={"conf_lines": [f"aclfile {path}"]}) as cluster:
        sentinel = cluster.sentinels[0]

        def admin(*words):
            return text_of(lambda: sentinel.call(*words))

        def as_user(name, password, *words):
            with sentinel.client() as client:
                return text_of(lambda: client.call("AUTH", name, password)), text_of(lambda: client.call(*words))

        answers = [as_user("monitor", "look", "PING"), as_user("monitor", "look", "SENTINEL", "MYID"),
                   admin("ACL", "SETUSER", "monitor", "+sentinel|myid"), admin("ACL", "SAVE")]
        with open(path) as file:
            answers.append(sorted(sorted(line.split()) for line in file))  # Stock's order is that of a hash table.
        assert as_user("monitor", "look", "SENTINEL", "MYID")[1] == sentinel.my_id()

        # Changed behind its back, also in a way that can't be read: then everything stays as it is.
        with open(path, "a") as file:
            file.write("user late on >night +ping\n")
        answers += [as_user("late", "night", "PING"), admin("ACL", "LOAD"), as_user("late", "night", "PING")]
        with open(path, "a") as file:
            file.write("user broken on +nosuchcommand\n")
        answers += [admin("ACL", "LOAD").replace(folder, "<folder>").replace(kind, "<kind>"),
                    as_user("late", "night", "PING"), admin("ACL", "WHOAMI")]

        # The sentinel.conf has no user lines, and after a restart the file says who is there.
        assert "SETUSER" not in sentinel.config_text() and "\nuser " not in sentinel.config_text()
        with open(path, "w") as file:
            file.write("user default on nopass ~* &* +@all\nuser late on >night +ping\n")
        sentinel.stop()
        sentinel.restart()
        return answers + [as_user("late", "night", "PING"), as_user("monitor", "look", "PING"), admin("ACL", "USERS")]


def test_an_acl_file_is_saved_and_loaded(deploy, tmp_path):
    stock, vigil = (acl_file_answers(deploy, kind, str(tmp_path)) for kind in ("stock", "vigil-conf"))
    assert len(vigil) == len(stock)
    for ours, theirs in zip(vigil, stock):
        assert ours == theirs


def test_a_connection_ends_with_its_user_and_its_rights_change_at_once(deploy):
    """SETUSER on a user who is connected, and DELUSER."""
    def run(kind):
        with deploy(kind=kind, replicas=0, sentinels=1, quorum=1) as cluster:
            sentinel = cluster.sentinels[0]
            assert sentinel.call("ACL", "SETUSER", "ops", "on", ">pw", "+ping") == "OK"
            with sentinel.client() as client:
                answers = [text_of(lambda: client.call("AUTH", "ops", "pw")),
                           text_of(lambda: client.call("SENTINEL", "MASTERS")).split()[0],
                           sentinel.call("ACL", "SETUSER", "ops", "+sentinel"),
                           text_of(lambda: len(client.call("SENTINEL", "MASTERS"))),
                           sentinel.call("ACL", "DELUSER", "ops"),
                           text_of(lambda: client.call("PING"))]
            return answers
    assert run("vigil-conf") == run("stock")


@pytest.mark.parametrize("how", ["auto", "systemd", "no"])
def test_supervised_and_include_are_obeyed(deploy, tmp_path, how):
    """Without a NOTIFY_SOCKET supervised starts it as usual; what is included counts like its lines."""
    included = tmp_path / "more.conf"
    included.write_text("maxclients 77\nloglevel warning\nrequirepass sesame\n")
    with deploy(kind="vigil-conf", replicas=0, sentinels=1, quorum=1, start_sentinels=False,
                sentinel_options={"conf_lines": [f"supervised {how}", f"include {included}"]}) as cluster:
        sentinel = cluster.sentinels[0]
        sentinel.start()
        sentinel.password = "sesame"

        def answers():
            try:
                return sentinel.info("clients")["maxclients"]
            except OSError:
                return None
        assert wait_for(answers, "it answers") == "77"
        assert sentinel.call("SENTINEL", "FLUSHCONFIG") == "OK"
        assert f"include {included}" in sentinel.config_text() and "maxclients" not in sentinel.config_text()
        sentinel.stop()
        sentinel.start()
        assert wait_for(answers, "it answers") == "77"
