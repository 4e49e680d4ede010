"""Vigil in the place of redis-sentinel: what a suite written for Redis Sentinel does, against `redis-sentinel FILE`.

    /usr/bin/python3 -m pytest tests/drop_in                          # vigil-sentinel, through a link of that name
    VIGIL_TEST_KIND=stock /usr/bin/python3 -m pytest tests/drop_in    # the tests themselves, against Debian's

One deployment serves each module; each begins with a group that is watched anew.
"""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from deployment import Deployment  # noqa: E402


@pytest.fixture(scope="session")
def running():
    with Deployment() as deployment:
        yield deployment


@pytest.fixture(scope="module")
def group(running):
    running.initialise()
    return running
