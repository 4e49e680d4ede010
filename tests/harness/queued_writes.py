"""Writes that wait in a hung master's sockets: it executes and acknowledges them when it goes on."""

QUEUED_WRITES = 500
CLIENTS = 4


class QueuedWrites:
    """Clients that send writes to a hung master and read the answers when it goes on: the ledger is what was
    acknowledged."""

    def __init__(self, master, prefix="queued", clients=CLIENTS, writes=QUEUED_WRITES, database=0, value="v"):
        self.acknowledged = {}  # key -> value
        self.refused = 0
        self.database = database
        self._prefix, self._writes, self._value = prefix, writes, value
        self._clients = [master.client(timeout=30.0) for _ in range(clients)]
        for client in self._clients:
            client.call("SELECT", str(database))

    def key(self, client, n):
        return f"{self._prefix}:{client}:{n}"

    def send(self):
        for index, client in enumerate(self._clients):
            client.send_all([("SET", self.key(index, n), f"{self._value}{n}") for n in range(self._writes)])

    def read(self):
        for index, client in enumerate(self._clients):
            for n in range(self._writes):
                try:
                    reply = client.read()
                    if reply == "OK":
                        self.acknowledged[self.key(index, n)] = f"{self._value}{n}"
                    else:
                        self.refused += 1
                except (OSError, EOFError):
                    break
            client.close()


def values_of(node, keys, database):
    with node.client(timeout=10.0) as client:
        client.call("SELECT", str(database))
        keys = list(keys)
        values = []
        for start in range(0, len(keys), 500):
            values += client.call("MGET", *keys[start:start + 500])
        return dict(zip(keys, values))


def lost(writes, new):
    """Acknowledged by the old master, and not on the new one."""
    there = values_of(new, writes.acknowledged, writes.database)
    return {key: value for key, value in writes.acknowledged.items() if there[key] != value}


def stop_and_continue(cluster, *all_writes):
    """What clients send to a master that hangs, until it has come back. The new master."""
    old = cluster.wait_settled()
    old.pause()
    for writes in all_writes:
        writes.send()
    new = cluster.wait_switched(away_from=old)
    old.resume()
    for writes in all_writes:
        writes.read()
    cluster.wait_follow(new, [old])
    return new
