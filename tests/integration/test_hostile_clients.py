"""Clients that send garbage, half commands, or come by the thousand: others are served, memory stays bounded."""

import random
import resource
import socket

from harness import wait_for
from harness.resp import RespClient, encode

RSS_GROWTH_BYTES_MAX = 200 << 20
CONNECTIONS_MAX = 10000
SPARE_DESCRIPTORS = 500
SEED = 7

HALF_COMMANDS = (
    b"*3\r\n$8\r\nSENTINEL\r\n$6\r\nMASTER\r\n$8\r\nmym", b"*1\r\n$4\r\nPI", b"*2\r\n", b"$5\r\nhel", b"PIN", b"*", b"\r\n*1\r\n",
)
ILL_LENGTHS = (
    b"*1000000000\r\n", b"*1\r\n$999999999999\r\n", b"*-5\r\n$4\r\nPING\r\n", b"*1\r\n$-7\r\n", b"*99999999999999999999\r\n",
    b"*1\r\n$4294967296\r\nPING\r\n", b"*2\r\n$4\r\nPING\r\n*1\r\n", b"*1\r\n$4\r\nPINGxx", b"*a\r\n", b"*1\r\n:5\r\n",
)


def raw(sentinel):
    link = socket.create_connection(sentinel.address, timeout=5.0)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def send(link, data):
    try:
        link.sendall(data)
    except OSError:
        pass  # It may rightly hang up on us.


def check_served(sentinel, expected):
    assert sentinel.call("PING", timeout=10.0) == "PONG"
    assert sentinel.master_address() == expected


def test_garbage_leaves_the_others_served_and_memory_bounded(deploy):
    dice = random.Random(SEED)
    with deploy() as cluster:
        master = cluster.wait_settled()
        sentinel = cluster.sentinels[0]
        start = sentinel.process.rss_bytes()
        with sentinel.client() as steady:
            for _ in range(300):
                with raw(sentinel) as link:
                    send(link, dice.randbytes(dice.randrange(1, 4096)))
            held = []
            for data in (HALF_COMMANDS + ILL_LENGTHS) * 20:
                held.append(raw(sentinel))
                send(held[-1], data)
            assert steady.call("PING") == "PONG"
            check_served(sentinel, master.address)
            for link in held:
                link.close()
            endless = raw(sentinel)  # An argument that never ends: cut off at query-buffer.
            endless.settimeout(10.0)
            try:
                endless.sendall(b"*2\r\n$4\r\nPING\r\n$536870000\r\n")
                for _ in range(512):
                    endless.sendall(b"x" * (1 << 20))
                raise AssertionError("half a gigabyte of one command was taken")
            except OSError:
                pass
            finally:
                endless.close()
            assert steady.call("PING") == "PONG"
        check_served(sentinel, master.address)
        assert sentinel.process.running
        assert sentinel.process.rss_bytes() - start < RSS_GROWTH_BYTES_MAX
        assert cluster.wait_settled() is master


def test_thousands_of_connections_leave_the_others_served(deploy):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(CONNECTIONS_MAX, hard - SPARE_DESCRIPTORS)
    links = []
    try:
        with deploy(sentinel_options={"limits": {"max-clients": CONNECTIONS_MAX + 1000}}) as cluster:
            master = cluster.wait_settled()
            sentinel = cluster.sentinels[0]
            start = sentinel.process.rss_bytes()
            steady = sentinel.client()
            for number in range(count):
                links.append(raw(sentinel))
                if number % 3 == 0:
                    send(links[-1], HALF_COMMANDS[number % len(HALF_COMMANDS)])
            assert steady.call("PING") == "PONG"
            check_served(sentinel, master.address)
            master.kill()  # And it still does its work.
            new = cluster.wait_switched(away_from=master)
            grown = sentinel.process.rss_bytes() - start
            print(f"{count} connections: {start >> 20} MB before, {grown >> 20} MB more")
            assert grown < RSS_GROWTH_BYTES_MAX
            for link in links:
                link.close()
            check_served(sentinel, new.address)
    finally:
        for link in links:
            link.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_subscriber_that_never_reads_is_let_go(deploy):
    limit = 1 << 16
    with deploy(sentinel_options={"limits": {"client-output-buffer": "64kb"}}) as cluster:
        cluster.wait_settled()
        sentinel = cluster.sentinels[0]
        slow = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(sentinel.address)
        try:
            # Every event comes once for each pattern, so the kernel's buffers are soon full.
            patterns = ["*" * length for length in range(1, 51)]
            slow.sendall(encode("PSUBSCRIBE", *patterns))
            before = connected_clients(sentinel)
            with sentinel.client() as loud:
                def let_go():
                    loud.pipeline([("SENTINEL", "SET", "mymaster", "quorum", "2")] * 200)
                    return connected_clients(sentinel) < before + 1
                wait_for(let_go, f"a subscriber {limit} bytes behind is closed", timeout=300.0)
        finally:
            slow.close()


def connected_clients(sentinel):
    return int(sentinel.info("clients")["connected_clients"])


def test_a_pipeline_of_many_commands_is_answered_in_order(deploy):
    with deploy() as cluster:
        cluster.wait_settled()
        with RespClient(cluster.sentinels[0].address) as client:
            replies = client.pipeline([("PING", number) for number in range(20000)])
        assert replies == [str(number) for number in range(20000)]
