"""A disk that refuses: the sentinel stops voting, says so, and recovers by itself."""

import os
import subprocess
import tempfile

import pytest

from harness import EventLog, RespError, never, wait_for
from harness.fixtures import skip_loudly

DISK_MB = 2
QUIET_SECONDS = 3.0


class SmallDisk:
    """A tmpfs of its own that can be filled to the last byte."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="vigil-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "vigil-test", self.path],
                              capture_output=True, text=True)
        if done.returncode != 0:
            os.rmdir(self.path)
            skip_loudly(f"no tmpfs can be mounted here: {done.stderr.strip()}")
        self._ballast = os.path.join(self.path, "ballast")

    def fill(self):
        with open(self._ballast, "wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    pass

    def empty(self):
        os.unlink(self._ballast)

    def close(self):
        subprocess.run(["umount", "-l", self.path], capture_output=True)
        os.rmdir(self.path)


@pytest.fixture
def disks():
    made = []

    def make(count):
        made.extend(SmallDisk() for _ in range(count))
        return made

    yield make
    for disk in made:
        disk.close()


def use_up_what_is_allocated(sentinel):
    """Changes settings until the store has to grow and cannot."""
    def refused():
        try:
            for number in range(50):
                sentinel.call("SENTINEL", "SET", "mymaster", "failover-timeout", str(5000 + number), timeout=10.0)
            return False
        except RespError:
            return True
    wait_for(refused, f"{sentinel} notices that its disk is full")


def test_sentinels_with_a_full_disk_stop_voting_say_so_and_recover(deploy, disks):
    small = disks(2)
    folders = iter([disk.path for disk in small] + [None])
    with deploy(sentinel_options=lambda index: {"state_dir": next(folders)}) as cluster, \
            EventLog(cluster.sentinels) as events:
        old = cluster.wait_settled()
        sick = cluster.sentinels[:2]
        for disk, sentinel in zip(small, sick):
            disk.fill()
            use_up_what_is_allocated(sentinel)
        for sentinel in sick:
            wait_for(lambda s=sentinel: any("store" in said.channel or "disk" in said.channel or "state" in said.channel
                                            for said in list(events.announcements) if said.sentinel is s),
                     f"{sentinel} announces it")
            text = sentinel.process.log_text().lower()
            assert "full" in text or "no space" in text, "the log says why"
            info = sentinel.call("INFO").lower()
            assert "store" in info or "state" in info, "INFO says so"
            assert sentinel.master_address() == old.address, "it still answers clients"

        old.kill()
        never(lambda: events.of("+promoted-slave") + events.of("+switch-master"),
              "a failover by votes that are on no disk", QUIET_SECONDS)
        for disk in small:
            disk.empty()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        assert cluster.wait_settled() is new
