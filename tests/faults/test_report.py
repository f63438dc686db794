"""What a run says of itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.simulation.network_small import small_network
from tests.faults.report import Counts, StrikeReport, by_kind
from tests.faults.road import Road


def strike(fault: str, recovered_s: float | None, worst_s: float | None, **counts: int) -> StrikeReport:
    """One strike, of which little matters."""
    return StrikeReport(
        fault=fault, what="", at_s=1.0, held_s=2.0, recovered_s=recovered_s, worst_s=worst_s, due=10, counts=Counts(**counts)
    )  # fmt: skip


def test_each_kind_of_fault_is_summed_up() -> None:
    """Its strikes, how soon all was well after them, and everything that differed."""
    zombie, killed = by_kind(
        [
            strike("zombie", 1.0, 9.0, missing=1),
            strike("killed", 2.0, None),
            strike("zombie", 3.0, 4.0, missing=1, told=2),
        ]
    )[::-1]
    assert (2, 20, 2.0, 3.0, 9.0) == (
        zombie.strikes, zombie.due, zombie.recovered_median_s, zombie.recovered_most_s, zombie.worst_s
    )  # fmt: skip
    assert (2, 2) == (zombie.counts.missing, zombie.counts.told)
    assert killed.worst_s is None


def test_a_kind_that_did_not_recover_once_has_no_longest_recovery() -> None:
    """Never is longer than any number."""
    (kind,) = by_kind([strike("zombie", 1.0, 9.0), strike("zombie", None, 9.0)])
    assert kind.recovered_most_s is None


def test_what_an_agent_said_is_found_though_its_log_was_turned_meanwhile(tmp_path: Path) -> None:
    """An hour's log is turned more than once; what it said before the fault does not count."""
    logs, now = tmp_path / "data" / "logs", datetime.now(UTC)
    logs.mkdir(parents=True)
    for name, at in (
        ("hotlist.log", now),
        ("hotlist.log.1", now - timedelta(seconds=5)),
        ("liaison.log", now - timedelta(60)),
    ):
        (logs / name).write_text(f'no json\n{{"event":"memory.lost","timestamp":"{at.isoformat()}"}}\n')
    assert 2 == len(Road(tmp_path, small_network()).said("memory.lost", now - timedelta(seconds=10)))
