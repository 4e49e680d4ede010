"""Processes of the demonstration: one master, two replicas, three sentinels."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from quickstart.resp import Connection, ErrorReply, fields

GROUP = "demo"
HOST = "127.0.0.1"
REDIS_COUNT = 3
SENTINEL_COUNT = 3
CALL_TIMEOUT_S = 1.0
STOP_SECONDS = 10


class NotReached(Exception):
    """A state that did not come about in time."""


def free_ports(count):
    """Ports nobody listens on now. Held until all are known, so that no two are equal."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def wait_until(condition, what, seconds):
    """Polls every 20 ms. Connection failures and error replies mean "not yet"."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (OSError, ErrorReply, KeyError, TypeError):
            pass
        time.sleep(0.02)
    raise NotReached(f"{what} did not happen within {seconds} s")


def call(port, *words):
    with Connection((HOST, port), CALL_TIMEOUT_S) as connection:
        return connection.call(*words)


class Deployment:
    def __init__(self, build):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vigil-quickstart-"))
        self._sentinel_program = str(pathlib.Path(build).resolve() / "vigil-sentinel")
        ports = free_ports(REDIS_COUNT + SENTINEL_COUNT)
        self.redis_ports, self.sentinel_ports = ports[:REDIS_COUNT], ports[REDIS_COUNT:]
        self.processes = {}  # By port.

    def start_redis(self, port, master_port=None):
        """Also for a server that comes back: its configuration file is kept."""
        home = self.folder / f"redis-{port}"
        config = home / "redis.conf"
        if not config.exists():
            home.mkdir()
            lines = [f"port {port}", f"bind {HOST}", f"dir {home}", "save 3600 1", "appendonly no", "repl-diskless-sync-delay 0"]
            if master_port:
                lines.append(f"replicaof {HOST} {master_port}")
            config.write_text("\n".join(lines) + "\n")
        self._start(port, ["redis-server", str(config)], home / "log")
        wait_until(lambda: call(port, "PING") == "PONG", f"redis-server on port {port}", 10)

    def start_sentinel(self, port, master_port):
        config = self.folder / f"sentinel-{port}.yaml"
        others = ", ".join(f'"{HOST}:{other}"' for other in self.sentinel_ports if other != port)
        config.write_text(
            f"port: {port}\n"
            f"bind: [{HOST}]\n"
            f"state-dir: state-{port}\n"
            f"peers: [{others}]\n"
            "groups:\n"
            f"  - name: {GROUP}\n"
            f'    master: "{HOST}:{master_port}"\n'
        )
        self._start(port, [self._sentinel_program, str(config)], self.folder / f"sentinel-{port}.log")

    def _start(self, port, command, log):
        with open(log, "ab") as output:
            # A session of its own: Ctrl-C reaches this program, which then ends them in order.
            self.processes[port] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    def kill(self, port):
        process = self.processes.pop(port)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def wait_discovered(self):
        def complete(port):
            group = fields(call(port, "SENTINEL", "MASTER", GROUP))
            found = int(group["num-slaves"]), int(group["num-other-sentinels"])
            return found == (REDIS_COUNT - 1, SENTINEL_COUNT - 1) and group["flags"] == "master"

        for port in self.sentinel_ports:
            wait_until(lambda port=port: complete(port), f"the sentinel on port {port} knowing all the others", 60)
        for port in self.redis_ports[1:]:
            wait_until(lambda port=port: call(port, "ROLE")[3] == "connected", f"the replica on port {port}", 60)

    def wait_writes_protected(self):
        """Until the master refuses writes that no replica follows (write-safety: enforce)."""
        master = self.redis_ports[0]
        wait_until(lambda: call(master, "CONFIG", "GET", "min-replicas-to-write")[1] == "1", "write safety", 60)

    def wait_failover_done(self):
        """The port of a sentinel, the leader first, that saw the replicas follow the new master too."""
        finished = []

        def done(port):
            return fields(call(port, "SENTINEL", "TIMELINE", GROUP))["outcome"] == "done"

        def any_done():
            finished.extend(port for port in self.sentinel_ports if done(port))
            return finished

        wait_until(any_done, "the end of the failover", 60)
        return finished[0]

    def master_port(self, sentinel_port):
        return int(call(sentinel_port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP)[1])

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_stop_script(self):
        script = self.folder / "stop"
        pids = " ".join(str(process.pid) for process in self.processes.values())
        # A redis-server that cannot save its data, because its folder is gone, refuses to end: first wait.
        script.write_text(
            f"#!/bin/sh\nkill {pids}\n"
            f"for pid in {pids}; do\n"
            f"  tenths=0\n"
            f"  while kill -0 $pid 2> /dev/null && [ $tenths -lt {10 * STOP_SECONDS} ]; do sleep 0.1; tenths=$((tenths + 1)); done\n"
            f"  kill -9 $pid 2> /dev/null\n"
            f"done\n"
            f"rm -rf {self.folder}\necho 'stopped and removed'\n"
        )
        os.chmod(script, 0o755)
        return script
