"""A child process that cannot outlive the test.

Start processes from the main thread: PR_SET_PDEATHSIG fires when the *thread* that forked them ends.
"""

import atexit
import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10.0

_libc = ctypes.CDLL(None, use_errno=True)
_running = {}


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@atexit.register
def _end_all():
    for process in list(_running.values()):
        process.kill()


class Process:
    """argv with its output in log_path (appended). Signals go to the exact pid. `names` is a HostNames."""

    def __init__(self, argv, log_path, cwd, netns=None, env=None, nofile=None, names=None):
        self.argv = list(map(str, argv))
        if names:
            self.argv = names.wrap(self.argv)
        if netns:
            self.argv = ["ip", "netns", "exec", netns, *self.argv]  # It execs: the pid stays the child's.
        if nofile:
            self.argv = ["prlimit", f"--nofile={nofile}:{nofile}", *self.argv]  # The same.
        self.log_path = log_path
        self.cwd = cwd
        self.env = env
        self.popen = None
        self.paused = False

    @property
    def pid(self):
        return self.popen.pid

    @property
    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def start(self):
        assert not self.running, f"already running: {self.argv}"
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.cwd,
                                          env=self.env, preexec_fn=_die_with_parent)
        self.paused = False
        _running[self.popen.pid] = self

    def signal(self, number):
        if self.running:
            os.kill(self.popen.pid, number)

    def pause(self):
        self.signal(signal.SIGSTOP)
        self.paused = True

    def resume(self):
        self.signal(signal.SIGCONT)
        self.paused = False

    def kill(self):
        """SIGKILL, and gone when this returns."""
        self.signal(signal.SIGKILL)
        self._reap(None)

    def stop(self):
        """SIGTERM with a time limit, then SIGKILL. The exit status."""
        if self.paused:
            self.resume()
        self.signal(signal.SIGTERM)
        try:
            self._reap(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.popen.returncode if self.popen else None

    def _reap(self, timeout):
        if self.popen is None:
            return
        self.popen.wait(timeout)
        _running.pop(self.popen.pid, None)
        self.paused = False

    def rss_bytes(self):
        with open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log_text(self):
        try:
            with open(self.log_path, errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""
