"""One real redis-server."""

import os
import re

from harness.process import Process
from harness.resp import RespClient, RespError, call_once
from harness.waiting import wait_for

REDIS_SERVER = "redis-server"


class RedisNode:
    """`config` is extra lines of redis.conf as (directive, value) pairs; persistence is None, "aof" or "rdb".

    `tls` is a NodeTls: the address is then that of a TLS port, and there is no other.

    The configuration file is real and writable, so CONFIG REWRITE works and a restarted node keeps its role.
    """

    def __init__(self, folder, name, address, netns=None, master=None, persistence=None, config=(), tls=None,
                 names=None):
        self.folder = os.path.join(folder, name)
        self.name = name
        self.address = address
        self.netns = netns
        self.tls = tls
        self.names = names
        self.password = dict(config).get("requirepass")
        self.renamed = dict(value.split() for key, value in config if key == "rename-command")
        os.makedirs(self.folder)
        self._config_path = os.path.join(self.folder, "redis.conf")
        self._write_config(master, persistence, config)
        self.process = Process([REDIS_SERVER, self._config_path], os.path.join(self.folder, "log"), self.folder, netns,
                               names=names)

    def _write_config(self, master, persistence, config):
        host, port = self.address
        lines = [
            ("port", port), ("bind", host), ("dir", self.folder), ("daemonize", "no"), ("protected-mode", "no"),
            ("repl-diskless-sync", "yes"), ("repl-diskless-sync-delay", "0"), ("repl-ping-replica-period", "1"),
            ("appendonly", "yes" if persistence == "aof" else "no"),
            ("save", "1 1" if persistence == "rdb" else '""'),
            *config,
        ]
        if self.names:  # Its master sees it come from its own address.
            lines.append(("bind-source-addr", host))
        if self.tls:
            lines += [("port", 0), ("tls-port", port), ("tls-replication", "yes"), *self.tls.directives()]
        if master:
            lines.append(("replicaof", f"{master[0]} {master[1]}"))
        with open(self._config_path, "w") as file:
            file.writelines(f"{key} {value}\n" for key, value in lines)

    def __repr__(self):
        return f"{self.name}({self.address[0]}:{self.address[1]})"

    @property
    def port(self):
        return self.address[1]

    @property
    def auth(self):
        return (self.password,) if self.password else None

    def start(self):
        self.process.start()

    def kill(self):
        self.process.kill()

    def stop(self):
        self.process.stop()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def restart(self):
        """Starts it again after kill() or stop(), and waits until it answers."""
        self.start()
        self.wait_ready()

    def wait_ready(self):
        def ready():
            try:
                return not self.process.running or self.call("PING") == "PONG"
            except RespError as error:
                if str(error).startswith("LOADING"):
                    return False
                raise
        wait_for(ready, f"{self} answers PING")
        assert self.process.running, f"{self} did not start:\n{self.process.log_text()[-2000:]}"

    def client(self, **options):
        client = RespClient(self.address, self.netns, **{"tls": self.tls and self.tls.context, **options})
        if self.auth:
            client.call("AUTH", *self.auth)
        return client

    def call(self, *args, timeout=2.0):
        """A reply over a new connection, made in the node's own namespace: works while it is cut off, too."""
        return call_once(self.address, *args, netns=self.netns, timeout=timeout, auth=self.auth,
                         tls=self.tls and self.tls.context)

    def role(self):
        """("master",) or ("slave", host, port, link state)."""
        reply = self.call("ROLE")
        return ("master",) if reply[0] == "master" else ("slave", reply[1], reply[2], reply[3])

    def info(self, section="all"):
        text = self.call("INFO", section)
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def config_get(self, name):
        return self.call(self.renamed.get("CONFIG", "CONFIG"), "GET", name)[1]

    def is_master(self):
        return self.role()[0] == "master"

    def follows(self, other):
        """Whether it is a replica of `other` with the link up."""
        role = self.role()
        if self.names and role[0] == "slave":
            role = ("slave", self.names.address_of(role[1]), *role[2:])
        return role == ("slave", other.address[0], other.port, "connected")

    def move(self, host):
        """Listens at another address from the next start on."""
        with open(self._config_path) as file:
            lines = [re.sub(r"^(bind|bind-source-addr) .*", rf"\1 {host}", line) for line in file]
        with open(self._config_path, "w") as file:
            file.writelines(lines)
        self.address = (host, self.port)
