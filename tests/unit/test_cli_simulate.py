"""`vigie simulate` writing to files."""

import json
from pathlib import Path

import msgspec
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.simulation.truth import read_truth
from schemas.reads import PlateRead


def test_reads_and_their_truth_are_written_beside_each_other(tmp_path: Path) -> None:
    """Every alert of the truth names a read that was written; the report counts what is in the files."""
    out, truth_file = tmp_path / "reads.jsonl", tmp_path / "truth.jsonl"
    arguments = ["--duration", "60", "--rate", "5", "--seed", "3", "--misreads", "0.2", "--json"]
    result = CliRunner().invoke(app, ["simulate", "--out", str(out), "--truth", str(truth_file), *arguments])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    reads = [msgspec.json.decode(line, type=PlateRead) for line in out.read_bytes().splitlines()]
    with truth_file.open("rb") as file:
        truth = read_truth(file)
    assert (len(reads), len(truth.alerts)) == (report["reads"], report["expected_alerts"])
    assert {alert.read_id for alert in truth.alerts} <= {read.read_id for read in reads}
    assert report["misreads"] == sum(b'"kind":"misread"' in line for line in truth_file.read_bytes().splitlines()) > 10


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """One line, before anything is simulated."""
    result = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path / "nowhere" / "reads.jsonl")])
    assert "nowhere" in str(result.exception)


def test_too_long_a_stretch_is_not_sped_up() -> None:
    """Its hits would be too old to be forwarded, and the truth would not hold."""
    result = CliRunner().invoke(app, ["simulate", "--speed-up", "10", "--duration", "4000"])
    assert "2700" in str(result.exception)
