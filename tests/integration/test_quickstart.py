"""scripts/quickstart as a new user runs it, without its build; and what it leaves behind: nothing."""

import os
import re
import subprocess

from harness import wait_for
from harness.sentinel_node import REPOSITORY
from harness.vigil_node import ensure_release_build, program

LIMIT_SECONDS = 120


def test_it_shows_a_failover_and_its_stop_script_ends_everything():
    ensure_release_build()
    shown = subprocess.run(["/usr/bin/python3", "-m", "quickstart", "--keep", os.path.dirname(program())], cwd=REPOSITORY,
                           env={**os.environ, "PYTHONPATH": os.path.join(REPOSITORY, "scripts", "lib")},
                           capture_output=True, text=True, timeout=LIMIT_SECONDS)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    stop = re.search(r"stop and remove it all:\n +(\S+)", shown.stdout).group(1)
    folder = os.path.dirname(stop)
    with open(stop) as script:
        pids = re.search(r"kill ([0-9 ]+)", script.read()).group(1).split()
    try:
        assert "0 of " in shown.stdout and "acknowledged writes lost" in shown.stdout
        assert "outcome done" in shown.stdout and len(pids) == 6
        assert all(os.path.exists(f"/proc/{pid}") for pid in pids)
    finally:
        stopped = subprocess.run([stop], capture_output=True, text=True, timeout=LIMIT_SECONDS)
    assert stopped.stdout == "stopped and removed\n" and not os.path.exists(folder)
    wait_for(lambda: not any(running(pid) for pid in pids), "all six processes are gone")


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
