"""One test a script; the deployments are shared, and each script leaves them as it found them."""

import glob
import os

import pytest

import documented
from comparison import Comparison
from deployment import Deployment
from harness.vigil_node import ensure_release_build
from script_language import parse

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts")
COMMANDS_MIN = 300


def read_scripts():
    scripts = {}
    for path in sorted(glob.glob(os.path.join(FOLDER, "*.txt"))):
        with open(path) as file:
            scripts[os.path.basename(path)[:-4]] = parse(file.read())
    return scripts


SCRIPTS = read_scripts()


@pytest.fixture(scope="module")
def pairs():
    """pairs(shape): a stock and a Vigil deployment, started when first asked for."""
    ensure_release_build()
    started = {}

    def pair(shape):
        if shape not in started:
            started[shape] = [Deployment(kind, shape) for kind in ("stock", "vigil")]
            for deployment in started[shape]:
                deployment.start()
        return started[shape]

    yield pair
    for deployments in started.values():
        for deployment in deployments:
            deployment.end()


@pytest.fixture(scope="module")
def rows():
    return documented.read()


@pytest.fixture(scope="module")
def done():
    """How many commands each script compared."""
    return {}


@pytest.mark.parametrize("name", SCRIPTS)
def test_vigil_answers_as_redis_sentinel(name, pairs, rows, done):
    steps = SCRIPTS[name]
    shape = steps[0].words[0] if steps[0].directive == "deploy" else "alone"
    stock, vigil = pairs(shape)
    for side in (stock, vigil):
        side.settle()
    comparison = Comparison(name, stock, vigil, rows)
    try:
        comparison.run(steps)
    finally:
        for side in (stock, vigil):
            side.forget_connections()
    done[name] = comparison.commands
    if comparison.failures:
        pytest.fail("\n".join([f"{len(comparison.failures)} undocumented differences:", *comparison.failures]),
                    pytrace=False)


def help_entries(lines):
    """[[name, lines of text], ...]; the headline apart."""
    entries = []
    for line in lines[1:]:
        if line.startswith(" "):
            entries[-1][1] += 1
        else:
            entries.append([line.split()[0], 0])
    return entries


@pytest.mark.parametrize("container", ["SENTINEL", "CLIENT", "ACL", "COMMAND"])
def test_help_has_stocks_subcommands_in_its_order_with_as_many_lines(container, pairs):
    stock, vigil = (side.cluster.sentinels[0].call(container, "HELP") for side in pairs("alone"))
    assert vigil[0] == stock[0]
    theirs, ours = help_entries(stock), help_entries(vigil)
    assert ours[:len(theirs) - 1] == theirs[:-1], "what only Vigil has stands behind"
    assert ours[-1] == theirs[-1]
    assert all(lines > 0 for name, lines in ours[len(theirs) - 1:])


def test_every_listed_difference_occurs(rows, done):
    """A row that nothing needs any more says something wrong about Vigil."""
    if len(done) < len(SCRIPTS):
        pytest.skip("not all scripts ran")
    unused = [f"docs/compatibility.md:{row.line}" for row in rows if not row.used]
    assert not unused, unused


def test_the_scripts_ask_enough(done):
    if len(done) < len(SCRIPTS):
        pytest.skip("not all scripts ran")
    assert sum(done.values()) >= COMMANDS_MIN
