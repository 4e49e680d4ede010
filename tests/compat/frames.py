"""Replies with their RESP types, and as text that two servers' answers can be compared by.

    +OK            simple string          -ERR no    error
    :1             integer                $ text     bulk string; $| for each line of one with several
    $-1  *-1  _    nulls                  #t  ,1.5   boolean, double
    *  %  ~  >     array, map, set, push; what is in it follows, indented
"""

import dataclasses

AGGREGATES = "*%~>"


@dataclasses.dataclass
class Frame:
    kind: str
    value: object  # str for scalars, a list of frames for aggregates (a map's alternate), None for nulls.

    @property
    def is_error(self):
        return self.kind == "-"


class Incomplete(Exception):
    """The bytes end inside a frame."""


class FrameParser:
    def __init__(self):
        self._bytes = bytearray()

    def feed(self, data):
        self._bytes += data

    def take(self):
        frame, end = self._frame(0)
        del self._bytes[:end]
        return frame

    def _line(self, at):
        end = self._bytes.find(b"\r\n", at)
        if end < 0:
            raise Incomplete
        return bytes(self._bytes[at:end]), end + 2

    def _frame(self, at):
        line, at = self._line(at)
        kind, rest = chr(line[0]), line[1:].decode(errors="replace")
        if kind in "+-:_#,":
            return Frame(kind, rest), at
        count = int(rest)
        if count < 0:
            return Frame(kind, None), at
        if kind in "$=":
            if len(self._bytes) < at + count + 2:
                raise Incomplete
            return Frame(kind, bytes(self._bytes[at:at + count]).decode(errors="replace")), at + count + 2
        if kind not in AGGREGATES:
            raise ValueError(f"not RESP: {line!r}")
        items = []
        for _ in range(count * (2 if kind == "%" else 1)):
            item, at = self._frame(at)
            items.append(item)
        return Frame(kind, items), at


def render(frame, indent=0):
    """The lines of a frame."""
    pad = "  " * indent
    if frame.value is None:
        return [f"{pad}{frame.kind}-1"]
    if frame.kind in AGGREGATES:
        lines = [pad + frame.kind]
        for item in frame.value:
            lines += render(item, indent + 1)
        return lines
    if frame.kind in "$=":
        parts = frame.value.splitlines()
        if len(parts) < 2 and not frame.value.endswith("\n"):
            return [f"{pad}{frame.kind} {frame.value}".rstrip()]
        return [f"{pad}{frame.kind}| {part}".rstrip() for part in parts]
    return [pad + frame.kind + frame.value]


def in_sorted_order(frame):
    """Stock lists by hash table: all items, and the pairs of maps, in the order of their text."""
    if frame.kind not in AGGREGATES or frame.value is None:
        return frame
    step = 2 if frame.kind == "%" else 1
    items = [in_sorted_order(item) for item in frame.value]
    groups = [items[at:at + step] for at in range(0, len(items), step)]
    groups.sort(key=lambda group: [line for item in group for line in render(item)])
    return Frame(frame.kind, [item for group in groups for item in group])
