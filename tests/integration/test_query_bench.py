"""scripts/bench query measures what it says, on a few thousand requests."""

from bench import load

SETTING = load.Setting(connections=5, pipeline=4)
REQUESTS = 4000


def test_a_measurement_of_few_requests_has_every_figure(deploy):
    with deploy() as cluster:
        cluster.wait_settled()
        result = load.measure(cluster.sentinels[0], SETTING, REQUESTS)
        assert result.rate > 0
        assert 0 < result.p50 <= result.p99 <= result.p999
        assert int(cluster.sentinels[0].info("stats")["total_commands_processed"]) >= REQUESTS
