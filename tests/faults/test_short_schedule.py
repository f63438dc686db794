"""A short schedule of faults against the whole road; `make soak` runs a long one."""

from pathlib import Path

import pytest

from pipeline.simulation.network_big import big_network
from tests.faults.harness import Options, run_faults
from tests.search_secrets import logs_in, plates_of, secrets_in, told_in

pytestmark = pytest.mark.timeout(900)
SHORT = Options(
    seed=11, seconds=75.0, rate=60.0, strikes=5,
    faults=("poison", "kill_agent", "clock_back", "kill_broker", "empty_redis"),
)  # fmt: skip


async def test_nothing_is_lost_doubled_or_made_up_by_a_short_schedule_of_faults(tmp_path: Path) -> None:
    """10,000 cameras, three brokers, every agent a process: what reaches the ends is what the truth says, and no
    log tells of a wanted plate or a secret."""
    report = await run_faults(SHORT, tmp_path)
    assert report.clean, "\n".join(report.lines())
    assert [] != report.strikes
    assert report.expected["alert"] > 20
    network = big_network(SHORT.cameras, SHORT.seed)
    assert [] == told_in(logs_in(tmp_path), {**dict.fromkeys(plates_of(network), "a plate"), **secrets_in(tmp_path)})
