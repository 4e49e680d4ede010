"""The bench of lost writes still measures: its ledgers see a loss, find it in the rescue file and see it come back."""

from bench import loss
from harness.vigil_node import ensure_release_build

DOWN_AFTER_MS = 500


def test_a_stopped_master_loses_what_it_acknowledges_and_a_replay_gives_it_back():
    ensure_release_build()
    result = loss.measure("vigil", "stop-and-continue", 1, DOWN_AFTER_MS, jitter_seconds=0.0)
    assert result["lost"] > 0, "what waited in the stopped master's socket"
    assert result["rescued"] == result["lost"]
    assert result["gone"] == 0
    assert result["refused_ms"] is not None
    kept = {("stop-and-continue", 1, "vigil"): [result]}
    assert loss.broken_promises(kept) == []
    assert loss.broken_promises({("stop-and-continue", 1, "vigil"): [{**result, "rescued": 0, "gone": 1}]})
    assert "stop-and-continue, 1 writer, vigil" in loss.table(kept)


def test_a_planned_failover_loses_nothing():
    ensure_release_build()
    result = loss.measure("vigil", "planned", 2, DOWN_AFTER_MS, jitter_seconds=0.0)
    assert result["acknowledged"] > 0
    assert (result["lost"], result["full_syncs"]) == (0, 0)
