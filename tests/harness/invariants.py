"""What must hold at every moment, whatever fails: watched from the outside, all the time."""

import sys
import threading
import time

from harness.resp import RespError

SAMPLE_SECONDS = 0.02


class EpochWatch:
    """Samples every sentinel's (config epoch, master) and checks, when the `with` block ends, that

    * one config epoch names one master, on all sentinels: two leaders never both won;
    * no sentinel's config epoch or current epoch ever went back, restarts included.
    """

    def __init__(self, cluster):
        self._cluster = cluster
        self.masters = {}    # Config epoch -> {address: sentinel that said so first}
        self.violations = []
        self.samples = 0
        self._highest = {}   # (Sentinel name, which epoch) -> highest seen.
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="epoch-watch", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        self._thread.join()
        if kind is not None:
            print(f"epochs seen: {self.masters}", file=sys.stderr)
            return
        for sentinel in self._cluster.sentinels:
            self._sample(sentinel)
        assert self.samples > 0, "no sentinel was ever asked"
        assert not self.violations, self.violations

    def _run(self):
        while not self._stop.is_set():
            for sentinel in self._cluster.sentinels:
                if sentinel.process.running and not sentinel.process.paused:
                    self._sample(sentinel)
            time.sleep(SAMPLE_SECONDS)

    def _sample(self, sentinel):
        try:
            master = sentinel.master_map()
            ballot = int(sentinel.info("sentinel").get("sentinel_current_epoch", 0))
        except (OSError, RespError):
            return
        self.samples += 1
        epoch, address = int(master["config-epoch"]), (master["ip"], int(master["port"]))
        known = self.masters.setdefault(epoch, {})
        known.setdefault(address, sentinel.name)
        if len(known) > 1:
            self._violated(f"config epoch {epoch} names {known}")
        for which, value in (("config epoch", epoch), ("current epoch", ballot)):
            highest = self._highest.get((sentinel.name, which), 0)
            if value < highest:
                self._violated(f"{sentinel.name}: {which} went back from {highest} to {value}")
            self._highest[sentinel.name, which] = max(highest, value)

    def _violated(self, text):
        if text not in self.violations:
            self.violations.append(text)
