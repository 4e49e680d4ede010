"""A client that writes through faults and remembers every write the database acknowledged.

It follows the documented client contract: ask the sentinels in order, check ROLE at the address they give,
and resolve again after every error.
"""

import threading
import time

from harness.resp import RespClient, RespError

SOCKET_TIMEOUT_SECONDS = 0.25  # A stopped master answers nothing: give up and ask the sentinels again.
RESOLVE_PAUSE_SECONDS = 0.005
COMPARE_BATCH = 1000


class Writer:
    """Writes `<prefix>:<n>` = n for n = 0, 1, 2, ... as fast as `pause` allows, in a thread of its own.

        with Writer(cluster) as writer:
            cluster.master.kill()
            ...
        lost = writer.lost(cluster.master)
    """

    def __init__(self, cluster, prefix="write", pause=0.0005, netns=None, sentinels=None):
        self.acknowledged = []  # (n, time.monotonic() of the acknowledgement, address)
        self.errors = []        # (time, text)
        self._group = cluster.group.name
        self._auth = cluster.nodes[0].auth
        self._sentinels = list(sentinels or cluster.sentinels)
        self._netns = netns or self._sentinels[0].netns
        self._prefix = prefix
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _resolve(self):
        """A connection to a node that says it is the master, or None."""
        for sentinel in self._sentinels:
            try:
                with RespClient(sentinel.address, self._netns, SOCKET_TIMEOUT_SECONDS) as client:
                    reply = client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._group)
            except (OSError, RespError):
                continue
            if not reply:
                continue
            address = (reply[0], int(reply[1]))
            try:
                client = RespClient(address, self._netns, SOCKET_TIMEOUT_SECONDS)
            except OSError:
                continue
            try:
                if self._auth:
                    client.call("AUTH", *self._auth)
                if client.call("ROLE")[0] == "master":
                    return address, client
            except (OSError, RespError):
                pass
            client.close()
        return None

    def _run(self):
        n = 0
        link = None
        while not self._stop.is_set():
            if link is None:
                link = self._resolve()
                if link is None:
                    time.sleep(RESOLVE_PAUSE_SECONDS)
                    continue
            address, client = link
            try:
                client.call("SET", f"{self._prefix}:{n}", n)
                self.acknowledged.append((n, time.monotonic(), address))
            except (OSError, RespError) as error:
                self.errors.append((time.monotonic(), str(error)))
                client.close()
                link = None
                time.sleep(RESOLVE_PAUSE_SECONDS)
            n += 1  # A write that failed may still have been applied: its number is never used again.
            if self._pause:
                time.sleep(self._pause)
        if link:
            link[1].close()

    def last_acknowledged_at(self, address=None):
        return max((at for _, at, where in list(self.acknowledged) if address in (None, where)), default=None)

    def first_acknowledged_at(self, address):
        return min((at for _, at, where in list(self.acknowledged) if where == address), default=None)

    def longest_gap_ms(self):
        """The longest time without an acknowledged write: the outage as this client saw it."""
        times = [at for _, at, _ in self.acknowledged]
        return 1000 * max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0)

    def ledger(self):
        """{key: value} of what was acknowledged."""
        return {f"{self._prefix}:{n}": str(n) for n, _, _ in list(self.acknowledged)}

    def lost(self, node):
        """The acknowledged writes that `node` doesn't have, as (n, time, address)."""
        missing = []
        with node.client(timeout=10.0) as client:
            for start in range(0, len(self.acknowledged), COMPARE_BATCH):
                batch = self.acknowledged[start:start + COMPARE_BATCH]
                values = client.call("MGET", *(f"{self._prefix}:{n}" for n, _, _ in batch))
                missing += [write for write, value in zip(batch, values) if value != str(write[0])]
        return missing
