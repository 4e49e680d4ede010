"""A deployment: one master, its replicas, and sentinels of one kind."""

import dataclasses
import os
import shutil
import sys
import tempfile

from harness.ports import free_port
from harness.redis_node import RedisNode
from harness.sentinel_node import STOCK_SENTINEL, GroupOptions, StockSentinel
from harness.vigil_node import VigilConfSentinel, VigilSentinel, program
from harness.waiting import wait_for

LOG_TAIL_LINES = 40
START_ATTEMPTS = 3

_KINDS = {"stock": StockSentinel, "vigil": VigilSentinel, "vigil-conf": VigilConfSentinel}
_GROUP_FIELDS = {field.name for field in dataclasses.fields(GroupOptions)}


class Cluster:
    """Everything is up when the `with` block begins; everything is gone when it ends.

    `options` are fields of GroupOptions. Host i of `network` (when given) carries node i for the first nodes
    and then the sentinels; place() changes that: {"redis0": 0, "sentinel0": 0}. `node_config` is redis.conf
    lines for every node, or a function of the node's index. `sentinel_options` are per-process settings, or
    such a function; {"peers": []} lets Vigil's sentinels discover each other as stock's do. `kinds` is a list of
    "stock" and "vigil", one a sentinel, for a mixed quorum: then they discover each other, and replace() puts one
    kind in the place of the other. `tls` is a NodeTls for every process, or a function of its name. Without a
    network all listen on `host`; with `names`, a HostNames of redis0, redis1 ..., the servers at the addresses of these.
    """

    def __init__(self, kind="vigil", sentinels=3, replicas=2, *, persistence=None, network=None, place=None,
                 node_config=(), sentinel_options=None, start_sentinels=True, kinds=None, tls=None, host="127.0.0.1",
                 names=None, **options):
        unknown = set(options) - _GROUP_FIELDS
        assert not unknown, f"no such options: {unknown}"
        self.kind = kind
        self.group = GroupOptions(**options)
        self.network = network
        self.folder = tempfile.mkdtemp(prefix=f"vigil-{kind}-")
        os.chmod(self.folder, 0o755)
        self._persistence = persistence
        self._node_config = node_config if callable(node_config) else lambda index: node_config
        self._sentinel_options = sentinel_options if callable(sentinel_options) else lambda index: sentinel_options or {}
        self._tls = tls if callable(tls) else lambda name: tls
        self._host = host
        self.names = names
        self._start_sentinels = start_sentinels
        self._place = place or {}
        self._kinds = list(kinds) if kinds else [kind] * sentinels
        self._mixed = bool(kinds)
        self._replaced = 0
        self._counts = (replicas + 1, len(self._kinds))
        self.nodes = []
        self.sentinels = []

    def __enter__(self):
        for attempt in range(START_ATTEMPTS):
            try:
                self._start()
                return self
            except BaseException as error:
                taken = any("in use" in part.process.log_text() for part in self.processes)
                if not taken or attempt + 1 == START_ATTEMPTS:
                    self.__exit__(type(error), error, None)
                    raise
                self._end_processes()  # Another program took a port between our look and our bind.
                shutil.rmtree(self.folder)
                os.makedirs(self.folder)

    def _start(self):
        node_count, sentinel_count = self._counts
        self.nodes, self.sentinels = [], []
        for index in range(node_count):
            self.add_node(master=self.nodes[0].address if self.nodes else None)
        addresses = [self._address(f"sentinel{index}", node_count + index) for index in range(sentinel_count)]
        for index in range(sentinel_count):
            self._make_sentinel(index, addresses)
        for replica in self.nodes[1:]:
            wait_for(lambda node=replica: node.follows(self.nodes[0]), f"{replica} follows the master")
        self._wait_streaming()
        if self._start_sentinels:
            for sentinel in self.sentinels:
                sentinel.start()
            for sentinel in self.sentinels:
                sentinel.wait_ready()

    def _wait_streaming(self):
        """A replica says "connected" when it has loaded the data, but its master streams to it only from its first
        acknowledgement on, up to a second later: what is written meanwhile dies with the master."""
        def acknowledged():
            with self.nodes[0].client() as client:
                client.call("SET", "harness:ready", "1")
                return client.call("WAIT", len(self.nodes) - 1, 1000) == len(self.nodes) - 1
        wait_for(acknowledged, "the replicas acknowledge what is written")

    def _address(self, name, default_host):
        """(address, namespace) for a new process."""
        if self.network is None:
            host = self.names.address_of(name) if self.names and name in self.names.addresses else self._host
            return (host, free_port()), None
        host = self._place.get(name, default_host)
        return (self.network.address(host), free_port()), self.network.netns(host)

    def add_node(self, master):
        """Starts one more redis-server; a replica when `master` is an address."""
        index = len(self.nodes)
        address, netns = self._address(f"redis{index}", index)
        node = RedisNode(self.folder, f"redis{index}", address, netns, master, self._persistence,
                         self._node_config(index), self._tls(f"redis{index}"), self.names)
        self.nodes.append(node)
        node.start()
        node.wait_ready()
        return node

    def _make_sentinel(self, index, addresses):
        address, netns = addresses[index]
        options = dict(self._sentinel_options(index))
        options.setdefault("tls", self._tls(f"sentinel{index}"))
        options.setdefault("names", self.names)
        kind = self._kinds[index]
        if kind == "vigil":
            options.setdefault("peers", [] if self._mixed else [peer for peer, _ in addresses if peer != address])
        self.sentinels.append(_KINDS[kind](self.folder, f"sentinel{index}", address, netns,
                                           self.nodes[0].address, self.group, options))

    def replace(self, index, kind, master=None):
        """Stops this sentinel and starts one of `kind` at its address, told of `master`. The new one, ready."""
        old = self.sentinels[index]
        old.stop()
        self._replaced += 1
        options = {"peers": []} if kind == "vigil" else {}
        options["tls"] = self._tls(f"sentinel{index}")
        new = _KINDS[kind](self.folder, f"sentinel{index}-{kind}-{self._replaced}", old.address, old.netns,
                           (master or self.master).address, self.group, options)
        self.sentinels[index] = new
        new.restart()
        return new

    def swap_program(self, index, kind):
        """Stops this sentinel, which has a sentinel.conf, and starts the other program on the same file."""
        sentinel = self.sentinels[index]
        sentinel.stop()
        sentinel.run_as(STOCK_SENTINEL if kind == "stock" else program())
        sentinel.kind = kind
        sentinel.restart()
        return sentinel

    def __exit__(self, kind, error, _trace):
        if error is not None:
            print(self.report(), file=sys.stderr)
        self._end_processes()
        if error is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end_processes(self):
        for part in self.processes:
            part.process.kill()

    @property
    def processes(self):
        return self.nodes + self.sentinels

    def report(self):
        """The end of every log: what a failed test shows."""
        parts = [f"logs are kept in {self.folder}"]
        for part in self.processes:
            tail = part.process.log_text().splitlines()[-LOG_TAIL_LINES:]
            state = "running" if part.process.running else "not running"
            parts.append(f"--- {part} {state}\n" + "\n".join(tail))
        return "\n".join(parts)

    # What the deployment says.

    @property
    def live_sentinels(self):
        return [s for s in self.sentinels if s.process.running and not s.process.paused]

    def node_at(self, address):
        if self.names:
            address = (self.names.address_of(address[0]), address[1])
        return next((node for node in self.nodes if node.address == address), None)

    def agreed_node(self, sentinels=None):
        """The node that all (live) sentinels name as the master; None while they differ or don't answer."""
        answers = set()
        for sentinel in sentinels or self.live_sentinels:
            try:
                answers.add(sentinel.master_address())
            except OSError:
                return None
        return self.node_at(answers.pop()) if len(answers) == 1 else None

    @property
    def master(self):
        node = self.agreed_node()
        assert node, f"sentinels don't agree: {[s.master_address() for s in self.live_sentinels]}"
        return node

    def wait_settled(self, timeout=60.0, replicas=None):
        """Until all live sentinels see a whole and healthy group."""
        count = len(self.nodes) - 1 if replicas is None else replicas
        live = self.live_sentinels
        for sentinel in live:
            wait_for(lambda s=sentinel: s.settled(count, len(self.sentinels)),
                     f"{sentinel} sees a healthy group", timeout)
        return self.master

    def wait_switched(self, away_from, sentinels=None, timeout=30.0):
        """Until all live sentinels name one node other than `away_from`, which is a master. That node."""
        def switched():
            node = self.agreed_node(sentinels)
            return node if node and node is not away_from and node.is_master() else None
        return wait_for(switched, f"all sentinels name another master than {away_from}", timeout)

    def wait_follow(self, master, nodes=None, timeout=30.0):
        for node in nodes or [node for node in self.nodes if node is not master and node.process.running]:
            wait_for(lambda n=node: n.follows(master), f"{node} follows {master}", timeout)

    def masters(self):
        """The running nodes that call themselves a master."""
        found = []
        for node in self.nodes:
            if node.process.running and not node.process.paused:
                try:
                    found += [node] if node.is_master() else []
                except OSError:
                    pass
        return found
