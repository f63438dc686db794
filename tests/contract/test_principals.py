"""The table of principals says what the agents do, and no more."""

import ast
import re
from pathlib import Path

import pytest

from agents import AGENTS, agent_named
from pipeline.runtime.principals import BY_NAME, COLLECTIONS, PEOPLE, PRINCIPALS
from pipeline.runtime.principals_page import as_markdown
from pipeline.runtime.redis_access import ALWAYS, ON_KEYS
from pipeline.state import collections
from schemas.topics import DEAD_LETTERS

ROOT = Path(__file__).parents[2]
OF_KIND = {  # the commands of a script, by Redis' own categories
    "string": {"GET", "SET", "GETDEL", "INCR", "INCRBY", "MGET", "SETEX", "PSETEX"},
    "hash": {"HGET", "HSET", "HSETNX", "HMGET", "HDEL", "HLEN", "HSCAN", "HGETALL", "HEXISTS", "HKEYS", "HVALS", "HINCRBY"},
    "set": {"SADD", "SREM", "SISMEMBER", "SMISMEMBER", "SMEMBERS", "SCARD"},
    "list": {"RPUSH", "LLEN", "LINDEX", "LRANGE"},
    "sortedset": {
        "ZADD", "ZCARD", "ZRANGE", "ZRANGEBYSCORE", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZSCORE", "ZCOUNT",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_may_read_its_source_and_write_its_outputs_and_nothing_else(name: str) -> None:
    """The rights follow the agent's own declaration."""
    agent, principal = agent_named(name), BY_NAME[name]
    assert (*agent.sources, *agent.looks_up) == principal.reads
    assert {*agent.outputs, DEAD_LETTERS} == set(principal.writes)
    assert principal.joins
    assert not principal.describes


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_may_see_the_reference_data_that_it_follows_and_writes_none(name: str) -> None:
    """Which collections a module names is what its principal may read."""
    tree = ast.parse((ROOT / "agents" / f"{name}.py").read_text("utf-8"))
    named = {
        getattr(collections, alias.name).name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pipeline.state.collections"
        for alias in node.names
    }
    keys = BY_NAME[name].keys
    assert named == {
        found for found in (*COLLECTIONS, *PEOPLE) for memory in keys if memory.pattern == f"{{NS:{found}}}:*"
    }
    assert not [
        memory
        for memory in keys
        if memory.writes and memory.pattern.split(":")[1].rstrip("}") in (*COLLECTIONS, *PEOPLE)
    ]


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_has_marks_where_it_keeps_something(name: str) -> None:
    """The witness watches those agents that say what a loss would lead to."""
    marked = any(memory.pattern == f"{{NS:witness}}:{name}" for memory in BY_NAME[name].keys)
    assert (agent_named(name).redis_state is not None) is marked


def test_every_reference_collection_is_known() -> None:
    """A new one needs somebody who may write it."""
    assert {collection.name for collection in collections.COLLECTIONS} == set(COLLECTIONS)
    assert {collection.name for collection in collections.PEOPLE} == set(PEOPLE)


def test_no_two_principals_share_keys_but_reference_data_that_operators_write() -> None:
    """What an agent remembers is its own."""
    own = [memory.pattern for one in PRINCIPALS for memory in one.keys if memory.writes and one.name in AGENTS]
    assert len(own) == len(set(own))


def test_every_command_that_a_script_runs_is_one_that_principals_have() -> None:
    """A script that begins to use another command says so here, before an agent is refused it."""
    scripts = "".join(path.read_text("utf-8") for path in (ROOT / "pipeline" / "state").glob("*.py"))
    used = set(re.findall(r"redis\.p?call\('([A-Z]+)'", scripts))
    known = set().union(*OF_KIND.values()) | {word.upper() for word in (*ALWAYS, *ON_KEYS)}
    assert used
    assert used <= known


def keys_in(path: Path) -> set[str]:
    """The keys that a module makes of its namespace, NS standing for it and x for whatever else varies."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [_part(value) for value in node.values]
            if "NS" in parts:
                found.add("".join(parts))
    return found


def _part(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    named = value.value if isinstance(value, ast.FormattedValue) else value
    name = named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")
    return "NS" if name.strip("_") == "namespace" else "x"


def test_every_key_that_is_made_belongs_to_somebody() -> None:
    """A new kind of key says so here, before an agent is refused it."""
    made = {key for path in (ROOT / "pipeline" / "state").glob("*.py") for key in keys_in(path)}
    patterns = {memory.pattern for one in PRINCIPALS for memory in one.keys}
    assert len(made) > 5
    assert not {key for key in made if not any(_covers(pattern, key) for pattern in patterns)}


def _covers(pattern: str, key: str) -> bool:
    """Whether the pattern takes a key like this one: word by word up to its star, x being any word."""
    wanted, made = _words(pattern.partition("*")[0]), _words(key)
    return len(made) >= len(wanted) and all(one in (other, "x") for one, other in zip(made, wanted, strict=False))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[:{}]", text) if word]


def test_the_page_is_the_table() -> None:
    """Make it anew: python -m pipeline.runtime.principals_page."""
    assert as_markdown() == (ROOT / "docs" / "principals.md").read_text("utf-8")
