"""Client libraries, each behind a small program of its own: writers/ has one for each.

A program is started as `PROGRAM OPTIONS write|read`. OPTIONS is JSON:

    {"sentinels": [["127.0.0.1", 26379], ...], "group": "mymaster", "prefix": "ioredis", "pause_ms": 10,
     "password": "of nodes", "sentinel_password": "...", "tls": {"ca": "/path/ca.crt"}}      (the last three if needed)

With `write` it sets <prefix>:0, <prefix>:1, ... on the master; with `read` it reads <prefix>:0 from a replica and asks
that for its ROLE. Both go on for ever, through every failure, and print a JSON line for everything that happens:

    {"written": 12, "at": 81234.5}      acknowledged; `at` is CLOCK_MONOTONIC in milliseconds, in every language
    {"read": "0", "role": "slave", "at": ...}
    {"error": "...", "at": ...}
"""

import dataclasses
import importlib.util
import json
import os
import shutil
import subprocess

from harness import Process
from harness.vigil_node import program

HERE = os.path.dirname(os.path.abspath(__file__))
DEBIAN_PYTHON = "/usr/bin/python3"  # The one that python3-redis belongs to.


def _hiredis_program():
    """Built beside vigil-sentinel."""
    return os.path.join(os.path.dirname(program()), "tests", "clients", "client_hiredis")


def _node_module(name):
    return bool(shutil.which("node")) and os.path.isdir(os.path.join(HERE, "node_modules", name))


def _says_yes(*argv):
    return bool(shutil.which(argv[0])) and subprocess.run(argv, capture_output=True).returncode == 0


@dataclasses.dataclass(frozen=True, eq=False)
class Library:
    """`argv` may name {ca}; `picks_replica`: the library itself finds a replica, else the program does for it."""

    key: str
    title: str
    argv: tuple
    installed: object
    tls: bool = True
    picks_replica: bool = True
    options: dict = dataclasses.field(default_factory=dict)

    def command(self, options, task):
        return [*self.argv, json.dumps({**self.options, **options, "prefix": self.key}), task]


def _writer(file):
    return os.path.join(HERE, "writers", file)


LIBRARIES = (
    Library("redis-py", "redis-py", (DEBIAN_PYTHON, _writer("redis_py.py")),
            lambda: importlib.util.find_spec("redis") is not None),
    Library("ioredis", "ioredis", ("node", _writer("ioredis.js")), lambda: _node_module("ioredis"),
            options={"library": "ioredis"}),
    Library("iovalkey", "iovalkey", ("node", _writer("ioredis.js")), lambda: _node_module("iovalkey"),
            options={"library": "iovalkey"}),
    Library("node-redis", "node-redis", ("node", _writer("node_redis.js")), lambda: _node_module("redis")),
    Library("redis-rb", "redis-rb", ("ruby", _writer("redis_rb.rb")), lambda: _says_yes("ruby", "-e", "require 'redis'")),
    Library("phpredis", "phpredis", ("php", _writer("phpredis.php")),
            lambda: _says_yes("php", "-r", "exit(class_exists('RedisSentinel') ? 0 : 1);"), picks_replica=False),
    Library("perl", "Perl's Redis", ("perl", _writer("redis_perl.pl")), lambda: _says_yes("perl", "-MRedis", "-e", "1"),
            picks_replica=False),
    Library("hiredis", "hiredis (C++)", (_hiredis_program(),), lambda: os.path.exists(_hiredis_program()),
            tls=False, picks_replica=False),
)


class Application:
    """One library's program, running. lines() is what it has said so far."""

    def __init__(self, library, task, cluster, pause_ms, **options):
        self.library = library
        self.task = task
        sentinels = [list(sentinel.address) for sentinel in cluster.sentinels]
        argv = library.command({"sentinels": sentinels, "group": cluster.group.name, "pause_ms": pause_ms, **options}, task)
        if "tls" in options and argv[0] == "php":
            argv[1:1] = ["-d", f"openssl.cafile={options['tls']['ca']}"]
        self.process = Process(argv, os.path.join(cluster.folder, f"{library.key}-{task}.log"), HERE)
        self._read_to = 0
        self._lines = []

    def __repr__(self):
        return f"{self.library.title}, {self.task}"

    def lines(self):
        try:
            with open(self.process.log_path, "rb") as log:
                log.seek(self._read_to)
                text = log.read()
        except FileNotFoundError:
            return self._lines
        whole = text[:text.rfind(b"\n") + 1]  # The last line may still be being written.
        self._read_to += len(whole)
        self._lines += [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]
        return self._lines

    def written(self, since_ms=0.0):
        """Acknowledged writes: (n, ms of the acknowledgement)."""
        return [(line["written"], line["at"]) for line in self.lines() if "written" in line and line["at"] >= since_ms]

    def reads(self, since_ms=0.0):
        return [line for line in self.lines() if "read" in line and line["at"] >= since_ms]

    def errors(self):
        return [line["error"] for line in self.lines() if "error" in line]

    def story(self):
        """For failure reports: the end of what it said, or of its stack trace."""
        end = "running" if self.process.running else f"ended with {self.process.popen.returncode}"
        return f"{self} {end}:\n" + "\n".join(self.process.log_text().splitlines()[-20:])


def lost_writes(application, node):
    """The acknowledged writes that `node` doesn't have."""
    numbers = [n for n, _ in application.written()]
    missing = []
    with node.client(timeout=10.0) as client:
        for start in range(0, len(numbers), 1000):
            batch = numbers[start:start + 1000]
            values = client.call("MGET", *(f"{application.library.key}:{n}" for n in batch))
            missing += [n for n, value in zip(batch, values) if value != str(n)]
    return missing
