"""Simulated Redis nodes for thousands of groups (vigil-fleet), and three sentinels of one kind that watch them."""

import os
import resource
import shutil
import socket
import subprocess
import tempfile

from harness.ports import free_port
from harness.process import Process
from harness.resp import RespClient, encode
from harness.sentinel_node import REPOSITORY, STOCK_SENTINEL
from harness.vigil_node import as_yaml, program
from harness.waiting import wait_for

BUILD_VARIABLE = "VIGIL_BUILD"  # The build folder; without it the release build.
SENTINELS = 3
QUORUM = 2
NODES_PER_GROUP = 3
FAILOVER_TIMEOUT_MS = 180000  # Stock's default; Vigil's too.
SPARE_FILES = 500
ANSWER_SECONDS_MAX = 60.0
READ_BYTES = 1 << 18
PING = encode("PING")
PONG = b"+PONG\r\n"


def build_folder():
    return os.environ.get(BUILD_VARIABLE, os.path.join(REPOSITORY, "build", "release"))


def fleet_program():
    return os.path.join(build_folder(), "tests", "bench", "fleet", "vigil-fleet")


def ensure_fleet_build():
    if not os.path.exists(fleet_program()):
        subprocess.run(["ninja", "-C", build_folder(), "vigil-fleet"], check=True)


def address_of(group, port):
    """The first master of a group, as vigil-fleet numbers them."""
    return f"127.{1 + group // 250}.{group % 250}.1", port


def name_of(group):
    return f"group{group}"


class Servers:
    """All nodes. One process, or several where a process may not have as many files as they need."""

    def __init__(self, folder, groups):
        self.port = free_port()
        files_per_group = NODES_PER_GROUP * (1 + 2 * SENTINELS)  # A listener, and two connections of each stock sentinel.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        shards = 1 if most == resource.RLIM_INFINITY else -(-groups * files_per_group // (most - SPARE_FILES))
        size = -(-groups // shards)
        self.shards = []  # (first group, process, control port)
        for first in range(0, groups, size):
            control = free_port()
            argv = [fleet_program(), "--first", first, "--groups", min(size, groups - first), "--port", self.port,
                    "--control", control]
            self.shards.append((first, Process(argv, os.path.join(folder, f"fleet{first}.log"), folder), control))
        self.clients = []

    def start(self):
        for _, process, _ in self.shards:
            process.start()
        for _, process, control in self.shards:
            def connected(process=process, control=control):
                assert process.running, f"vigil-fleet ended:\n{process.log_text()}"
                return RespClient(("127.0.0.1", control), timeout=ANSWER_SECONDS_MAX)
            self.clients.append(wait_for(connected, "the fleet listens"))

    def kill_masters(self, groups, command="KILL"):
        """Of these groups, at one instant. That instant, as time.monotonic()."""
        size = self.shards[1][0] if len(self.shards) > 1 else max(groups) + 1
        asked = []
        for index, client in enumerate(self.clients):
            mine = [group for group in groups if group // size == index]
            if mine:
                client.send(command, *mine)
                asked.append(client)
        return min(client.read() for client in asked) / 1e6

    def statistics(self):
        total = {}
        for client in self.clients:
            flat = client.call("STATS")
            for key, value in zip(flat[::2], flat[1::2]):
                total[key] = total.get(key, 0) + value
        return total

    def promotions(self):
        """[(group, (host, port), time)] since the start."""
        found = []
        for client in self.clients:
            flat = client.call("PROMOTIONS")
            for group, at, when in zip(flat[::3], flat[1::3], flat[2::3]):
                host, port = at.rsplit(":", 1)
                found.append((group, (host, int(port)), when / 1e6))
        return found

    def cpu_seconds(self):
        return sum(process.cpu_seconds() for _, process, _ in self.shards)

    def kill(self):
        for client in self.clients:
            client.close()
        for _, process, _ in self.shards:
            process.kill()


class Question:
    """A connection for pipelines that would be slow to read reply by reply: raw bytes until the PONG behind them."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=ANSWER_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer = bytearray()

    def fileno(self):
        return self.socket.fileno()

    def send(self, request):
        self.answer.clear()
        self.socket.sendall(request + PING)

    def receive(self):
        """True once the answer is complete."""
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionResetError("closed by the sentinel")
        self.answer += data
        return self.answer.endswith(PONG)

    def ask(self, request):
        self.send(request)
        while not self.receive():
            pass
        return bytes(self.answer)

    def close(self):
        self.socket.close()


class FleetSentinel:
    def __init__(self, kind, folder, index, addresses, groups, node_port, down_after_ms, write_safety):
        self.folder = os.path.join(folder, f"sentinel{index}")
        os.makedirs(self.folder)
        self.address = addresses[index]
        self.question = None
        write = self._write_vigil if kind == "vigil" else self._write_stock
        argv = write(addresses, [(name_of(g), address_of(g, node_port)) for g in range(groups)], down_after_ms, write_safety)
        self.process = Process(argv, os.path.join(self.folder, "log"), self.folder)

    def _write_stock(self, _addresses, masters, down_after_ms, _write_safety):
        # Stock sizes its table of connections by maxclients, outgoing ones included.
        lines = [f"port {self.address[1]}", f"bind {self.address[0]}", f"dir {self.folder}", "daemonize no",
                 "protected-mode no", f"maxclients {2 * NODES_PER_GROUP * len(masters) + 1000}"]
        for name, (host, port) in masters:
            lines += [f"sentinel monitor {name} {host} {port} {QUORUM}",
                      f"sentinel down-after-milliseconds {name} {down_after_ms}",
                      f"sentinel failover-timeout {name} {FAILOVER_TIMEOUT_MS}",
                      f"sentinel parallel-syncs {name} 1"]
        path = os.path.join(self.folder, "sentinel.conf")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        return [STOCK_SENTINEL, path]

    def _write_vigil(self, addresses, masters, down_after_ms, write_safety):
        config = {
            "port": self.address[1], "bind": [self.address[0]], "announce-host": self.address[0],
            "state-dir": os.path.join(self.folder, "state"),
            "peers": [f"{host}:{port}" for host, port in addresses if (host, port) != self.address],
            "defaults": {"quorum": QUORUM, "down-after": f"{down_after_ms}ms", "parallel-syncs": 1,
                         "failover-timeout": f"{FAILOVER_TIMEOUT_MS}ms", "crash-detection": "off",
                         "write-safety": write_safety},
            "groups": [{"name": name, "master": f"{host}:{port}"} for name, (host, port) in masters],
        }
        os.makedirs(config["state-dir"])
        path = os.path.join(self.folder, "sentinel.yaml")
        with open(path, "w") as file:
            file.write(as_yaml(config))
        return [program(), path]

    def connect(self):
        """Waits until it answers."""
        def answers():
            assert self.process.running, f"a sentinel ended:\n{self.process.log_text()[-2000:]}"
            question = Question(self.address)
            question.ask(b"")
            return question
        self.question = wait_for(answers, f"{self.address} answers PING", timeout=ANSWER_SECONDS_MAX)


class FleetDeployment:
    """The nodes run when the `with` block begins; start_sentinels() starts what is measured."""

    def __init__(self, kind, groups, down_after_ms, write_safety="off"):
        self.folder = tempfile.mkdtemp(prefix=f"vigil-fleet-{kind}-")
        self.groups = groups
        self.servers = Servers(self.folder, groups)
        addresses = [("127.0.0.1", free_port()) for _ in range(SENTINELS)]
        self.sentinels = [FleetSentinel(kind, self.folder, index, addresses, groups, self.servers.port, down_after_ms,
                                        write_safety) for index in range(SENTINELS)]

    def __enter__(self):
        try:
            self.servers.start()
        except BaseException:
            self.__exit__(True, None, None)
            raise
        return self

    def start_sentinels(self):
        for sentinel in self.sentinels:
            sentinel.process.start()
        for sentinel in self.sentinels:
            sentinel.connect()

    def __exit__(self, kind, _error, _trace):
        for sentinel in self.sentinels:
            if sentinel.question:
                sentinel.question.close()
            sentinel.process.kill()
        self.servers.kill()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
