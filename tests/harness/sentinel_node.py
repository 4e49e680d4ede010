"""One sentinel process: stock redis-sentinel or Vigil, behind one interface."""

import dataclasses
import os
import re

from harness.process import Process
from harness.resp import RespClient, RespError, as_map, call_once
from harness.waiting import wait_for

STOCK_SENTINEL = "redis-sentinel"
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclasses.dataclass
class GroupOptions:
    """What a sentinel is told about the group. The last block only Vigil understands."""

    name: str = "mymaster"
    quorum: int = 2
    down_after_ms: int = 1000
    failover_timeout_ms: int = 10000
    parallel_syncs: int = 1
    auth_user: str | None = None
    auth_pass: str | None = None
    notification_script: str | None = None
    client_reconfig_script: str | None = None
    rename_commands: dict = dataclasses.field(default_factory=dict)

    crash_detection: bool = False
    write_safety: str = "off"
    min_replicas: int = 1
    max_lag_s: int = 10
    vigil: dict = dataclasses.field(default_factory=dict)  # Further keys of Vigil's group.


class SentinelNode:
    """Common to both kinds. `master` is the address to monitor from the start."""

    kind = ""

    def __init__(self, folder, name, address, netns, master, group, process_options):
        self.folder = os.path.join(folder, name)
        self.name = name
        self.address = address
        self.netns = netns
        self.group = group
        self.password = process_options.get("password")  # What clients must send.
        os.makedirs(self.folder)
        nofile = process_options.pop("nofile", None)
        self.tls = process_options.pop("tls", None)  # A NodeTls; the address is then that of a TLS port.
        names = process_options.pop("names", None)
        argv = self._write_config(master, process_options)
        self.process = Process(argv, os.path.join(self.folder, "log"), self.folder, netns, nofile=nofile,
                               names=names)

    def _write_config(self, master, process_options):
        """Writes the configuration; the command line that uses it."""
        raise NotImplementedError

    def __repr__(self):
        return f"{self.name}({self.address[0]}:{self.address[1]})"

    @property
    def port(self):
        return self.address[1]

    def start(self):
        self.process.start()

    def kill(self):
        self.process.kill()

    def stop(self):
        return self.process.stop()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def restart(self):
        self.start()
        self.wait_ready()

    def wait_ready(self):
        wait_for(lambda: not self.process.running or self.call("PING") == "PONG", f"{self} answers PING")
        assert self.process.running, f"{self} did not start:\n{self.process.log_text()[-2000:]}"

    @property
    def auth(self):
        return (self.password,) if self.password else None

    def client(self, **options):
        client = RespClient(self.address, self.netns, **{"tls": self.tls and self.tls.context, **options})
        if self.auth:
            client.call("AUTH", *self.auth)
        return client

    def call(self, *args, timeout=2.0):
        return call_once(self.address, *args, netns=self.netns, timeout=timeout, auth=self.auth,
                         tls=self.tls and self.tls.context)

    def master_address(self):
        """(host, port) as get-master-addr-by-name answers; None for an unknown group."""
        reply = self.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.group.name)
        return (reply[0], int(reply[1])) if reply else None

    def master_map(self):
        return as_map(self.call("SENTINEL", "MASTER", self.group.name))

    def replica_maps(self):
        return [as_map(entry) for entry in self.call("SENTINEL", "REPLICAS", self.group.name)]

    def sentinel_maps(self):
        return [as_map(entry) for entry in self.call("SENTINEL", "SENTINELS", self.group.name)]

    def config_epoch(self):
        return int(self.master_map()["config-epoch"])

    def my_id(self):
        return self.call("SENTINEL", "MYID")

    def info(self, section="all"):
        text = self.call("INFO", section)
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def explain(self):
        """Vigil's SENTINEL EXPLAIN as one text."""
        return flatten(self.call("SENTINEL", "EXPLAIN", self.group.name))

    def settled(self, replicas, sentinels):
        """Whether it sees a healthy group of that size: all links up, nobody down, nothing running."""
        try:
            master = self.master_map()
            if master["flags"] != "master" or int(master["num-slaves"]) != replicas:
                return False
            if int(master["num-other-sentinels"]) != sentinels - 1 or int(master["info-refresh"]) == 0:
                return False
            if any(peer["flags"] != "sentinel" for peer in self.sentinel_maps()):
                return False
            return all(replica["flags"] == "slave" and replica["master-link-status"] == "ok"
                       and replica["master-port"] == master["port"] for replica in self.replica_maps())
        except RespError:
            return False


def flatten(reply):
    if isinstance(reply, (list, tuple)):
        return "\n".join(flatten(item) for item in reply)
    if isinstance(reply, dict):
        return "\n".join(f"{key} {flatten(value)}" for key, value in reply.items())
    return str(reply)


class ConfSentinel(SentinelNode):
    """A program that is started with a sentinel.conf and rewrites it.

    `process_options`: conf_lines (more lines of the file), arguments (behind the file on the command line),
    resolve_hostnames, master_host and master_port (where the master is to be watched). `peers` is accepted and ignored: sentinels of this kind discover each other.
    """

    def _write_config(self, master, process_options):
        options = dict(process_options)
        options.pop("peers", None)
        password = options.pop("password", None)
        group = self.group
        host, port = self.address
        master = (options.pop("master_host", master[0]), options.pop("master_port", master[1]))
        lines = [
            f"port {port}", f"bind {host}", f"dir {self.folder}", "daemonize no", "protected-mode no",
            *options.pop("conf_lines", []),
            f"sentinel monitor {group.name} {master[0]} {master[1]} {group.quorum}",
            f"sentinel down-after-milliseconds {group.name} {group.down_after_ms}",
            f"sentinel failover-timeout {group.name} {group.failover_timeout_ms}",
            f"sentinel parallel-syncs {group.name} {group.parallel_syncs}",
        ]
        for option, value in (("auth-user", group.auth_user), ("auth-pass", group.auth_pass),
                              ("notification-script", group.notification_script),
                              ("client-reconfig-script", group.client_reconfig_script)):
            if value:
                lines.append(f"sentinel {option} {group.name} {value}")
        if password:
            lines += [f"requirepass {password}", f"sentinel sentinel-pass {password}"]
        if self.tls:
            lines += ["port 0", f"tls-port {port}", "tls-replication yes"]
            lines += [" ".join(pair) for pair in self.tls.directives()]
        for command, name in group.rename_commands.items():
            lines.append(f"sentinel rename-command {group.name} {command} {name}")
        if options.pop("resolve_hostnames", False):
            lines.append("sentinel resolve-hostnames yes")
        arguments = options.pop("arguments", [])
        assert not options, f"unknown sentinel options: {options}"
        self.config_path = os.path.join(self.folder, "sentinel.conf")
        with open(self.config_path, "w") as file:
            file.write("\n".join(lines) + "\n")
        return [self._program(), self.config_path, *arguments]

    def _program(self):
        raise NotImplementedError

    def config_text(self):
        with open(self.config_path, errors="surrogateescape") as file:
            return file.read()

    def move(self, address):
        """Listens at another address from the next start on."""
        text = self.config_text()
        for directive, value in (("bind", address[0]), ("port", address[1])):
            text = re.sub(rf"^{directive} .*$", f"{directive} {value}", text, flags=re.MULTILINE)
        with open(self.config_path, "w") as file:
            file.write(text)
        self.address = address

    def run_as(self, program):
        """From the next start on this program runs from the same file: the way to Vigil and back."""
        self.process.argv[self.process.argv.index(self.config_path) - 1] = program


class StockSentinel(ConfSentinel):
    kind = "stock"

    def _program(self):
        return STOCK_SENTINEL
