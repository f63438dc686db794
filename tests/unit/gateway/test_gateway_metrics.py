"""What a gateway tells of its work, as Prometheus reads it."""

from prometheus_client import generate_latest

from pipeline.gateway.metrics import GatewayMetrics


def test_durations_are_a_histogram() -> None:
    """Each bucket counts all that took at most so long, the last one all."""
    metrics = GatewayMetrics()
    for seconds in (0.004, 0.005, 0.3, 11.0):
        metrics.seconds.observe(seconds)
    lines = generate_latest(metrics.registry).decode().splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if line.startswith("vigie_gateway_seconds"))
    found = [float(told[f'vigie_gateway_seconds_bucket{{le="{bound}"}}']) for bound in ("0.005", "0.25", "0.5", "+Inf")]
    assert [2, 2, 3, 4] == found
    assert (4, 11.309) == (float(told["vigie_gateway_seconds_count"]), float(told["vigie_gateway_seconds_sum"]))
