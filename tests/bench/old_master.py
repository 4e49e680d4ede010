"""Clients of a stopped master that have not heard of the failover: what they are told once it goes on.

Each has a ledger as a Writer has: `acknowledged` is (n, time, address), and the key of n is `<prefix>:<n>`.
"""

import threading
import time

from harness import RespError
from harness.resp import READ_BYTES, RespClient

QUEUED_WRITES = 200
PAUSE_SECONDS = 0.001
HELD_TIMEOUT_SECONDS = 60.0
RECONNECT_TIMEOUT_SECONDS = 0.25


class StaleClient(threading.Thread):
    """`refused_at` is when it first was refused a write, or lost its connection."""

    def __init__(self, node, prefix):
        super().__init__(daemon=True)
        self.node = node
        self.prefix = prefix
        self.acknowledged = []
        self.refused_at = None
        self._number = 0
        self._done = threading.Event()

    def stop(self):
        self._done.set()
        self.join()

    def ledger(self):
        return {f"{self.prefix}:{n}": str(n) for n, _, _ in self.acknowledged}

    def _next(self):
        n = self._number
        self._number += 1
        return n, ("SET", f"{self.prefix}:{n}", n)

    def _accepted(self, n, at):
        self.acknowledged.append((n, at, self.node.address))

    def _refused(self, at):
        self.refused_at = self.refused_at or at


class HeldClient(StaleClient):
    """Keeps the connection it had before the stop. What send() sends waits in the master's socket; once that is answered it
    goes on, one write at a time, until it is refused."""

    def __init__(self, node, prefix):
        super().__init__(node, prefix)
        self._client = RespClient(node.address, node.netns, HELD_TIMEOUT_SECONDS)
        self._client.call("PING")  # Accepted, so the server reads from it.
        self._waiting = []

    def send(self):
        for _ in range(QUEUED_WRITES):
            n, command = self._next()
            self._waiting.append(n)
            self._client.send(*command)

    def run(self):
        with self._client:
            try:
                while not self._done.is_set() and self._read():
                    if not self._waiting:
                        time.sleep(PAUSE_SECONDS)
                        n, command = self._next()
                        self._waiting.append(n)
                        self._client.send(*command)
            except OSError:
                self._refused(time.monotonic())

    def _read(self):
        """Whether it may go on."""
        data = self._client.socket.recv(READ_BYTES)
        at = time.monotonic()
        if not data:
            raise ConnectionResetError("closed by the server")
        self._client.parser.feed(data)
        for reply in self._client.parser.replies():
            n = self._waiting.pop(0)
            if isinstance(reply, RespError):
                self._refused(at)
            else:
                self._accepted(n, at)
        return bool(self._waiting) or self.refused_at is None


class ReconnectingClient(StaleClient):
    """Connects anew whenever it has no answer or is refused, and goes on."""

    def run(self):
        link = None
        while not self._done.is_set():
            n, command = self._next()
            try:
                link = link or RespClient(self.node.address, self.node.netns, RECONNECT_TIMEOUT_SECONDS)
                link.call(*command)
                self._accepted(n, time.monotonic())
            except (OSError, RespError) as error:
                # A stopped server lets nobody in and answers nothing: that is not a refusal.
                if not isinstance(error, TimeoutError):
                    self._refused(time.monotonic())
                if link:
                    link.close()
                link = None
            time.sleep(PAUSE_SECONDS)
        if link:
            link.close()
