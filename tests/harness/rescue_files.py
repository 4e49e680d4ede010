"""What Vigil's sentinels rescued, read from their disks as a server would execute it."""

import json
import os

from harness.resp import READ_BYTES, ReplyParser


def rescue_files(cluster):
    """(path, metadata) of every rescue on the disks of all sentinels."""
    found = []
    for sentinel in cluster.sentinels:
        folder = os.path.join(sentinel.state_dir, "rescue", cluster.group.name)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if name.endswith((".aof", ".rdb")):
                path = os.path.join(folder, name)
                with open(path[:-4] + ".json") as file:
                    found.append((path, json.load(file)))
    return found


def commands_of(path):
    """The file as a server would execute it: (database, words)."""
    parser, database = ReplyParser(), None
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(READ_BYTES), b""):
            parser.feed(chunk)
            for words in parser.replies():
                if words[0].upper() == "SELECT":
                    database = int(words[1])
                else:
                    yield database, words


def values_in(path, database):
    """What its SETs set in that database."""
    return {words[1]: words[2] for where, words in commands_of(path) if where == database and words[0] == "SET"}
