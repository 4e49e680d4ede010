"""The bench of many groups still measures: a small fleet is discovered, and a storm on half of it ends."""

from bench import fleet
from bench.fleet_deployment import ensure_fleet_build
from harness.vigil_node import ensure_release_build

GROUPS = 10
STORM = 5


def test_half_of_a_small_fleet_fails_over():
    ensure_release_build()
    ensure_fleet_build()
    result = fleet.measure("vigil", GROUPS, STORM, down_after_ms=500, limit_s=60.0, steady_s=2.0)
    assert result["discovery_s"] is not None
    assert result["connections"] == 3 * 3 * GROUPS
    assert result["promoted"] == STORM
    assert result["agreed_s"] is not None
    assert result["unwanted"] == 0
    assert result["wrong"] == 0
