"""TLS as a sentinel.conf says it: the whole deployment, beside redis-sentinel in one quorum, and renewed while it runs."""

import os
import signal
import subprocess

import pytest

from harness import RespError, wait_for
from harness.certificates import NodeTls
from harness.ports import free_port

DOWN_AFTER_MS = 1500  # Stock pings once a second.
FAILOVER_TIMEOUT_MS = 4000


def tls_of(authority):
    return lambda name: NodeTls(authority, authority.issue(name))


def redis_cli(tls, port, *args, certificate=None):
    """What it prints; None when it was not let in."""
    done = subprocess.run(["redis-cli", "-p", str(port), *tls.redis_cli(certificate), *args], capture_output=True,
                          text=True, timeout=20)
    return done.stdout.strip() if done.returncode == 0 and not done.stderr else None


def peer_certificate(sentinel):
    """What a new connection gets to see."""
    with sentinel.client() as connection:
        return connection.socket.getpeercert(binary_form=True)


def fail_over_by_death(cluster):
    old = cluster.wait_settled()
    old.kill()
    new = cluster.wait_switched(away_from=old)
    old.restart()
    cluster.wait_follow(new)
    assert cluster.wait_settled() is new
    return new


def test_a_deployment_on_sentinel_conf_fails_over_and_takes_other_certificates(deploy, authority):
    links = authority.issue("links")  # Shown where sentinels connect to others.
    plain_port = free_port()
    lines = [f"tls-client-cert-file {links.cert}", f"tls-client-key-file {links.key}",
             'tls-protocols "TLSv1.2 TLSv1.3"', "tls-ciphers DEFAULT:!MEDIUM", "tls-prefer-server-ciphers yes"]
    with deploy(kind="vigil-conf", tls=tls_of(authority), down_after_ms=1000,
                sentinel_options=lambda index: {"conf_lines": lines}) as cluster:
        fail_over_by_death(cluster)
        sentinel, other = cluster.sentinels[:2]
        tls, port = sentinel.tls, sentinel.port
        client = authority.issue("client")
        host, master_port = cluster.master.address
        answer = redis_cli(tls, port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster", certificate=client)
        assert answer.split() == [host, str(master_port)]
        assert redis_cli(tls, port, "PING") is None, "tls-auth-clients yes"
        assert int(other.sentinel_maps()[0]["port"]) in [s.port for s in cluster.sentinels], "they tell the TLS port"

        def config(*words, at=sentinel):
            return at.call("SENTINEL", "CONFIG", *words)

        # Another certificate and key, by command: new connections see it, who is connected stays.
        other_pair = authority.issue("sentinel0-renewed")
        before = peer_certificate(sentinel)
        with sentinel.client() as connection:
            assert connection.call("SENTINEL", "CONFIG", "SET", "tls-cert-file", other_pair.cert,
                                   "tls-key-file", other_pair.key) == "OK"
            assert peer_certificate(sentinel) != before
            assert connection.call("PING") == "PONG"
        assert config("GET", "tls-cert-file") == ["tls-cert-file", other_pair.cert]

        # What does not work is refused whole, says why, and the present certificate stays in use.
        now = peer_certificate(sentinel)
        missing = os.path.join(sentinel.folder, "missing.crt")
        for words, expected in ((("tls-cert-file", missing), "ERR Unable to update TLS configuration: Failed to load "
                                                             f"certificate: {missing}: error:.*No such file or directory"),
                                (("tls-cert-file", client.cert), "Failed to load private key"),
                                (("tls-ca-cert-file", other_pair.key), "Failed to configure CA certificate"),
                                (("tls-protocols", "TLSv9"), "Invalid tls-protocols specified"),
                                (("tls-ciphers", "nonsense"), "Failed to configure ciphers: nonsense"),
                                (("tls-auth-clients", "maybe"), "ERR Invalid value 'maybe'"),
                                (("tls-cert-file", "a\nb"), "ERR Invalid value"),
                                (("tls-port", "1"), "ERR Invalid argument 'tls-port'"),
                                (("announce-port", "7777", "tls-key-file", missing), "Failed to load private key")):
            with pytest.raises(RespError, match=expected.replace("(", r"\(")):
                config("SET", *words)
        assert config("GET", "announce-port") == ["announce-port", "0"]
        assert config("GET", "tls-cert-file", "tls-protocols") == ["tls-cert-file", other_pair.cert, "tls-protocols",
                                                                  "TLSv1.2 TLSv1.3"]
        assert peer_certificate(sentinel) == now

        # Who must show a certificate, at once. A password of a key is never told.
        assert config("SET", "tls-auth-clients", "no") == "OK"
        assert redis_cli(tls, port, "PING") == "PONG"
        locked = authority.issue("locked", password="open-sesame")
        with pytest.raises(RespError, match="Failed to load private key"):
            config("SET", "tls-cert-file", locked.cert, "tls-key-file", locked.key)
        assert config("SET", "tls-cert-file", locked.cert, "tls-key-file", locked.key, "tls-key-file-pass",
                      "open-sesame") == "OK"
        assert config("GET", "tls-*pass") == ["tls-key-file-pass", "******", "tls-client-key-file-pass", ""]
        assert peer_certificate(sentinel) != now

        # The file says so in place of its old lines: redis-sentinel would start with the same, and so do we.
        text = sentinel.config_text().splitlines()
        assert [line for line in text if line.startswith("tls-cert-file")] == [f"tls-cert-file {locked.cert}"]
        assert "tls-key-file-pass open-sesame" in text and "tls-auth-clients no" in text
        seen = peer_certificate(sentinel)
        sentinel.stop()
        sentinel.restart()
        assert peer_certificate(sentinel) == seen
        assert redis_cli(tls, port, "PING") == "PONG"

        # A renewed file of the same name, by SIGHUP.
        authority.issue("sentinel1")
        before = peer_certificate(other)
        os.kill(other.process.pid, signal.SIGHUP)
        wait_for(lambda: peer_certificate(other) != before, "the renewed certificate is shown")

        # Plain text beside TLS, and the failover after all of this.
        third = cluster.sentinels[2]
        third.stop()
        text = third.config_text()
        with open(third.config_path, "w") as file:
            file.write(text.replace("\nport 0\n", f"\nport {plain_port}\n"))
        third.restart()
        done = subprocess.run(["redis-cli", "-p", str(plain_port), "PING"], capture_output=True, text=True, timeout=20)
        assert done.stdout.strip() == "PONG"
        fail_over_by_death(cluster)


@pytest.mark.parametrize("kinds", [("vigil-conf", "stock", "stock"), ("vigil-conf", "vigil-conf", "stock")])
def test_both_kinds_in_one_quorum_over_tls(deploy, authority, kinds):
    with deploy(kinds=list(kinds), tls=tls_of(authority), down_after_ms=DOWN_AFTER_MS,
                failover_timeout_ms=FAILOVER_TIMEOUT_MS, write_safety="off") as cluster:
        master = cluster.wait_settled()
        ids = {sentinel.my_id() for sentinel in cluster.sentinels}
        for sentinel in cluster.sentinels:
            assert {entry["runid"] for entry in sentinel.sentinel_maps()} == ids - {sentinel.my_id()}
            assert sentinel.call("SENTINEL", "CKQUORUM", "mymaster").startswith("OK 3 usable")

        # A death: they agree over TLS, and one is elected.
        master = fail_over_by_death(cluster)

        # Each kind leads a planned one, and the others adopt it.
        for kind in ("vigil-conf", "stock"):
            old, leader = master, next(s for s in cluster.sentinels if s.kind == kind)
            assert leader.call("SENTINEL", "FAILOVER", "mymaster") == "OK"
            master = cluster.wait_switched(away_from=old)
            cluster.wait_follow(master)
            assert cluster.wait_settled() is master
            assert len({sentinel.config_epoch() for sentinel in cluster.sentinels}) == 1

        # The whole way over: redis-sentinel goes on from the file that Vigil wrote, and the other way round.
        first, last = cluster.sentinels[0], cluster.sentinels[-1]
        known = first.my_id(), last.my_id()
        cluster.swap_program(0, "stock")
        cluster.swap_program(len(kinds) - 1, "vigil-conf")
        assert (first.my_id(), last.my_id()) == known
        assert cluster.wait_settled() is master
        fail_over_by_death(cluster)
