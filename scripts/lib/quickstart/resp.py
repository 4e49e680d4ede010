"""The Redis protocol, as much of it as the demonstration speaks.

    with Connection(("127.0.0.1", 6379), timeout=1.0) as redis:
        redis.call("SET", "key", "value")      # "OK"

Every wait has the connection's timeout. A broken connection raises OSError, an
answer that is an error raises ErrorReply.
"""

import socket


class ErrorReply(Exception):
    """The server answered with an error."""


class Connection:
    def __init__(self, address, timeout):
        self._socket = socket.create_connection(address, timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._reader.close()
        self._socket.close()

    def call(self, *words):
        reply = self.pipeline([words])[0]
        if isinstance(reply, ErrorReply):
            raise reply
        return reply

    def pipeline(self, commands):
        """All replies, with errors as ErrorReply values."""
        self._socket.sendall(b"".join(encode(words) for words in commands))
        return [self._read() for _ in commands]

    def _read(self):
        line = self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return ErrorReply(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self._read_bulk(int(rest))
        if kind == b"*":
            return None if rest == b"-1" else [self._read() for _ in range(int(rest))]
        raise ConnectionResetError(f"not the Redis protocol: {line[:40]!r}")

    def _read_bulk(self, length):
        if length < 0:
            return None
        body = self._reader.read(length + 2)
        if len(body) < length + 2:
            raise ConnectionResetError("the server closed the connection")
        return body[:length].decode(errors="replace")


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def fields(reply):
    """A flat list of names and values, as SENTINEL MASTER answers, as a dict."""
    return dict(zip(reply[::2], reply[1::2]))
