"""The differences that docs/compatibility.md lists: the test reads them there, so that the list is never wrong."""

import dataclasses
import fnmatch
import os
import re

PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "docs", "compatibility.md")
HEADING = "## Answers that differ"


@dataclasses.dataclass
class Difference:
    command: list  # Globs.
    stock: list    # Globs of lines of the reply.
    vigil: list
    line: int
    used: bool = False

    def covers(self, command, side, line):
        globs = self.stock if side == "stock" else self.vigil
        return any(matches(command, glob) for glob in self.command) and any(matches(line.strip(), glob) for glob in globs)


def matches(text, glob):
    """* stands for anything; all other characters for themselves."""
    return re.fullmatch(".*".join(map(re.escape, glob.lower().split("*"))), text.lower()) is not None


def read(path=PATH):
    with open(path) as file:
        lines = file.read().splitlines()
    start = lines.index(HEADING)
    rows = []
    for number, line in enumerate(lines[start + 1:], start + 2):
        if line.startswith("## "):
            break
        cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
        if not line.startswith("|") or len(cells) < 4 or cells[0].strip() in ("command", "---"):
            continue
        spans = [[span.replace(r"\|", "|") for span in re.findall(r"`([^`]+)`", cell)] for cell in cells[:3]]
        rows.append(Difference(*spans, line=number))
    return rows
