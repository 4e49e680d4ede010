"""pytest fixtures of all tests with real servers; a conftest.py imports them by name."""

import os
import shutil
import tempfile
import warnings

import pytest

from harness.certificates import Authority
from harness.cluster import Cluster
from harness.names import HostNames, NamesUnavailable
from harness.network import Network, NetworkUnavailable
from harness.vigil_node import ensure_release_build

KIND_VARIABLE = "VIGIL_TEST_KIND"  # "stock" tries the tests themselves against redis-sentinel.

# Short, so that the whole suite stays within minutes; two silent pings of a busy machine are not a failure yet.
DOWN_AFTER_MS = 500
STOCK_DOWN_AFTER_MS = 2000  # Stock pings once a down-after at most, and flaps when that is under a second.
FAILOVER_TIMEOUT_MS = 5000


def deploy_of_kind_under_test():
    """deploy(**options): a Cluster of the kind under test, with short times and YAML's default write safety."""
    kind_under_test = os.environ.get(KIND_VARIABLE, "vigil")

    def make(kind=kind_under_test, **options):
        defaults = {"down_after_ms": STOCK_DOWN_AFTER_MS if kind == "stock" else DOWN_AFTER_MS,
                    "failover_timeout_ms": FAILOVER_TIMEOUT_MS}
        if kind == "vigil":
            defaults["write_safety"] = "enforce"
        if kind != "stock":
            ensure_release_build()
        return Cluster(kind, **{**defaults, **options})

    return make


@pytest.fixture
def deploy():
    return deploy_of_kind_under_test()


@pytest.fixture(scope="module")
def deploy_module():
    """deploy() for fixtures that live as long as their module."""
    return deploy_of_kind_under_test()


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


@pytest.fixture
def names():
    """names(name, ...): a HostNames, gone after the test."""
    made = []

    def make(*wanted):
        try:
            made.append(HostNames(*wanted))
        except NamesUnavailable as problem:
            skip_loudly(f"no host names of our own here: {problem}")
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def authority():
    """A certificate authority of the test's own."""
    folder = tempfile.mkdtemp(prefix="vigil-ca-")
    os.chmod(folder, 0o755)
    yield Authority(folder)
    shutil.rmtree(folder, ignore_errors=True)
