"""A small RESP2/RESP3 client over a blocking socket, for probing: no retries, no hidden behaviour."""

import socket

from harness.network import namespace_socket

TIMEOUT_SECONDS = 5.0
READ_BYTES = 65536


class RespError(Exception):
    """An error reply of the server; str() is its text."""


def encode(*args):
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = arg if isinstance(arg, bytes) else str(arg).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Incomplete(Exception):
    """The buffer ends inside a reply."""


class ReplyParser:
    """feed() bytes, then take() replies until it raises Incomplete."""

    def __init__(self):
        self._buffer = bytearray()

    def feed(self, data):
        self._buffer += data

    def take(self):
        value, end = self._parse(0)
        del self._buffer[:end]
        return value

    def replies(self):
        while True:
            try:
                yield self.take()
            except Incomplete:
                return

    def _line(self, at):
        end = self._buffer.find(b"\r\n", at)
        if end < 0:
            raise Incomplete
        return bytes(self._buffer[at:end]), end + 2

    def _parse(self, at):
        line, at = self._line(at)
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest.decode(errors="replace"), at
        if kind == b"-":
            return RespError(rest.decode(errors="replace")), at
        if kind == b":":
            return int(rest), at
        if kind == b"_":
            return None, at
        if kind == b"#":
            return rest == b"t", at
        if kind == b",":
            return float(rest), at
        if kind in b"$=":
            length = int(rest)
            if length < 0:
                return None, at
            if len(self._buffer) < at + length + 2:
                raise Incomplete
            return bytes(self._buffer[at:at + length]).decode(errors="replace"), at + length + 2
        if kind in b"*~>":
            count = int(rest)
            if count < 0:
                return None, at
            return self._items(count, at)
        if kind == b"%":
            flat, at = self._items(2 * int(rest), at)
            return dict(zip(flat[::2], flat[1::2])), at
        raise ValueError(f"not RESP: {line!r}")

    def _items(self, count, at):
        items = []
        for _ in range(count):
            value, at = self._parse(at)
            items.append(value)
        return items, at


class RespClient:
    """One connection. call() returns the reply or raises RespError; a broken connection raises OSError."""

    def __init__(self, address, netns=None, timeout=TIMEOUT_SECONDS, tls=None):
        """tls: an ssl.SSLContext."""
        self.socket = namespace_socket(netns, socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        try:
            self.socket.settimeout(timeout)
            self.socket.connect(address)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                self.socket = tls.wrap_socket(self.socket)
        except BaseException:
            self.socket.close()
            raise
        self.parser = ReplyParser()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, *args):
        self.socket.sendall(encode(*args))

    def send_all(self, commands):
        """Without waiting for the replies, which read() gets."""
        self.socket.sendall(b"".join(encode(*command) for command in commands))

    def read(self):
        """The next reply; an error reply is returned, not raised."""
        while True:
            try:
                return self.parser.take()
            except Incomplete:
                data = self.socket.recv(READ_BYTES)
                if not data:
                    raise ConnectionResetError("closed by the server") from None
                self.parser.feed(data)

    def call(self, *args):
        self.send(*args)
        reply = self.read()
        if isinstance(reply, RespError):
            raise reply
        return reply

    def pipeline(self, commands):
        """All replies, in order; error replies are values."""
        self.socket.sendall(b"".join(encode(*command) for command in commands))
        return [self.read() for _ in commands]


def call_once(address, *args, netns=None, timeout=TIMEOUT_SECONDS, auth=None, tls=None):
    with RespClient(address, netns, timeout, tls) as client:
        if auth:
            client.call("AUTH", *auth)
        return client.call(*args)


def as_map(flat):
    """A flat field list (RESP2) or a map (RESP3) as a dict."""
    return flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2]))
