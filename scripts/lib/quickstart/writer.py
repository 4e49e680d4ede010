"""A client that writes all the time, asks the sentinels where the master is, and keeps account."""

import threading
import time

from quickstart.deployment import CALL_TIMEOUT_S, GROUP, HOST
from quickstart.resp import Connection, ErrorReply

WRITE_PERIOD_S = 0.002
RETRY_PERIOD_S = 0.005
KEYS_A_CHECK = 500


class Writer:
    def __init__(self, sentinel_ports):
        self._sentinel_ports = sentinel_ports
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acknowledged = []  # (monotonic seconds, key), in order.

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def longest_gap(self):
        """Seconds between two acknowledged writes, at most."""
        times = [when for when, _ in self.acknowledged]
        return max((later - sooner for sooner, later in zip(times, times[1:])), default=0.0)

    def lost(self, master_port):
        """Acknowledged writes that the master does not have."""
        keys = [key for _, key in self.acknowledged]
        missing = 0
        with Connection((HOST, master_port), 5.0) as master:
            for start in range(0, len(keys), KEYS_A_CHECK):
                replies = master.pipeline([("EXISTS", key) for key in keys[start : start + KEYS_A_CHECK]])
                missing += sum(1 for reply in replies if reply != 1)
        return missing

    def _run(self):
        number = 0
        master = None
        while not self._stop.is_set():
            try:
                if master is None:
                    master = self._connect()
                number += 1
                master.call("SET", f"write:{number}", number)
                self.acknowledged.append((time.monotonic(), f"write:{number}"))
                self._stop.wait(WRITE_PERIOD_S)
            except (OSError, ErrorReply, TypeError):
                if master is not None:
                    master.close()
                master = None
                self._stop.wait(RETRY_PERIOD_S)

    def _connect(self):
        """To the master that the first sentinel to answer names, if it says so itself."""
        problem = OSError("no sentinel answers")
        for port in self._sentinel_ports:
            try:
                with Connection((HOST, port), CALL_TIMEOUT_S) as sentinel:
                    host, master_port = sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP)
                master = Connection((host, int(master_port)), CALL_TIMEOUT_S)
                if master.call("ROLE")[0] == "master":
                    return master
                master.close()
            except (OSError, ErrorReply, TypeError) as error:
                problem = error
        raise OSError("no master") from problem
