"""Writes the JSON Schemas of everything that flows, for readers and writers in other languages: ``python -m
schemas.export``.

They are written to schemas/json, one file per topic and per kind of reference data, and one for withdrawals, and committed.
A schema may only change so that old and new readers and writers understand each other: by a new field that has a default.
Any other change is refused here; one that breaks on purpose is written with ``--breaking``, once every reader is known to be
ready.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from schemas.base import Message
from schemas.judgements import Consumer
from schemas.outcomes import Withdrawal
from schemas.people import Designation, Desk, SigningKey, User
from schemas.reference import Camera, HotlistEntry, Policy, Section, WantedList, Zone
from schemas.requests import Exclusion, Watch
from schemas.senders import Sender
from schemas.topics import TOPICS

FOLDER = Path(__file__).parent / "json"
REFERENCE: dict[str, type[Message]] = {
    "camera": Camera, "section": Section, "zone": Zone, "hotlist_entry": HotlistEntry, "wanted_list": WantedList, "policy": Policy,
    "exclusion": Exclusion, "watch": Watch, "user": User, "designation": Designation, "desk": Desk,
    "signing_key": SigningKey, "sender": Sender, "consumer": Consumer,
}  # fmt: skip
MESSAGES: dict[str, type[Message]] = (
    {topic.name: topic.message for topic in TOPICS} | {"withdrawal": Withdrawal} | REFERENCE
)
_WORDS = frozenset({"title", "description", "$comment"})  # for people; may change at any time

Schema = dict[str, Any]  # a JSON document, of whatever shape JSON Schema allows


def schema_of(message: type[Message]) -> Schema:
    """The JSON Schema (2020-12) of a message. Pictures' bytes are base64 in JSON; on their topics they are msgpack's bytes."""
    exported = json.loads(json.dumps(msgspec.json.schema(message)))  # defaults may be tuples, which JSON does not know
    schema: Schema = portable(exported)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def portable(node: Any) -> Any:
    """The same schema with patterns as ECMA writes them, which JSON Schema speaks: ^ and $ for Python's \\A and \\Z."""
    if isinstance(node, list):
        return [portable(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.replace(r"\A", "^").replace(r"\Z", "$")
        if key == "pattern" and isinstance(value, str)
        else portable(value)
        for key, value in node.items()
    }


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """The changes after which readers and writers of the old and the new schema would no longer understand each other, each
    with its place."""
    return list(_differences(old, new, old, new, "$", set()))


def _differences(a: Any, b: Any, old: Schema, new: Schema, at: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    """Differences between node a of the old and node b of the new schema, following references."""
    if isinstance(a, dict) and isinstance(b, dict) and "$ref" in a and "$ref" in b:
        step = (a["$ref"], b["$ref"])
        if step in seen:
            return
        seen.add(step)
        a, b = _resolved(a, old), _resolved(b, new)
    if not (isinstance(a, dict) and isinstance(b, dict)):
        if a != b:
            yield f"{at}: was {json.dumps(a)}, is {json.dumps(b)}"
        return
    for key in sorted((a.keys() | b.keys()) - _WORDS - {"$defs", "$schema", "$ref", "properties", "required"}):
        yield from _keyword(key, a, b, old, new, f"{at}.{key}", seen)
    yield from _fields(a, b, old, new, at, seen)


def _keyword(
    key: str, a: Schema, b: Schema, old: Schema, new: Schema, at: str, seen: set[tuple[str, str]]
) -> Iterator[str]:
    if key not in a or key not in b:
        yield f"{at}: was {json.dumps(a.get(key))}, is {json.dumps(b.get(key))}"
    elif isinstance(a[key], list) and isinstance(b[key], list) and len(a[key]) == len(b[key]):
        for index, (one, other) in enumerate(zip(a[key], b[key], strict=True)):
            yield from _differences(one, other, old, new, f"{at}[{index}]", seen)
    else:
        yield from _differences(a[key], b[key], old, new, at, seen)


def _fields(a: Schema, b: Schema, old: Schema, new: Schema, at: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    before, after = a.get("properties", {}), b.get("properties", {})
    needed_before, needed_after = set(a.get("required", ())), set(b.get("required", ()))
    for name in sorted(before.keys() - after.keys()):
        yield f"{at}.{name}: removed"
    for name in sorted(needed_after - needed_before):
        yield f"{at}.{name}: newly required" if name in before else f"{at}.{name}: new without a default"
    for name in sorted((needed_before - needed_after) & after.keys()):
        yield f"{at}.{name}: no longer required, but old readers need it"
    for name in sorted(before.keys() & after.keys()):
        yield from _differences(before[name], after[name], old, new, f"{at}.{name}", seen)


def _resolved(node: Schema, root: Schema) -> Schema:
    found: Schema = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return found | {key: value for key, value in node.items() if key != "$ref"}


def text_of(schema: Schema) -> str:
    """The text of the schema's file: JSON with sorted keys."""
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write every schema to schemas/json. Returns 0; returns 1, and writes nothing, when a schema would break readers or
    writers of the present one and --breaking is not given."""
    schemas = {FOLDER / f"{name}.json": schema_of(message) for name, message in MESSAGES.items()}
    breaking = [
        f"{path.name} {change}"
        for path, schema in schemas.items()
        if path.exists()
        for change in breaking_changes(json.loads(path.read_text()), schema)
    ]
    if breaking and "--breaking" not in arguments:
        sys.stderr.write("not written, old and new would not understand each other:\n  " + "\n  ".join(breaking) + "\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    for path, schema in schemas.items():
        path.write_text(text_of(schema))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
