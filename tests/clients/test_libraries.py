"""Eight client libraries at once: each finds the master, writes through failovers, and reads from replicas.

One deployment serves all of them, each with keys of its own, so that a failover is paid for once. Its servers keep
what they have (AOF): one that came back empty would be read from before it has copied the master. Its story happens
in a fixture, which only records; a test then judges one library in one chapter of it.
"""

import contextlib
import dataclasses
import time

import pytest

from clients.libraries import LIBRARIES, Application, lost_writes
from harness import wait_for
from harness.certificates import Authority, NodeTls
from harness.fixtures import skip_loudly

PASSWORD = "correct-horse-battery-staple"
PAUSE_MS = 20
CLIENT_SECONDS = 20.0  # The slowest waits a second between its attempts; the machine may be busy.
STEADY_WRITES = 10
DEPLOYMENT = {"down_after_ms": 1000, "persistence": "aof"}
NO_FSYNC = ("appendfsync", "no")  # The disk is left to the sentinels' votes; what is written survives a kill all the same.
TLS_LIBRARIES = [library for library in LIBRARIES if library.tls]


@dataclasses.dataclass
class Story:
    """chapters: {"kill": when all sentinels named the new master, in ms}; lost: {"kill": {library: its lost writes}}."""

    applications: dict
    installed: dict
    chapters: dict = dataclasses.field(default_factory=dict)
    lost: dict = dataclasses.field(default_factory=dict)

    def application(self, library, task="write"):
        if not self.installed[library]:
            skip_loudly(f"{library.title} is not installed: scripts/install-deps test")
        return self.applications[library, task]

    def all_went_on(self, since_ms):
        return all(a.written(since_ms) if a.task == "write" else a.reads(since_ms) for a in self.applications.values())


def now_ms():
    return time.monotonic() * 1000


def give_time(condition):
    """Until condition() is true or time is up: the tests judge who was too slow."""
    with contextlib.suppress(AssertionError):
        wait_for(condition, "all clients went on", CLIENT_SECONDS, poll=0.05)


@contextlib.contextmanager
def applications(cluster, libraries, **options):
    installed = {library: library.installed() for library in libraries}
    running = {(library, task): Application(library, task, cluster, PAUSE_MS, **options)
               for library in libraries if installed[library] for task in ("write", "read")}
    master = cluster.wait_settled()
    with master.client() as client:  # What the readers read. A writer's own first write may be refused.
        for library in libraries:
            client.call("SET", f"{library.key}:0", "0")
        wait_for(lambda: client.call("WAIT", 2, 1000) == 2, "the replicas have what is to be read")
    try:
        for application in running.values():
            application.process.start()
        story = Story(running, installed)
        give_time(lambda: story.all_went_on(0))
        story.chapters["start"] = now_ms()
        yield story
    finally:
        for application in running.values():
            application.process.kill()


def planned(cluster):
    return lambda _: cluster.sentinels[1].call("SENTINEL", "FAILOVER", cluster.group.name)


def chapter(story, cluster, name, fault):
    """fault(master) happens, the sentinels agree on another master, and every client gets time to follow."""
    old = cluster.wait_settled()
    steady_from = now_ms()
    give_time(lambda: all(len(a.written(steady_from)) >= STEADY_WRITES for a in story.applications.values()
                          if a.task == "write"))
    fault(old)
    new = cluster.wait_switched(away_from=old)
    story.chapters[name] = now_ms()
    give_time(lambda: story.all_went_on(story.chapters[name]))
    if old.process.paused:
        old.resume()
    if not old.process.running:
        old.restart()
    cluster.wait_follow(new)
    story.lost[name] = {application.library: lost_writes(application, new)
                        for application in story.applications.values() if application.task == "write"}


@pytest.fixture(scope="module")
def plain(deploy_module):
    """Kill, stop, planned, in this order."""
    with deploy_module(**DEPLOYMENT, node_config=(NO_FSYNC,)) as cluster, applications(cluster, LIBRARIES) as story:
        chapter(story, cluster, "planned", planned(cluster))
        chapter(story, cluster, "kill", lambda master: master.kill())
        chapter(story, cluster, "stop", lambda master: master.pause())
        yield story


@pytest.fixture(scope="module")
def locked(deploy_module):
    """Sentinels and nodes ask for passwords; a planned failover and a kill."""
    lines = (NO_FSYNC, ("requirepass", PASSWORD), ("masterauth", PASSWORD))
    with deploy_module(**DEPLOYMENT, node_config=lines, auth_pass=PASSWORD,
                       sentinel_options={"password": PASSWORD + "-of-sentinels"}) as cluster, \
            applications(cluster, LIBRARIES, password=PASSWORD, sentinel_password=PASSWORD + "-of-sentinels") as story:
        chapter(story, cluster, "planned", planned(cluster))
        chapter(story, cluster, "kill", lambda master: master.kill())
        yield story


@pytest.fixture(scope="module")
def encrypted(deploy_module, tmp_path_factory):
    """TLS everywhere, with certificates that name the address; a planned failover and a kill."""
    authority = Authority(str(tmp_path_factory.mktemp("authority")))
    tls = NodeTls(authority, authority.issue("everybody", address="127.0.0.1"), auth_clients="no")
    with deploy_module(**DEPLOYMENT, node_config=(NO_FSYNC,), tls=tls) as cluster, \
            applications(cluster, TLS_LIBRARIES, tls={"ca": authority.cert}) as story:
        chapter(story, cluster, "planned", planned(cluster))
        chapter(story, cluster, "kill", lambda master: master.kill())
        yield story


each_library = pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.key)


def judge(story, library, chapter_name):
    writer, reader = story.application(library), story.application(library, "read")
    since = story.chapters[chapter_name]
    assert writer.written(since), f"it does not write on\n{writer.story()}"
    reads = reader.reads(since)
    assert reads, f"it does not read on\n{reader.story()}"
    # A replica may be promoted under a reader that keeps its connection; it is still a right answer.
    assert {read["read"] for read in reads} == {"0"}


@each_library
def test_it_finds_the_master_and_a_replica(plain, library):
    writer, reader = plain.application(library), plain.application(library, "read")
    assert writer.written(), f"it never wrote\n{writer.story()}"
    first_reads = [read for read in reader.reads() if read["at"] < plain.chapters["start"]]
    assert first_reads, f"it never read\n{reader.story()}"
    assert all(read["role"] == "slave" for read in first_reads)


@each_library
@pytest.mark.parametrize("fault", ["planned", "kill", "stop"])
def test_it_writes_and_reads_through_a_failover(plain, library, fault):
    judge(plain, library, fault)


@each_library
def test_a_planned_failover_loses_no_acknowledged_write(plain, library):
    plain.application(library)
    assert not plain.lost["planned"][library]


@each_library
@pytest.mark.parametrize("fault", ["planned", "kill"])
def test_it_authenticates_to_sentinels_and_nodes(locked, library, fault):
    judge(locked, library, fault)
    if fault == "planned":
        assert not locked.lost["planned"][library]


@pytest.mark.parametrize("library", TLS_LIBRARIES, ids=lambda library: library.key)
@pytest.mark.parametrize("fault", ["planned", "kill"])
def test_it_speaks_tls_to_sentinels_and_nodes(encrypted, library, fault):
    judge(encrypted, library, fault)
    if fault == "planned":
        assert not encrypted.lost["planned"][library]
