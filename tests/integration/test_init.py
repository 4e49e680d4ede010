"""Under systemd and as the first process of a container: signals, notifications, orphans, a read-only root."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap

import pytest

from harness import Process, wait_for
from harness.fixtures import skip_loudly
from harness.ports import free_port
from harness.resp import call_once
from harness.sentinel_node import REPOSITORY
from harness.vigil_node import as_yaml, ensure_release_build, program

IN_CONTAINER = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
WATCHDOG_US = 400_000
RECEIVE_SECONDS = 30.0
ORPHAN = """#!/bin/sh
# Leaves a process behind, which ends when nobody waits for it any more.
(sleep 0.2; echo "$1" >> {folder}/orphans) &
"""
READ_ONLY_ROOT = """
set -e
mount --bind {writable} {writable}
for point in / {mounts}; do mount -o remount,bind,ro $point; done
if touch {writable}/../probe 2> /dev/null; then echo "the root can be written to"; exit 9; fi
exec "$@"
"""


class Daemon:
    """One sentinel in a folder of its own, with a master that is not there."""

    def __init__(self, folder, prefix=(), env=None, **group):
        self.folder = folder
        self.state = os.path.join(folder, "state")
        os.makedirs(self.state)
        self.port = free_port()
        self.config = os.path.join(folder, "sentinel.yaml")
        with open(self.config, "w") as file:
            file.write(as_yaml({"port": self.port, "bind": ["127.0.0.1"], "state-dir": self.state,
                                "groups": [{"name": "orders", "master": f"127.0.0.1:{free_port()}", "quorum": 1, **group}]}))
        self.process = Process([*prefix, program(), self.config], os.path.join(folder, "log"), folder,
                               env={**os.environ, **(env or {})})

    def start(self):
        self.process.start()
        wait_for(lambda: not self.process.running or self.call("PING") == "PONG", "it answers PING")
        assert self.process.running, self.process.log_text()

    def call(self, *words):
        return call_once(("127.0.0.1", self.port), *words)

    def status_after(self, number, pid=None):
        os.kill(pid or self.process.pid, number)
        return self.process.popen.wait(RECEIVE_SECONDS)


@pytest.fixture
def daemon():
    """daemon(prefix, env, **group): a Daemon that runs; its end and its folder's are seen to."""
    ensure_release_build()
    with contextlib.ExitStack() as cleanup:
        def make(prefix=(), env=None, **group):
            folder = tempfile.mkdtemp(prefix="vigil-init-")
            cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
            prefix = prefix(folder) if callable(prefix) else prefix
            group = {key: value.format(folder=folder) for key, value in group.items()}
            made = Daemon(folder, prefix, env, **group)
            cleanup.callback(made.process.kill)
            return made
        yield make


def needs(*command):
    if subprocess.run(command, capture_output=True).returncode != 0:
        skip_loudly(f"not possible here: {' '.join(command)}")


def read_only_but(folder):
    """The start of a command line whose program can write to that folder only."""
    mount = subprocess.run(["findmnt", "-no", "TARGET", "--target", folder], capture_output=True, text=True).stdout.strip()
    text = READ_ONLY_ROOT.format(writable=folder, mounts=mount if mount != "/" else "")
    return ["unshare", "--mount", "sh", "-c", text, "sh"]


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def state_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_it_with_status_0(daemon, number):
    one = daemon()
    one.start()
    assert one.status_after(number) == 0
    assert f"stops on {number.name}" in one.process.log_text()


def test_hangup_does_not_end_it(daemon):
    one = daemon()
    one.start()
    before = one.call("SENTINEL", "MYID")
    one.process.signal(signal.SIGHUP)
    assert one.call("SENTINEL", "MYID") == before
    assert one.status_after(signal.SIGTERM) == 0


def test_systemd_is_told_what_happens(daemon):
    with tempfile.TemporaryDirectory(prefix="vigil-notify-") as folder, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        path = os.path.join(folder, "notify")
        notified.bind(path)
        notified.settimeout(RECEIVE_SECONDS)
        one = daemon(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(WATCHDOG_US)})
        one.process.start()

        ready = notified.recv(4096).decode().split("\n")
        assert ready == ["READY=1", "STATUS=ready; 1 group at start"]
        assert one.call("PING") == "PONG", "ready means that it answers"
        assert [notified.recv(4096) for _ in range(3)] == 3 * [b"WATCHDOG=1"]

        assert one.status_after(signal.SIGTERM) == 0
        rest = []
        while not rest or rest[-1] == b"WATCHDOG=1":
            rest.append(notified.recv(4096))
        assert rest[-1].split(b"\n")[0] == b"STOPPING=1"


def test_as_first_process_it_reaps_orphans_in_silence_and_passes_signals_on(daemon):
    needs(*IN_CONTAINER, "true")
    one = daemon(IN_CONTAINER, **{"notification-script": "{folder}/orphan.sh", "down-after": "100ms"})
    script = os.path.join(one.folder, "orphan.sh")
    with open(script, "w") as file:
        file.write(ORPHAN.format(folder=one.folder))
    os.chmod(script, 0o755)
    one.start()

    [first] = children_of(one.process.pid)
    wait_for(lambda: os.path.exists(os.path.join(one.folder, "orphans")), "a script left an orphan, which ended")
    [sentinel] = wait_for(lambda: len(children_of(first)) == 1 and children_of(first), "every orphan is reaped")
    assert state_of(sentinel) != "Z"
    for line in one.process.log_text().splitlines():
        assert not any(word in line.lower() for word in ("orphan ", "wait", "child", "reap", "zombie")), line

    assert one.status_after(signal.SIGTERM, first) == 0
    assert "stops on SIGTERM" in one.process.log_text()


def test_a_container_ends_with_what_ended_the_sentinel(daemon):
    needs(*IN_CONTAINER, "true")
    one = daemon(IN_CONTAINER)
    one.start()
    [first] = children_of(one.process.pid)
    [sentinel] = children_of(first)
    assert one.status_after(signal.SIGKILL, sentinel) == 128 + signal.SIGKILL


def test_a_read_only_root_is_enough_with_a_writable_state_folder(daemon):
    needs("unshare", "--mount", "true")

    one = daemon(lambda folder: read_only_but(os.path.join(folder, "state")))
    one.start()
    identity = one.call("SENTINEL", "MYID")
    assert one.call("SENTINEL", "MONITOR", "carts", "127.0.0.1", free_port(), 1) == "OK"
    one.process.kill()
    one.start()
    assert one.call("SENTINEL", "MYID") == identity
    assert one.call("SENTINEL", "MASTER", "carts")[1] == "carts", "what was added is remembered"


def test_debians_unit_runs_it_as_redis_sentinel(daemon):
    """The arguments of Debian's redis-sentinel.service, through a link of that name, and only the folder of
    sentinel.conf can be written to."""
    needs("unshare", "--mount", "true")
    with tempfile.TemporaryDirectory(prefix="vigil-etc-") as etc, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(path := os.path.join(etc, "notify"))
        notified.settimeout(RECEIVE_SECONDS)
        os.symlink(program(), link := os.path.join(etc, "redis-sentinel"))
        port = free_port()
        with open(config := os.path.join(etc, "sentinel.conf"), "w") as file:
            file.write(f"daemonize yes\nport {port}\nbind 127.0.0.1\ndir {etc}\nsentinel monitor orders 127.0.0.1 {free_port()} 1\n")
        process = Process([*read_only_but(etc), link, config, "--supervised", "systemd", "--daemonize", "no"],
                          os.path.join(etc, "log"), "/", env={**os.environ, "NOTIFY_SOCKET": path})
        try:
            process.start()
            assert notified.recv(4096).startswith(b"READY=1")
            assert call_once(("127.0.0.1", port), "SENTINEL", "MASTER", "orders")[1] == "orders"
            os.kill(process.pid, signal.SIGTERM)
            assert process.popen.wait(RECEIVE_SECONDS) == 0
            assert "sentinel myid" in open(config).read(), "rewritten in its place"
        finally:
            process.kill()


def test_the_kubernetes_example_holds_a_valid_configuration(daemon, tmp_path):
    with open(os.path.join(REPOSITORY, "configs", "kubernetes", "vigil.yaml")) as file:
        embedded = file.read().split("  sentinel.yaml: |\n")[1].split("---\n")[0]
    config = tmp_path / "sentinel.yaml"
    config.write_text("announce-host: vigil-0.vigil\n" + textwrap.dedent(embedded))
    checked = subprocess.run([program(), "--check", config], capture_output=True, text=True)
    assert checked.returncode == 0 and "ok: 1 group, 3 sentinels, quorum 2" in checked.stdout, checked.stdout
