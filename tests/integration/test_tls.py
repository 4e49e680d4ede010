"""TLS on every link: clients, nodes, sentinels; with real redis-servers and redis-cli on TLS."""

import os
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from harness import RespClient, RespError, wait_for
from harness.certificates import Authority, NodeTls
from harness.vigil_node import program as vigil_program


def redis_cli(sentinel, *args, cert=None):
    """redis-cli --tls's output; None when it could not connect."""
    host, port = sentinel.address
    command = ["redis-cli", "-h", host, "-p", str(port), "--tls", "--cacert", sentinel.tls.authority.cert]
    if cert:
        command += ["--cert", cert.cert, "--key", cert.key]
    done = subprocess.run([*command, *args], capture_output=True, text=True, timeout=20)
    return done.stdout.strip() if done.returncode == 0 and not done.stderr else None


def logged(part, text):
    wait_for(lambda: text in part.process.log_text(), f"{part} logs {text!r}")


def test_a_whole_deployment_speaks_tls_and_fails_over(deploy, authority):
    with deploy(tls=lambda name: NodeTls(authority, authority.issue(name))) as cluster:
        old = cluster.wait_settled()
        sentinel = cluster.sentinels[0]
        client = authority.issue("client")
        answer = redis_cli(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster", cert=client)
        assert answer.split() == [old.address[0], str(old.port)]
        assert redis_cli(sentinel, "INFO", "server", cert=client).count(f"tcp_port:{sentinel.port}") == 1

        # More than a record, many requests at once, and a large reply: all whole and in order.
        with sentinel.client() as connection:
            big = "x" * 100_000
            replies = connection.pipeline([("PING", f"{i}{big}") for i in range(20)])
            assert replies == [f"{i}{big}" for i in range(20)]

        # Nobody gets in without TLS, or without a certificate of the authority.
        with socket.create_connection(sentinel.address) as plain:
            plain.settimeout(20)
            plain.sendall(b"PING\r\n")
            reply = b""
            try:
                while chunk := plain.recv(4096):
                    reply += chunk
            except ConnectionResetError:
                pass
            assert b"PONG" not in reply
        logged(sentinel, "Error accepting a client connection")
        assert redis_cli(sentinel, "PING") is None
        stranger = Authority(authority.folder, "stranger").issue("stranger")
        assert redis_cli(sentinel, "PING", cert=stranger) is None
        assert redis_cli(sentinel, "PING", cert=client) == "PONG"

        # A failover, everything over TLS.
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(new)
        assert cluster.wait_settled() is new

        # A renewed certificate is taken on SIGHUP; a bad one is not, and the old one goes on.
        path = sentinel.tls.certificate.cert
        before = shown_by(sentinel)
        with sentinel.client() as connection:
            authority.issue("sentinel0")
            os.kill(sentinel.process.pid, signal.SIGHUP)
            wait_for(lambda: shown_by(sentinel) != before, "the renewed certificate is shown")
            assert connection.call("PING") == "PONG", "who is connected stays connected"
        renewed = shown_by(sentinel)
        with open(path, "w") as file:
            file.write("not a certificate\n")
        os.kill(sentinel.process.pid, signal.SIGHUP)
        logged(sentinel, f"TLS goes on with the certificates it has: Failed to load certificate: {path}")
        assert shown_by(sentinel) == renewed
        # Without a signal: the files are looked at every ten seconds.
        authority.issue("sentinel0")
        wait_for(lambda: shown_by(sentinel) != renewed, "the new file was noticed")
        assert cluster.wait_settled() is new


def shown_by(sentinel):
    """The certificate a new connection gets to see."""
    with sentinel.client() as connection:
        return connection.socket.getpeercert(binary_form=True)


def test_client_certificates_are_required_or_optional_or_ignored_as_configured(deploy, authority):
    modes = {"sentinel0": "yes", "sentinel1": "optional", "sentinel2": "no"}
    with deploy(replicas=0, tls=lambda name: NodeTls(authority, authority.issue(name), modes.get(name, "yes"))) as cluster:
        cluster.wait_settled()
        good = authority.issue("client")
        bad = Authority(authority.folder, "unknown-ca").issue("client")
        required, optional, ignored = cluster.sentinels
        for sentinel, expected in ((required, (None, "PONG", None)), (optional, ("PONG", "PONG", None)),
                                   (ignored, ("PONG", "PONG", "PONG"))):
            got = tuple(redis_cli(sentinel, "PING", cert=cert) for cert in (None, good, bad))
            assert got == expected, sentinel.tls.auth_clients


def test_versions_before_tls_1_2_are_refused_and_1_3_can_be_demanded(deploy, authority):
    modern = {"sentinel1": {"min-version": "1.3"}}
    with deploy(replicas=0, sentinels=2, quorum=1,
                tls=lambda name: NodeTls(authority, authority.issue(name), **modern.get(name, {}))) as cluster:
        cluster.wait_settled()
        client = authority.issue("client")

        def version(sentinel, highest):
            context = authority.client_context(client)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = highest
            context.set_ciphers("ALL:@SECLEVEL=0")
            try:
                with RespClient(sentinel.address, tls=context) as connection:
                    connection.call("PING")
                    return connection.socket.version()
            except (ssl.SSLError, OSError):
                return None

        usual, strict = cluster.sentinels
        assert version(usual, ssl.TLSVersion.TLSv1_1) is None
        assert version(usual, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        assert version(usual, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        assert version(strict, ssl.TLSVersion.TLSv1_2) is None
        assert version(strict, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"


def test_a_wrong_authority_or_an_expired_certificate_is_refused_and_named(deploy, authority):
    other = Authority(authority.folder, "other-ca")

    def tls(name):
        if name == "redis1":
            # It accepts the others and shows them a certificate of somebody else.
            return NodeTls(authority, other.issue(name), auth_clients="no")
        if name == "sentinel2":
            expired = NodeTls(authority, authority.issue(name, days=-1), auth_clients="no")
            expired.context = credulous()
            return expired
        return NodeTls(authority, authority.issue(name))

    with deploy(replicas=0, tls=tls) as cluster:
        cluster.nodes[0].wait_ready()
        first, second, expired = cluster.sentinels
        logged(expired, "sentinel2.crt expired on 2020-02-01")
        logged(first, f"peer {expired.address[0]}:{expired.port}: TLS handshake: its certificate is refused: "
                      "certificate has expired (/CN=sentinel2)")
        wait_for(lambda: first.master_address() == cluster.nodes[0].address, "it watches")
        assert all(peer["port"] != str(expired.port) or "disconnected" in peer["flags"] or "s_down" in peer["flags"]
                   for peer in first.sentinel_maps())

        stranger = add_stranger(cluster, tls("redis1"))
        assert first.call("SENTINEL", "MONITOR", "stranger", *map(str, stranger.address), "1") == "OK"
        logged(first, f"-link-refused master stranger {stranger.address[0]} {stranger.port} #TLS handshake: "
                      "its certificate is refused: unable to get local issuer certificate (/CN=redis1)")


def credulous():
    """Believes every certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def add_stranger(cluster, tls):
    """A server that none of ours believes; asked over a connection that checks nothing."""
    tls.context = credulous()
    kept, cluster._tls = cluster._tls, lambda name: tls
    try:
        return cluster.add_node(master=None)
    finally:
        cluster._tls = kept


def test_handshakes_that_never_end_are_dropped(deploy, authority):
    with deploy(replicas=0, sentinels=1, quorum=1, tls=lambda name: NodeTls(authority, authority.issue(name)),
                sentinel_options={"limits": {"max-clients": 20}}) as cluster:
        sentinel = cluster.sentinels[0]
        silent = [socket.create_connection(sentinel.address) for _ in range(40)]
        try:
            assert sentinel.call("PING") == "PONG", "those without a handshake make room"
            for connection in silent:
                connection.settimeout(60)
                assert connection.recv(1) == b"", "closed after the deadline"
        finally:
            for connection in silent:
                connection.close()


def test_bad_settings_stop_the_start_and_say_why(authority, deploy):
    certificate = authority.issue("mismatch")
    tls = NodeTls(authority, certificate)
    with deploy(replicas=0, sentinels=1, quorum=1, start_sentinels=False, sentinel_options={"tls": tls}) as cluster:
        sentinel = cluster.sentinels[0]
        shutil.copy(authority.issue("another").key, certificate.key)
        sentinel.start()
        wait_for(lambda: not sentinel.process.running, "it refuses to start")
        assert "Failed to configure TLS: Failed to load private key" in sentinel.process.log_text()
        with pytest.raises((OSError, RespError)):
            sentinel.call("PING")


def test_vigilctl_speaks_tls_and_explains_what_it_refuses(deploy, authority):
    program = os.environ.get("VIGILCTL", os.path.join(os.path.dirname(vigil_program()), "vigilctl"))
    with deploy(replicas=1, tls=lambda name: NodeTls(authority, authority.issue(name))) as cluster:
        cluster.wait_settled()
        client = authority.issue("client")
        address = f"127.0.0.1:{cluster.sentinels[0].port}"

        def ctl(*args):
            done = subprocess.run([program, "--no-color", "--sentinel", address, *args], capture_output=True, text=True,
                                  timeout=60)
            return done.returncode, done.stdout + done.stderr

        files = ["--tls", "--cacert", authority.cert, "--cert", client.cert, "--key", client.key]
        code, text = ctl(*files, "status")
        assert code == 0, text
        assert str(cluster.nodes[1].port) in text
        code, text = ctl(*files, "events", "--for", "2")
        assert "(lost)" not in text
        code, text = ctl("--tls", "--cert", client.cert, "--key", client.key, "status")
        assert code == 2 and "its certificate is refused" in text
        code, text = ctl("--tls", "--insecure", "--cert", client.cert, "--key", client.key, "masters")
        assert code == 0 and "mymaster" in text
        code, text = ctl("--cacert", authority.cert, "status")
        assert code == 2 and "--tls" in text
