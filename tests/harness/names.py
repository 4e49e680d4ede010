"""Host names of our own, without touching the machine's: a hosts file and a name server for chosen processes.

    with HostNames("redis0", "redis1") as names:      # Each at a loopback address of its own.
        process = Process(names.wrap(argv), ...)      # Sees names' files as /etc/hosts and /etc/resolv.conf.
        names.move("redis1")                          # Looked up again, it is somewhere else.

A mount namespace puts the files in place, for the process alone. Needs root; NamesUnavailable says what is missing.
A name that is not in the file is asked of a name server: one that refuses at once, or after silence() one that
takes every question and answers none.
"""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile

DNS_PORT = 53
_MOUNT = 'mount --make-rprivate / && mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/resolv.conf" /etc/resolv.conf'


class NamesUnavailable(Exception):
    """This machine can't give a process files of its own; str() says why."""


class HostNames:
    def __init__(self, *names):
        self.folder = tempfile.mkdtemp(prefix="vigil-names-")
        os.chmod(self.folder, 0o755)
        # Loopback addresses that no other test process uses.
        self._prefix = f"127.{1 + os.getpid() // 250 % 250}.{os.getpid() % 250}"
        self._next = itertools.count(10)
        self._server = f"{self._prefix}.1"
        self._silent = None
        self.addresses = {}
        for name in names:
            self.addresses[name] = self.new_address()
        self._write()
        with open(os.path.join(self.folder, "resolv.conf"), "w") as file:
            file.write(f"nameserver {self._server}\noptions timeout:20 attempts:2\n")
        done = subprocess.run(self.wrap(["true"]), capture_output=True, text=True)
        if done.returncode != 0:
            self.close()
            raise NamesUnavailable(done.stderr.strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.answer()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_address(self):
        return f"{self._prefix}.{next(self._next)}"

    def move(self, name, address=None):
        """To that address, or to a fresh one. The address."""
        self.addresses[name] = address or self.new_address()
        self._write()
        return self.addresses[name]

    def address_of(self, host):
        """Of a name its address, of an address itself."""
        return self.addresses.get(host, host)

    def silence(self):
        """From now on the name server is there and says nothing."""
        self._silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._silent.bind((self._server, DNS_PORT))

    def answer(self):
        if self._silent:
            self._silent.close()
            self._silent = None

    def wrap(self, argv):
        """It execs: the pid stays the child's."""
        return ["unshare", "--mount", "sh", "-c", f'{_MOUNT} && exec "$@"', self.folder, *map(str, argv)]

    def _write(self):
        # In place: what is mounted is the file, not its name.
        with open(os.path.join(self.folder, "hosts"), "w") as file:
            file.write("127.0.0.1 localhost\n" + "".join(f"{at} {name}\n" for name, at in self.addresses.items()))
