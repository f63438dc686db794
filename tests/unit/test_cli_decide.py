"""`vigie decide` from the real command line: every kind of line in, every kind of line out, and what is refused."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.histories import ROAD, START_MS, HistoryLine, camera, entry, put, reads, section

VIGIE = Path(sys.executable).with_name("vigie")
POLICY = put("policies", {"policy_id": "NL-1", "country": "NL", "lists": ["stolen"], "legal_basis": "Benelux treaty art. 13",
                          "purpose": "pursuit", "contact": "desk", "zones": ["north"]})  # fmt: skip
ZONE = put("zones", {"zone_id": "north", "name": "north", "kind": "border", "country": "NL", "cameras": ["IN"]})
HISTORY: Sequence[HistoryLine] = (
    *ROAD,
    camera("LEZ", 4.52, network="lez", purposes=None),
    section(),
    ZONE,
    POLICY,
    put("policies", {"policy_id": "BE-1", "country": "BE", "lists": ["stolen"], "legal_basis": "x", "purpose": "x",
                     "contact": "desk", "zones": ["north"]}),
    entry(share_with=["NL", "FR"]),
    reads(200, ("IN", 0)),
    reads(1_000, ("NOBODY", 900), plate="2XYZ999"),
    reads(120_300, ("OUT", 120_000)),
    reads(160_400, ("IN", 0), ("OUT", 160_000), plate="3DEF456"),
    {"at_ms": START_MS + 180_000, "remove": {"collection": "hotlist", "key": "e1"}},
    {"at_ms": START_MS + 200_000, "forget": "redis"},
)  # fmt: skip


def run(*arguments: str, lines: Sequence[HistoryLine | str] = HISTORY) -> subprocess.CompletedProcess[str]:
    """The command with these lines at its standard input."""
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return subprocess.run([VIGIE, "decide", "-", *arguments], input=text, capture_output=True, text=True, check=False)


def kinds(told: Sequence[dict[str, Any]]) -> list[str]:
    """What each line is about; it has nothing else beside at_ms."""
    return [next(iter(line.keys() - {"at_ms"})) for line in told if len(line) == 2]


def test_every_kind_of_line_is_written_in_order_as_an_object_of_its_moment_and_itself() -> None:
    """What only explains is there when it is asked for; what arrives on standard input is taken."""
    done = run("--json", "--explain")
    assert (0, "") == (done.returncode, done.stderr)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [
        "refused", "alert", "not_forwarded", "forward", "refused", "alert", "not_forwarded", "not_forwarded", "violation",
        "proves_nothing", "withdrawn", "withdrawn", "forward", "withdrawn",
    ] == kinds(told)  # fmt: skip
    assert sorted(line["at_ms"] for line in told) == [line["at_ms"] for line in told]
    by_kind = dict(zip(kinds(told), told, strict=True))
    assert {"kind", "id", "reason"} == set(by_kind["withdrawn"]["withdrawn"])
    assert {"reason", "detail"} == set(by_kind["refused"]["refused"])
    assert {"section_id", "reason", "detail"} == set(by_kind["proves_nothing"]["proves_nothing"])
    assert {"country", "reason"} == set(by_kind["not_forwarded"]["not_forwarded"])
    assert {"alert", "forward"} == {line["withdrawn"]["kind"] for line in told if "withdrawn" in line}
    assert START_MS + 130_301 == by_kind["violation"]["at_ms"]


def test_a_history_in_a_file_is_told_in_words_without_what_only_explains(tmp_path: Path) -> None:
    """For a person at a terminal."""
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, HISTORY)), "utf-8")
    done = subprocess.run([VIGIE, "decide", path], capture_output=True, text=True, check=False)
    assert 0 == done.returncode
    assert "where 120 is allowed" in done.stdout
    assert "WITHDRAWN" in done.stdout
    assert "proves nothing" not in done.stdout
    assert "not forwarded" not in done.stdout


def test_a_bad_line_ends_it_with_its_number_after_what_came_before() -> None:
    """The alert of the lines before is told; exit code 1."""
    done = run("--json", lines=[*ROAD, entry(), reads(200, ("IN", 0)), '{"at_ms": 1780300900000, "forget": "kafka"}'])
    assert 1 == done.returncode
    assert "line 5" in done.stderr
    assert ["alert"] == kinds([json.loads(line) for line in done.stdout.splitlines()])
