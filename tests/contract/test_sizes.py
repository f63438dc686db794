"""What is written stays small enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_MODULE, LONGEST_FUNCTION = 300, 50
LONG_MODULE = 200
"""One module in ten may be longer than this, up to LONGEST_MODULE."""

LONGER_FUNCTIONS = {("pipeline/sections/verdict.py", "violation_of"): 59}
"""Functions that were longer when this test came, and how many lines they may have: none is added."""

MODULES = [path for root in ("schemas", "pipeline", "agents") for path in sorted((ROOT / root).rglob("*.py"))]


def names(path: Path) -> str:
    """The path inside of the repository."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and count of lines of each function, from its def to its end."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_modules_and_functions_are_short(path: Path) -> None:
    """A module is read in one go, a function at one glance."""
    assert path.read_text("utf-8").count("\n") <= LONGEST_MODULE
    too_long = {
        name: lines
        for name, lines in functions(path)
        if lines > LONGER_FUNCTIONS.get((names(path), name), LONGEST_FUNCTION)
    }
    assert {} == too_long


def test_one_module_in_ten_is_long_at_most() -> None:
    """What grows long is divided where a thing of its own begins, or another module that is long already is."""
    lengths = {names(path): path.read_text("utf-8").count("\n") for path in MODULES}
    long = {name: lines for name, lines in lengths.items() if lines > LONG_MODULE}
    assert len(long) * 10 <= len(lengths), f"longest first: {sorted(long, key=long.__getitem__, reverse=True)}"
