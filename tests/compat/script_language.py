"""Scripts of commands: what the differential test asks both servers.

A line is a command in redis-cli's quoting, or a directive:

    # text                    a comment
    :deploy trio              which deployment (first line): alone = one sentinel, trio = three, scripts = one
                              that may set scripts
    :on NAME                  from here on over the connection NAME (opened when first named); "main" at first
    :resp 3                   HELLO on this connection, without comparing it
    :new                      closes the connection; the next command opens it again
    :inline TEXT              sends TEXT as an inline request
    :silent COMMAND           sends it; no reply may come
    :closed                   the server must have closed the connection
    :read                     one more reply or message on this connection
    :sorted                   the next reply is compared in sorted order
    :until REGEX COMMAND      repeats the command, at both, until the reply as text matches; compares nothing
    :listen NAME PATTERN      a connection that collects what is published
    :heard NAME REGEX         what NAME collected up to the first message that matches, in order
    :heard-all NAME REGEX...  the same up to the moment when each has matched, without order and repetitions
    :hear-not NAME GLOB       messages of these channels are left out from here on
    :file                     the sentinel.conf that each has rewritten
    :do ACTION [ARGUMENT]     something happens to the deployment: see Deployment
    = TEXT                    behind a command: only Vigil is asked, and must answer this (lines of frames.render)

$MASTER_PORT, $REPLICA_PORT, $ID, $SENTINEL1_PORT, $FOLDER ... are replaced by the deployment's own.
"""

import dataclasses
import re
import shlex


@dataclasses.dataclass
class Step:
    line: int
    directive: str  # "" for a command.
    words: list
    expected: list  # Lines that Vigil must answer; empty: what stock answers.
    text: str


class ScriptError(Exception):
    """A line that is not of this language."""


def unquote(line):
    """The words of a line, as redis-cli reads them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="")
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""
    return [re.sub(r"\\(x[0-9a-f]{2}|n|r|t)", _escape, word) for word in lexer]


def _escape(match):
    code = match.group(1)
    return {"n": "\n", "r": "\r", "t": "\t"}.get(code) or chr(int(code[1:], 16))


_TAKES_TEXT = {"inline", "heard", "heard-all", "hear-not", "until"}


def parse(text):
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.rstrip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("= "):
            if not steps or steps[-1].directive:
                raise ScriptError(f"line {number}: no command in front of {line}")
            steps[-1].expected.append(line[2:])
        elif line.startswith(":"):
            directive, _, rest = line[1:].partition(" ")
            words = rest.split(" ") if directive in _TAKES_TEXT else unquote(rest)
            steps.append(Step(number, directive, words, [], line))
        else:
            steps.append(Step(number, "", unquote(line), [], line))
    return steps
