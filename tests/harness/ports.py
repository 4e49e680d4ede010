"""Free TCP ports for servers that are about to start."""

import random
import socket

# Below the kernel's ephemeral range (32768-60999), whose ports any outgoing connection may take.
FIRST_PORT = 10000
LAST_PORT = 32000
ATTEMPTS_MAX = 1000

_given = set()
_random = random.SystemRandom()  # Several test processes may run at once: no common seed.


def free_port():
    """A port that nobody listens on now and that this process has not been given before."""
    for _ in range(ATTEMPTS_MAX):
        port = _random.randrange(FIRST_PORT, LAST_PORT)
        if port in _given:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError("no free port found")
