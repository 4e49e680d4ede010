"""Five redis-servers and five sentinels, as the sentinel suites of Redis and Valkey start them.

The sentinels are started as those suites do it: a program called redis-sentinel, with a sentinel.conf that watches
nothing that exists. Everything else is said over RESP.
"""

import os
import shutil
import tempfile

from harness.ports import free_port
from harness.redis_node import RedisNode
from harness.resp import RespClient, RespError, as_map
from harness.sentinel_node import GroupOptions, SentinelNode
from harness.vigil_node import ensure_release_build, program
from harness.waiting import wait_for

COUNT = 5
QUORUM = COUNT // 2 + 1
GROUP = "mymaster"
KIND_VARIABLE = "VIGIL_TEST_KIND"  # "stock" tries the tests themselves against redis-sentinel.
LONG_SECONDS = 100.0

# No server is there: 127.0.0.77 refuses.
INITIAL_CONFIG = """
sentinel monitor setmaster 127.0.0.77 6379 2
sentinel down-after-milliseconds setmaster 2000
sentinel parallel-syncs setmaster 2
sentinel failover-timeout setmaster 240000
sentinel deny-scripts-reconfig no
enable-protected-configs yes
enable-debug-command yes
user default on nopass ~* &* +@all
"""


def kind():
    return os.environ.get(KIND_VARIABLE, "vigil")


class Sentinel(SentinelNode):
    def _write_config(self, master, process_options):
        host, port = self.address
        self.config_path = os.path.join(self.folder, "sentinel.conf")
        with open(self.config_path, "w") as file:
            file.write(f"port {port}\nbind {host}\ndir {self.folder}\nlogfile log.txt\ndaemonize no\n{INITIAL_CONFIG}")
        return [process_options["program"], self.config_path]

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._client = None

    def call(self, *args, timeout=5.0):
        """Over one connection as long as it lasts: what was authenticated stays so."""
        if self._client is None:
            self._client = RespClient(self.address, timeout=timeout)
        try:
            return self._client.call(*args)
        except RespError:
            raise
        except OSError:
            self._client.close()
            self._client = None
            raise

    def start(self):
        self._client = None
        super().start()

    def config_text(self):
        with open(self.config_path) as file:
            return file.read()

    def log_text(self):
        path = os.path.join(self.folder, "log.txt")
        text = open(path, errors="replace").read() if os.path.exists(path) else ""
        return text + self.process.log_text()


class Deployment:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="vigil-drop-in-")
        self.kind = kind()
        if self.kind == "stock":
            sentinel_program = "redis-sentinel"
        else:
            ensure_release_build()
            sentinel_program = os.path.join(self.folder, "redis-sentinel")
            os.symlink(os.path.abspath(program()), sentinel_program)
        self.servers = [RedisNode(self.folder, f"redis_{n}", ("127.0.0.1", free_port()), config=(
            ("enable-debug-command", "yes"), ("enable-protected-configs", "yes"))) for n in range(COUNT)]
        self.sentinels = [Sentinel(self.folder, f"sentinel_{n}", ("127.0.0.1", free_port()), None, None,
                                   GroupOptions(GROUP), {"program": sentinel_program}) for n in range(COUNT)]
        self.master = self.servers[0]

    def __enter__(self):
        for part in self.parts:
            part.start()
        for part in self.parts:
            part.wait_ready()
        return self

    def __exit__(self, error, *_):
        for part in self.parts:
            part.process.kill()
        if error is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"logs are kept in {self.folder}")

    @property
    def parts(self):
        return self.servers + self.sentinels

    @property
    def alive(self):
        return [sentinel for sentinel in self.sentinels if sentinel.process.running]

    @property
    def replicas(self):
        return [server for server in self.servers if server is not self.master]

    def on_all(self, *command):
        for sentinel in self.alive:
            sentinel.call(*command)

    def restart_killed(self):
        for part in self.parts:
            if part.process.paused:
                part.resume()
            if not part.process.running:
                part.restart()

    def initialise(self):
        """A master with four replicas, watched anew by all five sentinels."""
        self.restart_killed()
        for sentinel in self.sentinels:
            try:
                sentinel.call("SENTINEL", "REMOVE", GROUP)
            except RespError:
                pass
        self.master = self.servers[0]
        for server in self.servers:
            server.call("REPLICAOF", "NO", "ONE")
            server.call("FLUSHALL")
        for replica in self.replicas:
            replica.call("REPLICAOF", *self.master.address)
        for replica in self.replicas:
            wait_for(lambda: follows(replica, self.master), f"{replica} follows {self.master}")
        for sentinel in self.sentinels:
            sentinel.call("SENTINEL", "MONITOR", GROUP, *self.master.address, QUORUM)
        for command in (("SET", GROUP, "down-after-milliseconds", "2000"), ("SET", GROUP, "failover-timeout", "10000"),
                        ("DEBUG", "tilt-period", "5000"), ("SET", GROUP, "parallel-syncs", "10")):
            self.on_all("SENTINEL", *command)
        for sentinel in self.sentinels:
            wait_for(lambda: int(sentinel.master_map()["num-other-sentinels"]) == COUNT - 1,
                     f"{sentinel} finds the other sentinels", LONG_SECONDS)
            wait_for(lambda: int(sentinel.master_map()["num-slaves"]) == COUNT - 1,
                     f"{sentinel} finds the replicas", LONG_SECONDS)

    def set_quorum(self, quorum):
        self.on_all("SENTINEL", "SET", GROUP, "quorum", quorum)

    def told_port(self, sentinel):
        return sentinel.master_address()[1]

    def wait_failover(self, sentinels=None):
        """Until each names another master; takes that one for the master."""
        old = self.master
        for sentinel in sentinels or self.alive:
            wait_for(lambda: self.told_port(sentinel) != old.port, f"{sentinel} learns of the failover", LONG_SECONDS)
        address = (sentinels or self.alive)[0].master_address()
        self.master = next(server for server in self.servers if server.address == address)
        return old

    def crash_and_failover(self, sentinels=None):
        for sentinel in self.alive:
            assert self.told_port(sentinel) == self.master.port
        self.master.kill()
        old = self.wait_failover(sentinels)
        old.restart()
        return old

    def wait_all_follow(self):
        wait_for(self.master.is_master, f"{self.master} is a master")
        for server in self.replicas:
            if server.process.running:
                wait_for(lambda: follows(server, self.master), f"{server} follows {self.master}", LONG_SECONDS)

    def wait_failover_ended(self):
        for sentinel in self.alive:
            wait_for(lambda: "failover-state" not in sentinel.master_map(), f"{sentinel} ends its failover", LONG_SECONDS)

    def start_manual_failover(self, sentinel):
        """A sentinel that has not looked at the replicas lately may refuse with NOGOODSLAVE."""
        def accepted():
            try:
                return sentinel.call("SENTINEL", "FAILOVER", GROUP) == "OK"
            except RespError:
                return False
        wait_for(accepted, f"{sentinel} starts a failover")


def follows(server, master):
    """By the port: the host may be told as a name or as an address."""
    role = server.role()
    return role[0] == "slave" and role[2:] == (master.port, "connected")


def error_of(sentinel, *command):
    try:
        reply = sentinel.call(*command)
    except RespError as error:
        return str(error)
    raise AssertionError(f"{command} was answered {reply!r}, not with an error")


def flags(sentinel):
    return as_map(sentinel.call("SENTINEL", "MASTER", GROUP))["flags"]
