"""Hosts with their own network namespace, joined by bridges, so that tests can cut a network for real.

    with Network(hosts=4) as network:
        network.partition([0, 1], [2, 3])   # Packets between the sides vanish; nobody gets a reset.
        network.heal()

All links live in namespaces of our own (a hub and one per host); the machine's own interfaces and routes are
not touched. Needs root, iproute2 and CAP_NET_ADMIN; NetworkUnavailable says what is missing.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000
NAME_PREFIX = "vgt"
NAMESPACE_DIR = "/run/netns"

_libc = ctypes.CDLL(None, use_errno=True)
_setns_lock = threading.Lock()


class NetworkUnavailable(Exception):
    """This machine cannot make network namespaces; str() says why."""


def _ip(*args):
    done = subprocess.run(["ip", *map(str, args)], capture_output=True, text=True)
    if done.returncode != 0:
        raise NetworkUnavailable(f"ip {' '.join(map(str, args))}: {done.stderr.strip()}")
    return done.stdout


def _enter(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def inside(netns):
    """This thread works in the namespace until the block ends. A child started here belongs to it, too."""
    own = f"/proc/self/task/{threading.get_native_id()}/ns/net"
    home = os.open(own, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(f"{NAMESPACE_DIR}/{netns}")
        try:
            yield
        finally:
            if _libc.setns(home, CLONE_NEWNET) != 0:
                os._exit(70)  # Nothing sensible can follow in the wrong namespace.
    finally:
        os.close(home)


def namespace_socket(netns=None, family=socket.AF_INET):
    """A TCP socket of that namespace (None: ours). A socket stays in the namespace it was created in."""
    if netns is None:
        return socket.socket(family, socket.SOCK_STREAM)
    with inside(netns):
        return socket.socket(family, socket.SOCK_STREAM)


def text_of(address):
    """(host, port) as one word: an IPv6 address stands in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _sweep():
    """Removes what test processes that were killed have left."""
    if not os.path.isdir(NAMESPACE_DIR):
        return
    for name in os.listdir(NAMESPACE_DIR):
        if not name.startswith(NAME_PREFIX):
            continue
        pid = name[len(NAME_PREFIX):].split("-")[0]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Network:
    """`hosts` namespaces with the addresses 10.213.7.1, .2, ... Host i is reached from host j at address(i)."""

    def __init__(self, hosts):
        if os.geteuid() != 0:
            raise NetworkUnavailable("not root")
        if not shutil.which("ip"):
            raise NetworkUnavailable("no `ip` command (package iproute2)")
        _sweep()
        self.size = hosts
        self._hub = f"{NAME_PREFIX}{os.getpid()}-hub"
        self._made = []
        self._blocked = []
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self):
        self._add_namespace(self._hub)
        for side in range(self.size):  # One bridge for each side a partition can have.
            _ip("-n", self._hub, "link", "add", f"side{side}", "type", "bridge")
            _ip("-n", self._hub, "link", "set", f"side{side}", "up")
        for host in range(self.size):
            name = self.netns(host)
            self._add_namespace(name)
            _ip("-n", self._hub, "link", "add", f"port{host}", "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("-n", self._hub, "link", "set", f"port{host}", "master", "side0", "up")
            _ip("-n", name, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")

    def _add_namespace(self, name):
        _ip("netns", "add", name)
        self._made.append(name)
        _ip("-n", name, "link", "set", "lo", "up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for name in self._made:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        self._made = []

    def netns(self, host):
        return f"{NAME_PREFIX}{os.getpid()}-{host}"

    def address(self, host):
        return f"10.213.7.{host + 1}"

    def move(self, host, address):
        """Gives the host another address instead of the one it has; connections to the old one hang."""
        _ip("-n", self.netns(host), "address", "flush", "dev", "eth0")
        _ip("-n", self.netns(host), "address", "add", f"{address}/24", "dev", "eth0")

    def partition(self, *sides):
        """Each side is a list of hosts that still reach each other. Hosts not named stay on the first side."""
        for side, members in enumerate(sides):
            for host in members:
                _ip("-n", self._hub, "link", "set", f"port{host}", "master", f"side{side}")

    def cut(self, host):
        """Pulls that host's plug."""
        _ip("-n", self._hub, "link", "set", f"port{host}", "down")

    def block(self, host, other):
        """Packets from `host` to `other` get lost; both still reach everybody else."""
        _ip("-n", self.netns(host), "route", "add", "blackhole", f"{self.address(other)}/32")
        self._blocked.append((host, other))

    def heal(self):
        for host, other in self._blocked:
            _ip("-n", self.netns(host), "route", "del", "blackhole", f"{self.address(other)}/32")
        self._blocked = []
        for host in range(self.size):
            _ip("-n", self._hub, "link", "set", f"port{host}", "master", "side0", "up")
