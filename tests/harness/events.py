"""What sentinels announce over pub/sub, with the moment each message arrived."""

import collections
import selectors
import sys
import threading
import time

from harness.resp import RespClient, ReplyParser, encode
from harness.waiting import wait_for

RECONNECT_SECONDS = 0.05
READ_BYTES = 65536

# `sentinel` is the SentinelNode that said it; `at` is time.monotonic().
Announcement = collections.namedtuple("Announcement", "at sentinel channel payload")


class EventLog:
    """Subscribes to everything on all sentinels, reconnecting when they restart.

        with EventLog(cluster.sentinels) as events:
            cluster.master.kill()
            events.wait("+switch-master")

    `on_event` is called in the reader's thread as soon as a message arrives; use it to act on a phase at once.
    """

    def __init__(self, sentinels, on_event=None):
        self.announcements = []
        self._sentinels = list(sentinels)
        self._on_event = on_event
        self._stop = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._links = {}
        self._subscribed = set()  # Names of the sentinels that confirmed it.
        self._thread = threading.Thread(target=self._run, name="event-log", daemon=True)

    def __enter__(self):
        self._connect_missing()
        linked = set(self._links)
        self._thread.start()
        # A sentinel may carry out a command of another connection before it reads this one's subscription.
        wait_for(lambda: linked <= self._subscribed, "the sentinels confirm the subscription")
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        self._thread.join()
        if kind is not None:
            print(f"announcements:\n{self.text()}", file=sys.stderr)
        for client, _parser in self._links.values():
            client.close()
        self._selector.close()

    def _connect_missing(self):
        for sentinel in self._sentinels:
            if sentinel.name in self._links:
                continue
            try:
                client = RespClient(sentinel.address, sentinel.netns, timeout=1.0)
            except OSError:
                continue
            try:
                client.socket.sendall(encode("PSUBSCRIBE", "*"))
            except OSError:
                client.close()
                continue
            self._links[sentinel.name] = (client, ReplyParser())
            self._selector.register(client.socket, selectors.EVENT_READ, sentinel)

    def _drop(self, sentinel):
        self._subscribed.discard(sentinel.name)
        client, _parser = self._links.pop(sentinel.name)
        self._selector.unregister(client.socket)
        client.close()

    def _run(self):
        next_connect = 0.0
        while not self._stop.is_set():
            for key, _mask in self._selector.select(RECONNECT_SECONDS):
                self._read(key.data)
            if time.monotonic() >= next_connect:
                self._connect_missing()
                next_connect = time.monotonic() + RECONNECT_SECONDS

    def _read(self, sentinel):
        client, parser = self._links[sentinel.name]
        try:
            data = client.socket.recv(READ_BYTES)
        except OSError:
            data = b""
        now = time.monotonic()
        if not data:
            self._drop(sentinel)
            return
        parser.feed(data)
        for reply in parser.replies():
            if isinstance(reply, list) and reply[0] == "psubscribe":
                self._subscribed.add(sentinel.name)
            elif isinstance(reply, list) and reply[0] == "pmessage":
                said = Announcement(now, sentinel, reply[2], reply[3])
                self.announcements.append(said)
                if self._on_event:
                    self._on_event(said)

    def wait_subscribed(self):
        """Until every sentinel has confirmed: a restarted one says nothing to this log before."""
        wait_for(lambda: self._subscribed >= {sentinel.name for sentinel in self._sentinels},
                 "all sentinels confirm the subscription")

    def of(self, channel, payload_part="", sentinel=None, since=0.0):
        return [said for said in list(self.announcements)
                if said.channel == channel and payload_part in said.payload and said.at >= since
                and (sentinel is None or said.sentinel is sentinel)]

    def wait(self, channel, payload_part="", sentinel=None, since=0.0, count=1, timeout=30.0):
        return wait_for(lambda: (found := self.of(channel, payload_part, sentinel, since)) and len(found) >= count
                        and found, f"{count} x {channel} {payload_part}", timeout)

    def text(self):
        """For failure reports: one line an announcement."""
        start = self.announcements[0].at if self.announcements else 0
        return "\n".join(f"{said.at - start:9.3f} {said.sentinel.name} {said.channel} {said.payload}"
                         for said in list(self.announcements))
