"""What two healthy deployments can't have in common is replaced by a name: ids, ports, folders, ages, counters."""

import re

from frames import AGGREGATES, Frame

# Fields of maps whose value is of the moment.
_OF_THE_MOMENT = set("""last-ping-sent last-ok-ping-reply last-ping-reply info-refresh role-reported-time last-hello-message
s-down-time o-down-time link-pending-commands slave-repl-offset master-link-down-time pid run-time run-delay id
vigil-last-seen""".split())

# Fields of INFO whose value is compared; numbers of all others are masked.
_INFO_EXACT = re.compile(r"^(redis_mode|arch_bits|tcp_port|maxclients|cluster_connections|blocked_clients|sentinel_\w+|master\d+"
                         r"|config_file|executable|monotonic_clock|multiplexing_api|redis_git_\w+)$")

_QUORUM = re.compile(r"#quorum \d+/")  # How many agree by then is a matter of chance.
_ID = re.compile(r"\b[0-9a-f]{40}\b")
_CLIENT_FIELD = re.compile(r"\b(id|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem)=\d+")
_CLIENT_ADDRESS = re.compile(r"\b(l?addr)=127\.0\.0\.1:\d+")


class Masks:
    """Of one deployment. `names` maps texts (ports, folders) to what they are called."""

    def __init__(self, names):
        # Longer texts first: a folder may contain a port's digits.
        ordered = sorted(names, key=len, reverse=True)
        self._names = names
        self._pattern = re.compile("|".join(rf"(?<![0-9A-Za-z]){re.escape(text)}(?![0-9A-Za-z])" for text in ordered))

    def text(self, text):
        text = self._pattern.sub(lambda match: self._names[match.group()], text)
        text = _QUORUM.sub("#quorum N/", text)
        return _ID.sub("<id>", text)

    def frame(self, frame):
        if frame.value is None:
            return frame
        if frame.kind in AGGREGATES:
            return Frame(frame.kind, self._items(frame.value))
        if frame.kind in "$=" and "\r\n" in frame.value and frame.value.startswith("# "):
            return Frame(frame.kind, "\n".join(self._info_line(line) for line in frame.value.splitlines()))
        if frame.kind in "$=" and frame.value.removeprefix("txt:").startswith("id="):
            return Frame(frame.kind, self._client_lines(frame.value))
        return Frame(frame.kind, self.text(frame.value))

    def _items(self, items):
        masked = []
        for index, item in enumerate(items):
            name = items[index - 1].value if index else None
            if index and isinstance(name, str) and name in _OF_THE_MOMENT and item.kind in "$:":
                masked.append(Frame(item.kind, "<now>"))
            else:
                masked.append(self.frame(item))
        return masked

    def _info_line(self, line):
        name, colon, value = line.partition(":")
        if not colon:
            return line
        if _INFO_EXACT.match(name):
            return f"{name}:{self.text(value)}"
        return f"{name}:{re.sub(r'[0-9]+', 'N', self.text(value))}"

    def _client_lines(self, text):
        text = _CLIENT_FIELD.sub(r"\1=N", text)
        return self.text(_CLIENT_ADDRESS.sub(r"\1=<address>", text))
