"""A short schedule of faults against the whole road; `make soak` runs a long one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import Options, run_faults

pytestmark = pytest.mark.timeout(900)
SHORT = Options(
    seed=11, seconds=75.0, rate=60.0, strikes=5,
    faults=("poison", "kill_agent", "clock_back", "kill_broker", "empty_redis"),
)  # fmt: skip


@pytest.fixture
def anywhere() -> Iterator[Path]:
    """A folder that others may come to, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="vigie-faults-") as made:
        yield Path(made).resolve()


async def test_nothing_is_lost_doubled_or_made_up_by_a_short_schedule_of_faults(anywhere: Path) -> None:
    """10,000 cameras, three brokers, every agent a process: what reaches the ends is what the truth says; and of the whole folder
    another user reads nothing, and no log, metric or record tells of plates, secrets or covert alerts."""
    report = await run_faults(SHORT, anywhere)
    assert report.clean, "\n".join(report.lines())
    assert [] != report.strikes
    assert report.expected["alert"] > 20
