"""Runs libFuzzer programs, some at a time, and reads what they say."""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCES = ROOT / "tests" / "fuzz"
BUILD = ROOT / "build" / "fuzz"
FINDINGS = BUILD / "findings"

INPUT_BYTES_MAX = 4096  # Runs of a byte are abbreviated in an input, see tests/fuzz/input.h.
INPUT_BYTES_MAX_OF = {"conf": 2048, "config": 2048, "node_info": 8192}  # A file of all keys is slow; an INFO is long.
SECONDS_A_RUN_MAX = 10
MEMORY_MB_MAX = 1024
SMOKE_RUNS = 20000
SMOKE_RUNS_OF = {"conf": 5000, "config": 3000, "record_json": 6000, "reply_parser": 6000,
                 "request_parser": 6000}  # Seconds each.

STATUS_LINE = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+) .*exec/s: (\d+)")
ARTIFACT_LINE = re.compile(r"Test unit written to (\S+)")
STATISTIC_LINE = re.compile(r"^stat::(\w+):\s+(\d+)")


@dataclasses.dataclass
class Result:
    target: str
    executions: int = 0
    a_second: int = 0
    coverage: int = 0
    failure: str = ""  # What was wrong; empty if nothing was.
    artifact: str = ""  # The input that shows it.

    @property
    def failed(self):
        return bool(self.failure)


def processors():
    return len(os.sched_getaffinity(0))


def target_names():
    return sorted(path.name.removesuffix("_fuzz.cpp") for path in SOURCES.glob("*_fuzz.cpp"))


def clang_has_libfuzzer():
    if shutil.which("clang++") is None:
        return False
    code = b"extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }"
    with tempfile.TemporaryDirectory() as folder:
        command = ["clang++", "-x", "c++", "-fsanitize=fuzzer,address,undefined", "-", "-o", f"{folder}/fuzzer"]
        return subprocess.run(command, input=code, capture_output=True, check=False).returncode == 0


def smoke_options():
    return [f"-runs={SMOKE_RUNS}", "-seed=1"]


def program(target):
    return BUILD / "tests" / "fuzz" / f"fuzz_{target}"


def checked_in(target):
    return SOURCES / "corpus" / target


def limits(target):
    return [f"-max_len={INPUT_BYTES_MAX_OF.get(target, INPUT_BYTES_MAX)}", f"-timeout={SECONDS_A_RUN_MAX}",
            f"-rss_limit_mb={MEMORY_MB_MAX}"]


def command_of(target, options, folder):
    FINDINGS.mkdir(parents=True, exist_ok=True)
    if "-runs=" in options[0] and target in SMOKE_RUNS_OF:
        options = [f"-runs={SMOKE_RUNS_OF[target]}", *options[1:]]
    words = [str(program(target)), *limits(target), *options, "-print_final_stats=1",
             f"-artifact_prefix={FINDINGS}/{target}-"]
    dictionary = SOURCES / "dictionaries" / f"{target}.dict"
    if dictionary.exists():
        words.append(f"-dict={dictionary}")
    # New inputs go into the first folder.
    return [*words, str(folder), str(checked_in(target))]


class Progress:
    """One line on a terminal: each target's executions and coverage."""

    def __init__(self):
        self.lock = threading.Lock()
        self.states = {}
        self.shown = sys.stdout.isatty()

    def update(self, target, text):
        if not self.shown:
            return
        with self.lock:
            self.states[target] = text
            line = "   ".join(f"{name} {state}" for name, state in self.states.items() if state)
            print("\r\x1b[K" + line[:shutil.get_terminal_size().columns - 1], end="", flush=True)


def run_one(target, options, progress):
    # What a smoke test does must not depend on what was found here before.
    smoke = "-runs=" in options[0]
    folder = BUILD / ("smoke" if smoke else "corpus") / target
    if smoke:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    checked_in(target).mkdir(parents=True, exist_ok=True)
    log = BUILD / f"{target}.log"
    result = Result(target)
    command = command_of(target, options, folder)
    # Some input may name /dev/stdin as a password file.
    with log.open("w") as copy, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                 stderr=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stderr:
            copy.write(line)
            read_line(line, result)
            if result.executions:
                progress.update(target, f"{result.executions} ({result.coverage} edges)")
        process.wait()
    progress.update(target, "")
    if process.returncode != 0 and not result.failure:
        result.failure = f"ended with status {process.returncode}"
    if result.failure:
        result.failure += f"; all of its output: {log.relative_to(ROOT)}"
    return result


def read_line(line, result):
    if status := STATUS_LINE.match(line):
        result.executions, result.coverage, result.a_second = (int(value) for value in status.groups())
    elif statistic := STATISTIC_LINE.match(line):
        if statistic[1] == "number_of_executed_units":
            result.executions = int(statistic[2])
        elif statistic[1] == "average_exec_per_sec":
            result.a_second = int(statistic[2])
    elif artifact := ARTIFACT_LINE.search(line):
        result.artifact = os.path.relpath(artifact[1], ROOT)
    elif not result.failure and ("CHECK failed" in line or "ERROR: " in line or "runtime error: " in line):
        result.failure = line.strip()


def run_all(targets, options, jobs):
    progress = Progress()
    with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
        results = list(pool.map(lambda target: run_one(target, options, progress), targets))
    if progress.shown:
        print("\r\x1b[K", end="")
    return results


def merge(target):
    """Replaces the checked-in corpus with the fewest inputs that reach what all known ones reach."""
    folders = [str(folder) for folder in (checked_in(target), BUILD / "corpus" / target) if folder.is_dir()]
    with tempfile.TemporaryDirectory() as kept:
        command = [str(program(target)), "-merge=1", *limits(target), kept, *folders]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                              check=False)
        if done.returncode != 0:
            return f"{target}: merge failed: {done.stderr[-500:]}"
        shutil.rmtree(checked_in(target), ignore_errors=True)
        shutil.copytree(kept, checked_in(target))
    files = list(checked_in(target).iterdir())
    return f"{target}: {len(files)} inputs, {sum(file.stat().st_size for file in files)} bytes"
