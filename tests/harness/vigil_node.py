"""Vigil's daemon as the harness runs it."""

import os
import subprocess

from harness.network import text_of
from harness.sentinel_node import REPOSITORY, ConfSentinel, SentinelNode

PROGRAM_VARIABLE = "VIGIL_SENTINEL"  # A path; without it the release build is used.
RELEASE_PROGRAM = os.path.join(REPOSITORY, "build", "release", "vigil-sentinel")


def program():
    return os.environ.get(PROGRAM_VARIABLE, RELEASE_PROGRAM)


def ensure_release_build():
    """Builds build/release/vigil-sentinel if nothing is there to run."""
    if os.path.exists(program()):
        return
    subprocess.run(["cmake", "--preset", "release"], cwd=REPOSITORY, check=True)
    subprocess.run(["ninja", "-C", "build/release", "vigil-sentinel"], cwd=REPOSITORY, check=True)


class VigilSentinel(SentinelNode):
    """`process_options`: peers (addresses), tls (a NodeTls), master_host (a name for the master), announce_hostnames
    (on or off), password, webhooks (a list of maps), limits (a map), state_dir, and keys of the configuration about
    access."""

    kind = "vigil"

    def _write_config(self, master, process_options):
        options = dict(process_options)
        host, port = self.address
        self.state_dir = options.pop("state_dir", None) or os.path.join(self.folder, "state")
        os.makedirs(self.state_dir, exist_ok=True)
        master = (options.pop("master_host", master[0]), master[1])
        config = {
            "port": port, "bind": [host], "announce-host": host, "state-dir": self.state_dir,
            "peers": [text_of(peer) for peer in options.pop("peers", [])],
            "log": {"level": "debug"},
            "groups": [self._group(master)],
        }
        if self.tls:
            config["tls"] = self.tls.yaml()
        if "announce_hostnames" in options:
            config["announce-hostnames"] = options.pop("announce_hostnames")
        for name in ("password", "webhooks", "limits", "users", "acl-file", "peer-user", "peer-password", "protected-mode",
                     "source-address", "tcp-keepalive"):
            if name in options:
                config[name] = options.pop(name)
        assert not options, f"unknown sentinel options: {options}"
        self.config_path = os.path.join(self.folder, "sentinel.yaml")
        with open(self.config_path, "w") as file:
            file.write(as_yaml(config))
        os.chmod(self.config_path, 0o600)
        return [program(), self.config_path]

    def _group(self, master):
        group = self.group
        settings = {
            "name": group.name, "master": text_of(master), "quorum": group.quorum,
            "down-after": f"{group.down_after_ms}ms", "failover-timeout": f"{group.failover_timeout_ms}ms",
            "parallel-syncs": group.parallel_syncs, "crash-detection": "on" if group.crash_detection else "off",
            "write-safety": group.write_safety, "write-safety-replicas": group.min_replicas,
            "write-safety-max-lag": f"{group.max_lag_s}s",
        }
        settings.update(group.vigil)
        for key, value in (("auth-user", group.auth_user), ("auth-password", group.auth_pass),
                           ("notification-script", group.notification_script),
                           ("client-reconfig-script", group.client_reconfig_script),
                           ("rename-commands", group.rename_commands)):
            if value:
                settings[key] = value
        return settings


class VigilConfSentinel(ConfSentinel):
    """Vigil on the sentinel.conf that redis-sentinel would get: the kind "vigil-conf" of a Cluster."""

    kind = "vigil-conf"

    def _program(self):
        return program()


def as_yaml(value, indent=0):
    """Block maps, and flow lists of scalars; enough for our files."""
    pad = "  " * indent
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            if isinstance(item, dict) or (isinstance(item, list) and item and isinstance(item[0], dict)):
                lines.append(f"{pad}{key}:\n{as_yaml(item, indent + 1)}")
            else:
                lines.append(f"{pad}{key}: {scalar(item)}\n")
        return "".join(lines)
    text = ""
    for item in value:
        block = as_yaml(item, indent + 1)
        text += f"{pad}- {block.lstrip()}"
    return text


def scalar(value):
    if isinstance(value, list):
        return "[" + ", ".join(scalar(item) for item in value) + "]"
    if isinstance(value, int):
        return str(value)
    return str(value) if value in ("on", "off") else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
