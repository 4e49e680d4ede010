"""Watches one failover from the outside, in one thread, with little load.

Each sentinel has one connection that is asked get-master-addr-by-name every POLL_SECONDS and one that is
subscribed to everything; each replica has one that tries to write. A probe is asked again only after its answer
came, so a slow process is not flooded. All times are when the answer arrived here: upper bounds.
"""

import selectors
import time

from harness.resp import RespClient, RespError, encode

POLL_SECONDS = 0.0015
READ_BYTES = 65536


class Probe:
    """One connection with at most one question on its way; on_reply(now, reply) gets the answers."""

    def __init__(self, address, question, on_reply):
        self.address = address
        self.question = question
        self.on_reply = on_reply
        self.waiting = False
        self.connect()

    def connect(self):
        self.client = RespClient(self.address)
        self.client.socket.setblocking(False)
        self.waiting = False

    def ask(self):
        if self.waiting or self.question is None:
            return
        try:
            self.client.socket.send(self.question)
            self.waiting = True
        except OSError:
            pass  # The read side notices that the connection is gone.


class Observer:
    """run(until, at_tick) fills `events` (time, sentinel index, channel, payload), `changed` and `first_write`."""

    def __init__(self, cluster):
        self.old = cluster.master.address
        self.events = []
        self.changed = {}       # Sentinel index -> when it first answered another address.
        self.first_write = None  # When a replica first accepted a write.
        self._selector = selectors.DefaultSelector()
        self._probes = []
        question = encode("SENTINEL", "GET-MASTER-ADDR-BY-NAME", cluster.group.name)
        for index, sentinel in enumerate(cluster.sentinels):
            self._add(Probe(sentinel.address, question, self._answer(index)))
            subscriber = Probe(sentinel.address, encode("PSUBSCRIBE", "*"), self._announcement(index))
            subscriber.ask()
            subscriber.question = None
            self._add(subscriber)
        for node in cluster.nodes:
            if node.address != self.old:
                self._add(Probe(node.address, encode("SET", "bench:probe", "1"), self._write_reply))

    def _add(self, probe):
        self._probes.append(probe)
        self._selector.register(probe.client.socket, selectors.EVENT_READ, probe)

    def _answer(self, index):
        def on_reply(now, reply):
            if reply and (reply[0], int(reply[1])) != self.old:
                self.changed.setdefault(index, now)
        return on_reply

    def _announcement(self, index):
        def on_reply(now, reply):
            if isinstance(reply, list) and reply[0] == "pmessage":
                self.events.append((now, index, reply[2], reply[3]))
        return on_reply

    def _write_reply(self, now, reply):
        if not isinstance(reply, RespError) and self.first_write is None:
            self.first_write = now

    def run(self, until, at=None, action=None):
        """Polls until `until()` is true; calls action() once when time.monotonic() reaches `at`."""
        next_poll = time.monotonic()
        while not until():
            now = time.monotonic()
            if action and now >= at:
                action()
                action = None
            if now >= next_poll:
                for probe in self._probes:
                    probe.ask()
                next_poll = max(next_poll + POLL_SECONDS, now)
            for key, _mask in self._selector.select(max(0.0, next_poll - time.monotonic())):
                self._read(key.data)

    def _read(self, probe):
        try:
            data = probe.client.socket.recv(READ_BYTES)
        except OSError:
            data = b""
        now = time.monotonic()
        if not data:  # A promotion ends with CLIENT KILL: come back at once, as a client would.
            self._selector.unregister(probe.client.socket)
            probe.client.close()
            probe.connect()
            self._selector.register(probe.client.socket, selectors.EVENT_READ, probe)
            return
        probe.waiting = False
        probe.client.parser.feed(data)
        for reply in probe.client.parser.replies():
            probe.on_reply(now, reply)

    def close(self):
        for probe in self._probes:
            probe.client.close()
        self._selector.close()
