"""bind, bind-source-addr, tcp-keepalive and tcp-backlog of a sentinel.conf, and their keys of the YAML file, as the
kernel and the other side see them."""

import re
import socket
import subprocess

import pytest

from harness import wait_for
from harness.resp import RespClient

SOURCE = "127.0.0.9"


def sockets_of(sentinel, *options):
    """ss's lines about the sentinel's port."""
    done = subprocess.run(["ss", "-Hntoi", *options, f"sport = :{sentinel.port}"], capture_output=True, text=True,
                          check=True, timeout=20)
    return done.stdout.splitlines()


def keepalive_timers(sentinel):
    return [line for line in sockets_of(sentinel) if "keepalive" in line]


def client_sources(server):
    """Where the sentinels' connections to this server come from."""
    return {re.search(r" addr=([^ ]+):\d+ ", line).group(1) for line in server.call("CLIENT", "LIST").splitlines()
            if "name=sentinel-" in line}


@pytest.mark.parametrize("kind", ["stock", "vigil-conf"])
def test_a_sentinel_conf_is_obeyed(deploy, kind):
    # Stock tells its source address to the others.
    lines = [f"bind-source-addr {SOURCE}", "tcp-keepalive 77", "tcp-backlog 99",
             f"bind localhost 127.0.0.8 {SOURCE} -192.0.2.1 -::1"]
    with deploy(kind=kind, replicas=1, sentinels=2, quorum=2, down_after_ms=2000,
                sentinel_options=lambda index: {"conf_lines": [] if index else lines}) as cluster:
        sentinel, other = cluster.sentinels
        # The harness writes a bind line of its own in front; the last one counts.
        with open(sentinel.config_path) as file:
            text = file.read()
        sentinel.stop()
        with open(sentinel.config_path, "w") as file:
            file.write("\n".join(line for line in text.splitlines() if line != "bind 127.0.0.1") + "\n")
        sentinel.restart()
        cluster.wait_settled()
        for node in cluster.nodes:
            wait_for(lambda n=node: client_sources(n) == {SOURCE, "127.0.0.1"}, f"{node} sees where they come from")
        if kind == "stock":
            with other.client() as client:
                assert SOURCE in client.call("CLIENT", "LIST"), "sentinels, too"
        for address in ("127.0.0.1", "127.0.0.8", "::1"):
            with RespClient((address, sentinel.port)) as client:
                assert client.call("PING") == "PONG"
                timers = keepalive_timers(sentinel)
                assert timers
                assert all(re.search(r"keepalive,(1min)?([0-9.]+sec)?,", line) for line in timers), "at most 77 s"
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.7", sentinel.port), timeout=5)
        backlogs = {line.split()[2] for line in sockets_of(sentinel, "-l") if line.startswith("LISTEN")}
        assert backlogs == {"99"}
        # What can't be bound stops the start, if it is not marked with "-".
        sentinel.stop()
        with open(sentinel.config_path) as file:
            text = file.read()
        with open(sentinel.config_path, "w") as file:
            file.write(text.replace("-192.0.2.1", "192.0.2.1"))
        sentinel.start()
        wait_for(lambda: not sentinel.process.running, "it refuses to start")
        assert "192.0.2.1" in sentinel.process.log_text()


def test_keepalive_can_be_off_and_a_source_that_is_not_ours_is_told(deploy):
    lines = ["bind-source-addr 192.0.2.1", "tcp-keepalive 0"]
    with deploy(kind="vigil-conf", replicas=0, sentinels=1, quorum=1,
                sentinel_options={"conf_lines": lines}) as cluster:
        sentinel = cluster.sentinels[0]
        with sentinel.client() as client:
            assert client.call("PING") == "PONG"
            assert not keepalive_timers(sentinel)
        wait_for(lambda: "can't connect from 192.0.2.1: Cannot assign requested address" in sentinel.process.log_text(),
                 "the log says why there is no link")


def test_yaml_has_the_same(deploy):
    options = {"source-address": SOURCE, "tcp-keepalive": "77s"}
    with deploy(replicas=1, sentinels=2, quorum=2, write_safety="off", sentinel_options=options) as cluster:
        cluster.wait_settled()
        for node in cluster.nodes:
            wait_for(lambda n=node: client_sources(n) == {SOURCE}, f"{node} sees where they come from")
        sentinel = cluster.sentinels[0]
        with sentinel.client() as client:
            assert client.call("PING") == "PONG"
            assert keepalive_timers(sentinel)
        assert SOURCE in "\n".join(sockets_of(sentinel)), "sentinels, too"
