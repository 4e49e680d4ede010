"""redis-cli as people use it: interactively on a terminal, with a URL, in RESP3."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from harness import wait_for
from harness.certificates import Authority, NodeTls

LIMIT_SECONDS = 30.0
PASSWORD = "hunter2"


class Terminal:
    """redis-cli on a pseudo-terminal."""

    def __init__(self, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
            os.execvpe("redis-cli", ["redis-cli", *map(str, arguments)],
                       {**os.environ, "TERM": "xterm", "HOME": "/nonexistent"})
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def wait(self, expected):
        """Reads until `expected` appears behind what was waited for before."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while expected not in self.text:
            left = deadline - time.monotonic()
            assert left > 0, f"waited in vain for {expected!r}; the screen shows:\n{self.text}"
            if select.select([self.fd], [], [], left)[0]:
                self.text += os.read(self.fd, 65536).decode(errors="replace")
        before, _, self.text = self.text.partition(expected)
        return before


@pytest.fixture(scope="module")
def cluster(deploy_module):
    with deploy_module() as cluster:
        cluster.wait_settled()
        yield cluster


def run(*arguments):
    return subprocess.run(["redis-cli", *map(str, arguments)], capture_output=True, text=True, timeout=LIMIT_SECONDS)


def test_an_interactive_session_answers_and_hints(cluster):
    port = cluster.sentinels[0].port
    host, master_port = cluster.nodes[0].address
    prompt = f"127.0.0.1:{port}> "
    with Terminal("-p", port) as terminal:
        terminal.wait(prompt)
        # The hint is what COMMAND DOCS told about the arguments; it is written behind the cursor while typing.
        terminal.type("sentinel get-master-addr-by-name ")
        terminal.wait("master-name")
        terminal.type("mymaster\r")
        terminal.wait(f'1) "{host}"')
        terminal.wait(f'2) "{master_port}"')
        for line, answer in (("hello 3", '"mode" => "sentinel"'), ("sentinel masters", '"name" => "mymaster"'),
                             ("sentinel nonsense", "(error) ERR"), ("subscribe +switch-master", "subscribe")):
            terminal.wait(prompt)  # What is typed before it is thrown away.
            terminal.type(f"{line}\r")
            terminal.wait("\r\n")
            terminal.wait(answer)


def test_it_runs_single_commands_in_resp3(cluster):
    answered = run("-3", "-p", cluster.sentinels[0].port, "--json", "sentinel", "master", "mymaster")
    assert answered.returncode == 0 and '"name":"mymaster"' in answered.stdout, answered.stdout + answered.stderr


def test_it_takes_a_url_with_a_password(deploy):
    with deploy(sentinels=1, replicas=0, quorum=1, write_safety="off", sentinel_options={"password": PASSWORD}) as cluster:
        sentinel = cluster.sentinels[0]
        wait_for(lambda: sentinel.master_address() == cluster.nodes[0].address, "it knows the master")
        url = f"redis://default:{PASSWORD}@127.0.0.1:{sentinel.port}"
        assert run("-u", url, "sentinel", "get-master-addr-by-name", "mymaster").stdout.split()[1] == str(cluster.nodes[0].port)
        assert run("-u", url, "-3", "ping").stdout.strip() == "PONG"
        assert "NOAUTH" in run("-p", sentinel.port, "ping").stdout
        assert "WRONGPASS" in (wrong := run("-p", sentinel.port, "-a", "wrong", "ping")).stdout + wrong.stderr


def test_it_speaks_tls(deploy, tmp_path):
    authority = Authority(str(tmp_path))
    tls = NodeTls(authority, authority.issue("everybody", address="127.0.0.1"), auth_clients="no")
    with deploy(sentinels=1, replicas=0, quorum=1, write_safety="off", tls=tls) as cluster:
        port, ca = cluster.sentinels[0].port, authority.cert
        assert run("--tls", "--cacert", ca, "-p", port, "sentinel", "myid").stdout.strip() == cluster.sentinels[0].my_id()
        with Terminal("-u", f"rediss://127.0.0.1:{port}", "--cacert", ca) as terminal:
            terminal.wait("> ")
            terminal.type("sentinel get-master-addr-by-name ")
            terminal.wait("master-name")
            terminal.type("mymaster\r")
            terminal.wait(f'2) "{cluster.nodes[0].port}"')


def test_its_pipe_of_inline_commands_is_answered(cluster):
    """`redis-cli < file` as start-up scripts of containers do."""
    answered = subprocess.run(["redis-cli", "-p", str(cluster.sentinels[0].port)], capture_output=True, text=True,
                              input="ping\nsentinel ckquorum mymaster\n", timeout=LIMIT_SECONDS)
    assert answered.stdout.splitlines()[0] == "PONG" and answered.stdout.splitlines()[1].startswith("OK 3 usable")
