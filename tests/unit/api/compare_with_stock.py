#!/usr/bin/python3
"""Asks a stock redis-sentinel and a Vigil sentinel the same and shows what differs.

    tests/unit/api/compare_with_stock.py 127.0.0.1:26379 mymaster

Starts a redis-sentinel of its own on a free port, watching a group of the
same name at the same address, and ends it afterwards. Answers that may differ
(ages, ids, versions) are compared by shape only. Exit status 1 if any differ.
"""
import re
import socket
import subprocess
import sys
import tempfile
import time

EXACT = """PING|PING a b|ping "a b"|FOO a b|FOO|SENTINEL|SENTINEL foo|SENTINEL MYID x|SENTINEL MASTER nope
SENTINEL CKQUORUM nope|SENTINEL FAILOVER nope|SENTINEL REMOVE nope|SENTINEL RESET nope*|SENTINEL SENTINELS nope
SENTINEL GET-MASTER-ADDR-BY-NAME nope|SENTINEL GET-MASTER-ADDR-BY-NAME {group}
SENTINEL SET nope quorum 1|SENTINEL SET {group} foo bar|SENTINEL SET {group} quorum 0|SENTINEL SET {group} quorum
SENTINEL MONITOR a 127.0.0.1 1 x|SENTINEL MONITOR a 127.0.0.1 x 1|SENTINEL MONITOR a 127.0.0.1 1 0
SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 x 0 *|SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *
HELLO 4|HELLO x|HELLO 2 FOO|AUTH|AUTH x|AUTH a b c|AUTH default x|CLIENT|CLIENT foo|CLIENT GETNAME
CLIENT TRACKING ON OPTIN|CLIENT REPLY x|CLIENT KILL ID x|CLIENT KILL TYPE foo|CLIENT LIST TYPE foo|ROLE x
INFO nothing|PUBLISH a b|PUBLISH __sentinel__:hello b|UNSUBSCRIBE|SUBSCRIBE a b|SHUTDOWN foo|ACL WHOAMI""".replace("\n", "|").split("|")
SHAPE = ["SENTINEL MASTER {group}", "HELLO 2", "HELLO 3", "INFO cpu"]
BROKEN = [b"*x\r\n", b"*1\r\n$-1\r\n", b"*1\r\n+a\r\n", b"ping 'a\r\n", b"a" * 65537, b"GET / HTTP/1.1\r\nHost: x\r\n"]
SILENCE = 0.4  # Seconds without a byte: the answer is complete.


def ask(address, request):
    with socket.create_connection(address) as link:
        link.sendall(request)
        link.settimeout(SILENCE)
        answer = b""
        try:
            while part := link.recv(65536):
                answer += part
            answer += b"<closed>"
        except socket.timeout:
            pass
        except ConnectionError:
            answer += b"<closed>"
    return answer


def shape(answer):
    """Field names and frame kinds stay, digits and values with digits go."""
    return re.sub(rb"\$\d+\r\n[^\r\n]*[\d.][^\r\n]*\r\n|[$:]\d+\r\n", b"#", re.sub(rb"\d+", b"0", answer))


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    vigil, group = (host, int(port)), sys.argv[2]
    found = ask(vigil, b"SENTINEL GET-MASTER-ADDR-BY-NAME %s\r\n" % group.encode()).split(b"\r\n")
    master = (found[2].decode(), found[4].decode())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        stock = probe.getsockname()
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/s.conf", "w") as conf:
            conf.write(f"port {stock[1]}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor {group} {master[0]} {master[1]} 2\n")
        server = subprocess.Popen(["redis-sentinel", f"{folder}/s.conf"], stdout=subprocess.DEVNULL)
        try:
            while True:
                try:
                    socket.create_connection(stock).close()
                    break
                except ConnectionError:
                    time.sleep(0.05)
            time.sleep(2)  # Both have read INFO by now.
            rows = [((r.format(group=group) + "\r\n").encode(), bytes) for r in EXACT]
            rows += [(r, bytes) for r in BROKEN]
            rows += [((r.format(group=group) + "\r\n").encode(), shape) for r in SHAPE]
            differ = 0
            for request, view in rows:
                theirs, ours = (view(ask(address, request)) for address in (stock, vigil))
                if theirs != ours:
                    differ += 1
                    print(f"{request[:60]!r}\n  stock {theirs[:400]!r}\n  vigil {ours[:400]!r}")
            print(f"{len(rows)} requests, {differ} answers differ")
            return 1 if differ else 0
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
