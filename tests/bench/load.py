"""One run of redis-benchmark against one sentinel, and what it cost that sentinel.

Latencies are redis-benchmark's own (HdrHistogram, microseconds): p50 and p99 of its summary, p99.9 as the first line
of its percentile distribution at or above 99.9 % (its steps halve the rest: 99.609, 99.805, 99.902). CPU is user and
system time of the sentinel's process, so it holds its other work, too, and does not depend on how fast the client is.
"""

import dataclasses
import os
import re
import resource
import subprocess
import time

RUN_SECONDS_MAX = 120.0
CALIBRATION_REQUESTS = 5_000

_THROUGHPUT = re.compile(r"throughput summary: ([0-9.]+) requests per second")
_SUMMARY = re.compile(r"^ +avg +min +p50 +p95 +p99 +max *\n +([0-9. ]+)$", re.MULTILINE)
_PERCENTILE = re.compile(r"^([0-9.]+)% <= ([0-9.]+) milliseconds", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Setting:
    connections: int
    pipeline: int

    def __str__(self):
        return f"c={self.connections} P={self.pipeline}"


@dataclasses.dataclass
class Result:
    rate: float         # Requests a second.
    p50: float          # Milliseconds, as the others.
    p99: float
    p999: float
    cpu: float          # Microseconds of the sentinel a request.
    client_busy: float  # Part of one core that redis-benchmark used. Near 1, it is what limits the rate.


class Load:
    """start(), then finish(), so that something can happen meanwhile."""

    def __init__(self, sentinel, setting, requests):
        host, port = sentinel.address
        self._sentinel = sentinel
        self._requests = requests
        self._argv = ["redis-benchmark", "-h", host, "-p", str(port), "-c", str(setting.connections),
                      "-P", str(setting.pipeline), "-n", str(requests), "--precision", "3",
                      "SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinel.group.name]
        self._child = None

    def start(self):
        self._cpu = self._sentinel.process.cpu_seconds()
        self._client_cpu = _children_seconds()
        self._started = time.monotonic()
        self._child = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)

    @property
    def running(self):
        return self._child.poll() is None

    def finish(self):
        try:
            text, _ = self._child.communicate(timeout=RUN_SECONDS_MAX)
        finally:
            if self._child.poll() is None:
                self._child.kill()
                self._child.wait()
        seconds = time.monotonic() - self._started
        cpu = self._sentinel.process.cpu_seconds() - self._cpu
        return parse(text, 1e6 * cpu / self._requests, (_children_seconds() - self._client_cpu) / seconds)


def parse(text, cpu=0.0, client_busy=0.0):
    """The Result in what redis-benchmark printed."""
    rate, summary = _THROUGHPUT.search(text), _SUMMARY.search(text)
    tail = [float(value) for percent, value in _PERCENTILE.findall(text) if float(percent) >= 99.9]
    assert rate and summary and tail, f"redis-benchmark said something else:\n{text[-2000:]}"
    _, _, p50, _, p99, _ = map(float, summary.group(1).split())
    return Result(float(rate.group(1)), p50, p99, tail[0], cpu, client_busy)


def measure(sentinel, setting, requests):
    load = Load(sentinel, setting, requests)
    load.start()
    return load.finish()


def requests_for(sentinel, setting, seconds):
    """How many requests take about so long; found by running some."""
    rate = measure(sentinel, setting, max(CALIBRATION_REQUESTS, 20 * setting.connections * setting.pipeline)).rate
    return max(1000, int(rate * seconds))


def _children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load_average():
    return os.getloadavg()[0]
