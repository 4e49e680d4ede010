"""Integration tests: the real daemon, real redis-servers, real faults.

    /usr/bin/python3 -m pytest tests/integration                 # build/release/vigil-sentinel
    VIGIL_SENTINEL=$PWD/build/dev/vigil-sentinel /usr/bin/python3 -m pytest tests/integration

Logs of a failed test are in its captured output, and whole in the folder that output names.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness.fixtures import authority, deploy, hosts, names  # noqa: E402, F401
