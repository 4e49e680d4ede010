"""One deployment of the pair: servers and sentinels of one kind, and the connections a script opens to sentinel 0."""

import itertools
import os
import re
import socket
import stat

from frames import FrameParser, Incomplete, in_sorted_order, render
from harness.cluster import Cluster
from harness.resp import as_map, encode
from harness.waiting import wait_for
from masks import Masks

REPLY_SECONDS = 10.0
# A redis-sentinel that stood still for 2 s, also because the machine was busy, is in TILT for 30 s: whom it took for down
# it goes on taking for down, whatever answers.
UNTIL_SECONDS = 90.0
SILENCE_SECONDS = 0.3  # After which nothing was said, where nothing may be.
READ_BYTES = 65536
# Sentinels, replicas, more lines of sentinel.conf.
SHAPES = {"alone": (1, 1, []), "trio": (3, 2, []), "scripts": (1, 1, ["sentinel deny-scripts-reconfig no"])}


class Connection:
    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=REPLY_SECONDS)
        self.parser = FrameParser()

    def send(self, data):
        self.socket.sendall(data)

    def read(self, seconds=REPLY_SECONDS):
        """The next frame; None when the server closed the connection. Raises TimeoutError."""
        self.socket.settimeout(seconds)
        while True:
            try:
                return self.parser.take()
            except Incomplete:
                try:
                    data = self.socket.recv(READ_BYTES)
                except ConnectionResetError:
                    data = b""
                if not data:
                    return None
                self.parser.feed(data)

    def close(self):
        self.socket.close()


class Deployment:
    def __init__(self, kind, shape):
        self.kind = kind
        sentinels, replicas, conf_lines = SHAPES[shape]
        self.cluster = Cluster("stock" if kind == "stock" else "vigil-conf", sentinels, replicas, name="m",
                               quorum=1 if sentinels == 1 else 2, down_after_ms=2000, failover_timeout_ms=4000,
                               sentinel_options={"conf_lines": conf_lines})
        self._connections = {}
        self._heard = {}
        self._deaf = {}
        self._sort = False
        self._paused = []

    def start(self):
        self.cluster.__enter__()
        self.script = self._write_script("done", "exit 0")
        self.failing_script = self._write_script("later", "exit 1")

    def end(self, error=None):
        self.forget_connections()
        self.cluster.__exit__(type(error) if error else None, error, None)

    def _write_script(self, name, body):
        path = os.path.join(self.cluster.folder, name)
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\n{body}\n")
        os.chmod(path, stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
        return path

    def settle(self):
        """As a script finds it: healthy, everybody known, and the names of this moment."""
        self._do_resume()
        for part in self.cluster.nodes + self.cluster.sentinels:
            if not part.process.running:
                part.restart()
        self.cluster.wait_settled(replicas=len(self.cluster.nodes) - 1)
        master = self.cluster.master
        replicas = [node for node in self.cluster.nodes if node is not master]
        self.values = {"MASTER_PORT": str(master.port), "FOLDER": self.cluster.folder, "SCRIPT": self.script,
                       "FAILING_SCRIPT": self.failing_script, "ID": self.cluster.sentinels[0].my_id(),
                       "PORT": str(self.cluster.sentinels[0].port)}
        names = {self.cluster.folder: "<folder>", str(self.cluster.sentinels[0].process.pid): "<pid>"}
        for index, node in enumerate(sorted(replicas, key=lambda node: node.name)):
            self.values[f"REPLICA{index}_PORT"] = str(node.port)
            names[str(node.port)] = f"<replica{index}>"
        names[str(master.port)] = "<master>"
        for index, sentinel in enumerate(self.cluster.sentinels):
            self.values[f"SENTINEL{index}_PORT"] = str(sentinel.port)
            names[str(sentinel.port)] = f"<sentinel{index}>"
        self.masks = Masks(names)

    # Connections.

    def forget_connections(self):
        for connection in self._connections.values():
            connection.close()
        self._connections, self._heard, self._deaf = {}, {}, {}
        self._sort = False

    def connection(self, name):
        if name not in self._connections:
            self._connections[name] = Connection(self.cluster.sentinels[0].address)
        return self._connections[name]

    def close(self, name):
        if name in self._connections:
            self._connections.pop(name).close()

    def fill_in(self, words):
        return [re.sub(r"\$([A-Z0-9_]+)", lambda match: self.values.get(match.group(1), match.group()), word)
                for word in words]

    # What is asked; each answer as lines.

    def ask(self, name, words):
        return self.exchange(name, encode(*self.fill_in(words)))

    def exchange(self, name, data):
        try:
            self.connection(name).send(data)
        except ConnectionError as error:
            self.close(name)
            return [f"({type(error).__name__})"]
        return self.read(name)

    def read(self, name):
        try:
            frame = self.connection(name).read()
        except TimeoutError:
            return ["(no reply)"]
        if frame is None:
            self.close(name)
            return ["(closed)"]
        frame = self.masks.frame(frame)
        if self._sort:
            frame = in_sorted_order(frame)
            self._sort = False
        return render(frame)

    def sort_next(self):
        self._sort = True

    def silent(self, name, words):
        connection = self.connection(name)
        connection.send(encode(*self.fill_in(words)))
        try:
            frame = connection.read(SILENCE_SECONDS)
        except TimeoutError:
            return ["(silence)"]
        return ["(closed)"] if frame is None else render(self.masks.frame(frame))

    def closed(self, name):
        """What is left to read, and how it ends."""
        lines = []
        while True:
            try:
                frame = self.connection(name).read(SILENCE_SECONDS * 10)
            except TimeoutError:
                return lines + ["(open)"]
            except ConnectionError:
                return lines + ["(no connection)"]
            if frame is None:
                self.close(name)
                return lines + ["(closed)"]
            lines += render(self.masks.frame(frame))

    def until(self, name, pattern, words):
        wait_for(lambda: re.search(pattern, "\n".join(self.ask(name, words))), f"{self.kind}: {pattern} in {words}",
                 UNTIL_SECONDS)

    def file(self):
        """The lines of the file; neighbours of one directive, which stock writes in the order of a hash table, sorted."""
        lines = [self.masks.text(line) for line in self.cluster.sentinels[0].config_text().splitlines() if line]
        if self._sort:
            self._sort = False
            return sorted(lines)
        runs = itertools.groupby(lines, key=lambda line: line.split()[:2])
        return [line for _, run in runs for line in sorted(run)]

    # What is published.

    def listen(self, name, patterns):
        connection = self.connection(name)
        connection.send(encode("PSUBSCRIBE", *patterns))
        for _ in patterns:
            connection.read()
        self._deaf.setdefault(name, [])

    def hear_not(self, name, channels):
        self._deaf.setdefault(name, []).extend(channels)

    def _next_heard(self, name):
        """The next message that is listened to, as one line; None when the connection was closed."""
        while frame := self._read_message(name):
            channel, payload = (self.masks.text(part.value) for part in frame.value[2:4])
            if channel not in self._deaf.get(name, []):
                return f"{channel} {payload}"
        return None

    def _read_message(self, name):
        try:
            return self.connection(name).read(REPLY_SECONDS * 6)
        except TimeoutError:
            raise AssertionError(f"{self.kind}: nothing more is told to {name}\n{self.cluster.report()}") from None

    def heard(self, name, pattern):
        lines = []
        while line := self._next_heard(name):
            lines.append(line)
            if re.search(pattern, line):
                return lines
        return lines + ["(closed)"]

    def heard_all(self, name, patterns):
        lines, missing = set(), set(patterns)
        while missing:
            line = self._next_heard(name)
            lines.add(line or "(closed)")
            missing = {pattern for pattern in missing if line and not re.search(pattern, line)}
        return sorted(lines)

    # What happens.

    def do(self, action, arguments):
        getattr(self, "_do_" + action.replace("-", "_"))(*arguments)

    def _do_kill_master(self):
        self._killed = self.cluster.master
        self._killed.kill()

    def _do_start_killed(self):
        self._killed.restart()

    def _do_pause_master(self):
        self._paused.append(self.cluster.master)
        self._paused[-1].pause()

    def _do_resume(self):
        while self._paused:
            self._paused.pop().resume()

    def _do_pause_sentinels(self, *indexes):
        for index in indexes:
            self._paused.append(self.cluster.sentinels[int(index)])
            self._paused[-1].pause()

    def _do_prefer(self, index):
        """The replica of that number is the one to promote; by chance it would be another one on each side."""
        port = self.values[f"REPLICA{index}_PORT"]
        for node in self.cluster.nodes:
            node.call("CONFIG", "SET", "replica-priority", "50" if str(node.port) == port else "100")
        for sentinel in self.cluster.sentinels:
            wait_for(lambda s=sentinel: any(r["slave-priority"] == "50" for r in s.replica_maps()),
                     f"{sentinel} has read the priorities")

    def _do_settle(self):
        self.cluster.wait_settled(replicas=len(self.cluster.nodes) - 1)

    def _do_wait_switched(self):
        """Until every sentinel names another master than the one this script began with."""
        old = next(node for node in self.cluster.nodes if str(node.port) == self.values["MASTER_PORT"])
        self.cluster.wait_switched(old)

    def _do_wait_idle(self):
        """Until no sentinel runs a failover."""
        wait_for(lambda: all("failover" not in as_map(s.call("SENTINEL", "MASTER", "m"))["flags"]
                             for s in self.cluster.live_sentinels), f"{self.kind}: no failover runs")
