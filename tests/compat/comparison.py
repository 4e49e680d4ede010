"""Runs one script against both deployments and tells what differs and is not documented."""

import difflib

from script_language import ScriptError

SIDES = {"-": "stock", "+": "vigil"}


class Comparison:
    """`stock` and `vigil` are Deployments in the same state, `documented` the rows of docs/compatibility.md."""

    def __init__(self, script, stock, vigil, documented):
        self.script = script
        self.stock = stock
        self.vigil = vigil
        self.documented = documented
        self.commands = 0
        self.failures = []
        self._connection = "main"

    @property
    def both(self):
        return (self.stock, self.vigil)

    def run(self, steps):
        for step in steps:
            if step.directive:
                self._direct(step)
            elif step.expected:
                self._compare(step, step.expected, self.vigil.ask(self._connection, step.words))
            else:
                self._compare(step, *(side.ask(self._connection, step.words) for side in self.both))

    def _direct(self, step):
        name = self._connection
        match step.directive, step.words:
            case "deploy", _:
                pass
            case "on", [connection]:
                self._connection = connection
            case "new", _:
                for side in self.both:
                    side.close(name)
            case "resp", [version]:
                for side in self.both:
                    side.ask(name, ["HELLO", version])
            case "sorted", _:
                for side in self.both:
                    side.sort_next()
            case "inline", words:
                data = (" ".join(words) + "\r\n").encode()
                self._compare(step, *(side.exchange(name, data) for side in self.both))
            case "silent", words:
                self._compare(step, *(side.silent(name, words) for side in self.both))
            case "closed", _:
                self._compare(step, *(side.closed(name) for side in self.both))
            case "read", _:
                self._compare(step, *(side.read(name) for side in self.both))
            case "until", [pattern, *words]:
                for side in self.both:
                    side.until(name, pattern, words)
            case "listen", [connection, *patterns]:
                for side in self.both:
                    side.listen(connection, patterns)
            case "hear-not", [connection, *channels]:
                for side in self.both:
                    side.hear_not(connection, channels)
            case "heard", [connection, *pattern]:
                self._compare(step, *(side.heard(connection, " ".join(pattern)) for side in self.both))
            case "heard-all", [connection, *patterns]:
                self._compare(step, *(side.heard_all(connection, patterns) for side in self.both))
            case "file", _:
                self._compare(step, *(side.file() for side in self.both))
            case "do", [action, *arguments]:
                for side in self.both:
                    side.do(action, arguments)
            case _:
                raise ScriptError(f"{self.script} line {step.line}: {step.text}")

    def _compare(self, step, stock, vigil):
        self.commands += 1
        if stock == vigil:
            return
        different = [line for line in difflib.ndiff(stock, vigil) if line[0] in SIDES]
        unexplained = [line for line in different if not self._explained(step.text, line)]
        if unexplained:
            self.failures.append(f"{self.script}:{step.line}: {step.text}\n    " + "\n    ".join(unexplained))

    def _explained(self, command, line):
        rows = [row for row in self.documented if row.covers(command, SIDES[line[0]], line[2:])]
        for row in rows:
            row.used = True
        return bool(rows)


