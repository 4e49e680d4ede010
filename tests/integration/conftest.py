"""Integration tests: the real daemon, real redis-servers, real faults.

    /usr/bin/python3 -m pytest tests/integration                 # build/release/vigil-sentinel
    VIGIL_SENTINEL=build/dev/vigil-sentinel /usr/bin/python3 -m pytest tests/integration

Logs of a failed test are in its captured output, and whole in the folder that output names.
"""

import os
import sys
import warnings

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import Cluster, Network, NetworkUnavailable  # noqa: E402
from harness.vigil_node import ensure_release_build  # noqa: E402

# Short, so that the whole suite stays within minutes; two silent pings of a busy machine are not a failure yet.
DOWN_AFTER_MS = 500
FAILOVER_TIMEOUT_MS = 5000


def pytest_addoption(parser):
    parser.addoption("--kind", default="vigil", choices=("vigil", "stock"),
                     help="stock: try the tests themselves against redis-sentinel")


@pytest.fixture
def deploy(request):
    """A Cluster of the kind under test with short times and, as in YAML's defaults, write safety enforced."""
    kind = request.config.getoption("--kind")

    def make(**options):
        defaults = {"down_after_ms": DOWN_AFTER_MS, "failover_timeout_ms": FAILOVER_TIMEOUT_MS}
        if kind == "vigil":
            defaults["write_safety"] = "enforce"
            ensure_release_build()
        return Cluster(kind, **{**defaults, **options})

    return make


def skip_loudly(reason):
    """A test that could not run must not look like one that passed."""
    warnings.warn(f"SKIPPED: {reason}", stacklevel=2)
    pytest.skip(reason)


@pytest.fixture
def hosts():
    """hosts(n): a Network of n hosts, gone after the test."""
    networks = []

    def make(count):
        try:
            networks.append(Network(count))
        except NetworkUnavailable as problem:
            skip_loudly(f"no network namespaces here: {problem}")
        return networks[-1]

    yield make
    for network in networks:
        network.close()
