"""Scripts with stock's contract, and webhooks: each told at least once, whatever dies in between."""

import hashlib
import hmac
import http.server
import json
import os
import stat
import threading

import pytest

from harness import wait_for

SECRET = "webhook-secret"


class Receiver:
    """An HTTP server that keeps what it got; `status` is what it answers."""

    def __init__(self):
        self.status = 200
        self.requests = []  # (headers, body, status answered)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((dict(self.headers), body, receiver.status))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts?token=x"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def delivered(self, event):
        return [json.loads(body) for _, body, status in list(self.requests)
                if status == 200 and json.loads(body)["event"] == event]


@pytest.fixture
def script(tmp_path):
    """script(name): an executable that appends its arguments to <name>.log, one line a run."""
    def make(name):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/{name}.log\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    def lines(name):
        log = tmp_path / f"{name}.log"
        return log.read_text().splitlines() if log.exists() else []

    make.lines = lines
    return make


def test_scripts_are_run_with_stocks_arguments(deploy, script):
    with deploy(notification_script=script("notify"), client_reconfig_script=script("reconfig")) as cluster:
        old = cluster.wait_settled()
        old.kill()
        new = cluster.wait_switched(away_from=old)
        moved = f"start 127.0.0.1 {old.port} 127.0.0.1 {new.port}"
        wait_for(lambda: len(script.lines("reconfig")) == 3, "each sentinel runs the reconfiguration script")
        assert sorted(script.lines("reconfig")) == [f"mymaster leader {moved}", *[f"mymaster observer {moved}"] * 2]
        switch = f"+switch-master mymaster 127.0.0.1 {old.port} 127.0.0.1 {new.port}"
        wait_for(lambda: script.lines("notify").count(switch) == 3, "each sentinel notifies")
        # The quorum saw it down; the third sentinel may learn of the new master before its own patience ends.
        assert script.lines("notify").count(f"+sdown master mymaster 127.0.0.1 {old.port}") in (2, 3)


def test_webhooks_are_posted_signed_and_with_a_key(deploy):
    with Receiver() as receiver, \
            deploy(sentinel_options={"webhooks": [{"url": receiver.url, "secret": SECRET}]}) as cluster:
        old = cluster.wait_settled()
        old.kill()
        new = cluster.wait_switched(away_from=old)
        wait_for(lambda: receiver.delivered("+switch-master"), "the switch is posted")
        told = receiver.delivered("+switch-master")[0]
        assert told["group"] == "mymaster" and len(told["sentinel"]) == 40
        assert told["master_switch"]["to"] == {"host": "127.0.0.1", "port": new.port}
        for headers, body, _ in receiver.requests:
            expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            assert headers["X-Vigil-Signature"] == f"sha256={expected}"
            assert headers["Idempotency-Key"] == json.loads(body)["key"]
            assert headers["Content-Type"] == "application/json"


def test_an_alert_is_delivered_after_the_sentinel_was_killed_before_delivery(deploy):
    with Receiver() as receiver, \
            deploy(sentinels=1, quorum=1, sentinel_options={"webhooks": [{"url": receiver.url}]}) as cluster:
        old = cluster.wait_settled()
        sentinel = cluster.sentinels[0]
        receiver.status = 503
        already = len(receiver.requests)
        old.kill()
        cluster.wait_switched(away_from=old)
        wait_for(lambda: len(receiver.requests) > already, "a first, failing attempt")
        sentinel.kill()
        receiver.status = 200
        sentinel.restart()
        wait_for(lambda: receiver.delivered("+switch-master"), "the alert from before the kill", timeout=60.0)
        events = [json.loads(body)["event"] for _, body, status in receiver.requests[already:] if status == 200]
        order = [event for event in events if event in ("+sdown", "+odown", "+switch-master")]
        assert order[:3] == ["+sdown", "+odown", "+switch-master"], "in order"
        keys = [told["key"] for told in receiver.delivered("+switch-master")]
        assert len(set(keys)) == 1, "a repeated delivery carries the same key"


def test_a_script_killed_with_its_sentinel_runs_again(deploy, tmp_path):
    log = tmp_path / "runs.log"
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\necho "$1" >> {log}\n[ -e {tmp_path}/go ] || exec sleep 600\n')
    slow.chmod(0o755)

    def runs(event):
        return log.read_text().splitlines().count(event) if log.exists() else 0

    with deploy(sentinels=1, quorum=1, notification_script=str(slow)) as cluster:
        sentinel = cluster.sentinels[0]
        wait_for(lambda: runs("+monitor") == 1, "the script runs, and hangs")
        children = children_of(sentinel.process.pid)
        sentinel.kill()
        for pid in children:  # Nobody is left to end it.
            os.kill(pid, 9)
        (tmp_path / "go").touch()
        sentinel.restart()
        wait_for(lambda: runs("+monitor") >= 2, "the same alert is told again")


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]
