"""Every edge has one place: files are written, terminals printed on and dead letters filled by one module each."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.stream.letters import KEPT
from tests.contract.test_layers import HOUSE, ROOT, imported

MAY_WRITE = {
    "pipeline.runtime.private": "it is the one place",
    "pipeline.evidence.folder": "pictures: agents of other users read them, and a number after the name says that one is under way",
    "pipeline.runtime.principals_page": "a developer's tool: the table in the documentation",
    "schemas.export": "a developer's tool: the schemas are public",
    "pipeline.desks.map_data": "a developer's tool: the ground of the map, public",
    "pipeline.vision.rendering.passages": "a developer's tool: drawn pictures",
    "pipeline.vision.rendering.video": "a developer's tool: drawn pictures",
}
"""Modules that write files by themselves, each with its reason."""
WRITES = {"write_text", "write_bytes", "touch", "symlink_to"}


def calls(path: Path) -> Iterator[ast.Call]:
    """Every call in a module."""
    return (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_a_write(call: ast.Call) -> bool:
    """Whether the call may make or change a file: by its name, or by an open that names a mode other than for reading."""
    name = name_of(call)
    if name in WRITES:
        return True
    if name == "FileIO" or (isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "os.open"):
        return "O_RDONLY" not in ast.unparse(call)
    if name != "open":
        return False
    words = [one.value for one in (*call.args, *(key.value for key in call.keywords)) if isinstance(one, ast.Constant)]
    return any(isinstance(word, str) and set(word) <= set("rwaxbt+") and set(word) & set("wax+") for word in words)


@pytest.mark.parametrize(("name", "path"), HOUSE, ids=[name for name, _ in HOUSE])
def test_files_are_written_by_one_module(name: str, path: Path) -> None:
    """Write with pipeline.runtime.private: 0600, no link followed, whole or not at all."""
    assert name in MAY_WRITE or not [ast.unparse(call) for call in calls(path) if is_a_write(call)]


def test_each_exception_is_still_needed() -> None:
    """A line that allows what nobody does any more goes."""
    assert set(MAY_WRITE) <= {name for name, path in HOUSE if any(map(is_a_write, calls(path)))}


def test_a_write_of_any_kind_is_found() -> None:
    """The test above can fail."""
    for text in ("p.open('wb')", "open(p, mode='a')", "p.write_text('x')", "FileIO(p, 'ab')", "os.open(p, os.O_CREAT)"):
        assert is_a_write(ast.parse(text, mode="eval").body), text  # type: ignore[arg-type]  # a call
    for text in ("p.open('rb')", "p.open()", "os.open(p, os.O_RDONLY)", "Image.open(x, formats=f)"):
        assert not is_a_write(ast.parse(text, mode="eval").body), text  # type: ignore[arg-type]  # a call


@pytest.mark.parametrize(("name", "path"), HOUSE, ids=[name for name, _ in HOUSE])
def test_terminals_are_printed_on_by_one_module(name: str, path: Path) -> None:
    """Print with pipeline.runtime.terminal: no control characters, no markup."""
    wrong = {"Console", "from_markup", "from_ansi", "escape"} if name != "pipeline.runtime.terminal" else set()
    found = [ast.unparse(call) for call in calls(path) if name_of(call) in wrong]
    assert not [one for one in found if not one.startswith("re.escape")]
    assert "rich.markup" not in path.read_text("utf-8")


def reasons(path: Path) -> set[str]:
    """The reasons that a module gives for refusing a record."""
    found = {
        call.args[at].value
        for call in calls(path)
        for at in {"BadRecord": (0,), "Refusal": (0,), "refuse": (1,)}.get(name_of(call), ())
        if len(call.args) > at and isinstance(call.args[at], ast.Constant)
    }
    return {reason for reason in found if isinstance(reason, str)}


ELSEWHERE = {
    f"pipeline.{name}"
    for name in (
        "access",
        "commands",
        "decide",
        "demo",
        "desks",
        "evidence",
        "lists",
        "neighbours",
        "receiver",
        "record",
        "simulation",
        "sources",
        "tables",
    )
} | {"pipeline.stream.dead_letters", "pipeline.runtime.signing_files", "pipeline.state.adopting"}
"""What is refused there is told to a person at once; nothing of it becomes a dead letter."""


def test_every_reason_has_a_rule_for_what_its_dead_letter_keeps() -> None:
    """Add it to pipeline/stream/letters.py; what the law lets nobody keep is not kept."""
    found = {reason for name, path in HOUSE if not name.startswith(tuple(ELSEWHERE)) for reason in reasons(path)}
    assert found <= set(KEPT)
    assert {"older_than_retention", "not_allowed_purpose", "batch_too_large", "batch_broken"} == {
        reason for reason, keep in KEPT.items() if keep == "nothing"
    }


@pytest.mark.parametrize(("name", "path"), HOUSE, ids=[name for name, _ in HOUSE])
def test_what_cannot_be_decoded_is_caught_as_a_whole(name: str, path: Path) -> None:
    """Whoever catches that JSON or msgpack is broken also catches that it is nested too deeply (schemas.base.UNREADABLE)."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            caught = ast.unparse(node.type)
            whole = "RecursionError" in caught or "UNREADABLE" in caught or "toml" in path.read_text("utf-8")
            assert whole or ("MsgspecError" not in caught and "msgspec.DecodeError" not in caught), (name, node.lineno)


@pytest.mark.parametrize(("name", "path"), HOUSE, ids=[name for name, _ in HOUSE])
def test_every_process_starts_isolated(name: str, path: Path) -> None:
    """Python's own pools start `python -c` with the working folder first on the path: a stranger's module there would run."""
    assert not {one for one in imported(path) if one.startswith("multiprocessing") or "ProcessPool" in one}


def test_the_house_is_searched() -> None:
    """The tests above look at something."""
    assert reasons(ROOT / "pipeline/reads/admission.py") >= {"unknown_camera", "older_than_retention"}
