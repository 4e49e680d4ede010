"""The network between: a port that leads to another one, as NAT and container runtimes map them."""

import selectors
import socket
import threading

READ_BYTES = 65536


class Forwarder:
    """Every connection to `address` is continued to `target`, an address that may change."""

    def __init__(self, target, host="127.0.0.1"):
        self.target = target
        self._listener = socket.create_server((host, 0))
        self.address = self._listener.getsockname()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"forward {self.address}", daemon=True)
        self._thread.start()

    def close(self):
        self._stop.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _run(self):
        while not self._stop.is_set():
            for key, _mask in self._selector.select(0.05):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._pass_on(key)

    def _accept(self):
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self.target, timeout=2)
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(2)
            self._selector.register(one, selectors.EVENT_READ, other)

    def _pass_on(self, key):
        one, other = key.fileobj, key.data
        if one.fileno() < 0:
            return
        try:
            data = one.recv(READ_BYTES)
            if data:
                return other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            if end.fileno() >= 0:
                self._selector.unregister(end)
                end.close()
