"""Vigil's daemon as the harness runs it."""

import os
import subprocess

from harness.sentinel_node import REPOSITORY, SentinelNode


def ensure_release_build():
    """Builds build/release/vigil-sentinel if it is missing."""
    if os.path.exists(os.path.join(REPOSITORY, "build/release/vigil-sentinel")):
        return
    subprocess.run(["cmake", "--preset", "release"], cwd=REPOSITORY, check=True)
    subprocess.run(["ninja", "-C", "build/release", "vigil-sentinel"], cwd=REPOSITORY, check=True)


class VigilSentinel(SentinelNode):
    kind = "vigil"
