"""haproxy in front of a group, with configs/haproxy/haproxy.cfg as it is: clients that know one address only."""

import csv
import io
import os
import shutil
import urllib.request

import pytest

from harness import Process, RespClient, RespError, wait_for
from harness.fixtures import skip_loudly
from harness.ports import free_port
from harness.sentinel_node import REPOSITORY

CONFIG = os.path.join(REPOSITORY, "configs", "haproxy", "haproxy.cfg")


class Haproxy:
    def __init__(self, cluster):
        self.address = ("127.0.0.1", free_port())
        self._status_port = free_port()
        environment = {**os.environ, "LISTEN": f"127.0.0.1:{self.address[1]}", "GROUP": cluster.group.name,
                       "STATUS_LISTEN": f"127.0.0.1:{self._status_port}"}
        for index, node in enumerate(cluster.nodes):
            environment |= {f"REDIS{index}_HOST": node.address[0], f"REDIS{index}_PORT": str(node.port)}
        for index, sentinel in enumerate(cluster.sentinels):
            environment[f"SENTINEL{index}"] = "{}:{}".format(*sentinel.address)
        self.process = Process(["haproxy", "-f", CONFIG, "-db"], os.path.join(cluster.folder, "haproxy.log"),
                               cluster.folder, env=environment)

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.kill()

    def up(self, backend):
        """The names of a backend's servers that pass their checks."""
        assert self.process.running, self.process.log_text()
        with urllib.request.urlopen(f"http://127.0.0.1:{self._status_port}/;csv", timeout=5) as answer:
            rows = csv.DictReader(io.StringIO(answer.read().decode().removeprefix("# ")))
            return {row["svname"] for row in rows if row["pxname"] == backend and row["status"].startswith("UP")
                    and row["svname"] != "BACKEND"}

    def port_behind(self):
        """Which node answers a client of haproxy, if it accepts writes."""
        try:
            with RespClient(self.address, timeout=2.0) as client:
                client.call("SET", "through-haproxy", "1")
                return int(client.call("CONFIG", "GET", "port")[1])
        except (OSError, RespError):
            return None


@pytest.fixture
def installed():
    if not shutil.which("haproxy"):
        skip_loudly("haproxy is not installed: scripts/install-deps test")


def test_haproxy_asks_the_sentinels_and_follows_a_failover(deploy, installed):
    everybody = {"sentinel0", "sentinel1", "sentinel2"}
    with deploy() as cluster:
        old = cluster.wait_settled()
        with Haproxy(cluster) as haproxy:
            wait_for(lambda: haproxy.up("sentinels") == everybody, "option redis-check passes on sentinels")
            wait_for(lambda: haproxy.up("sentinels_name_node0") == everybody, "all sentinels name the first node")
            # Servers begin as up, until their first check.
            wait_for(lambda: not haproxy.up("sentinels_name_node1") and haproxy.up("nodes") == {"node0"},
                     "the others are not named, and refuse to be the master")
            assert haproxy.port_behind() == old.port

            cluster.sentinels[1].call("SENTINEL", "FAILOVER", cluster.group.name)
            new = cluster.wait_switched(away_from=old)
            wait_for(lambda: haproxy.port_behind() == new.port, "clients of haproxy reach the new master")

            cluster.wait_settled()
            new.kill()
            newest = cluster.wait_switched(away_from=new)
            wait_for(lambda: haproxy.port_behind() == newest.port, "and the next one")
            backend = f"sentinels_name_node{cluster.nodes.index(newest)}"
            wait_for(lambda: haproxy.up(backend) == everybody, "all sentinels name the newest master")
