"""The files of the pages: words in four languages, code of others unchanged, and small enough for a cold start."""

import ast
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec import inspect

from pipeline.access import record
from pipeline.access.roles import ACTS, RIGHTS, ROLES
from pipeline.desks.abroad import State
from pipeline.desks.app import ROUTES
from pipeline.desks.approval_routes import TwoPersons
from pipeline.desks.pages import page_files
from pipeline.health.words import WORST
from pipeline.hotlist.incidents import WINDOW_MS
from pipeline.hotlist.standing import ENDED
from pipeline.neighbours.offences import OFFENCES
from pipeline.neighbours.policy import Reason
from pipeline.sections.judging import Phase as CasePhase
from pipeline.sections.workings import Name
from pipeline.state.collections import DESIGNATIONS, HOTLIST, POLICIES, SECTIONS, SIGNING_KEYS, USERS, WATCHES, ZONES
from pipeline.state.waiting_room import Why
from schemas.health import TroubleKind
from schemas.incidents import Did, Dismissal, Ending, Happened, Phase, WhyRefused
from schemas.judgements import Rejection, Verdict, WhyNotCounted
from schemas.outcomes import Match, ReceiptOutcome
from schemas.reads import Direction, Network, Purpose, VehicleClass
from schemas.reference import Action, CameraState, Channel, HotList, Priority, Road

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "pipeline/desks/static"
LANGUAGES = ("fr", "nl", "de", "en")
MOST_BYTES = 200_000
PARTS = {
    path.name.removeprefix("words.").removesuffix("en.json").rstrip("."): {
        one: json.loads((STATIC / path.name.replace("en.json", f"{one}.json")).read_text("utf-8")) for one in LANGUAGES
    }
    for path in sorted(STATIC.glob("words.*en.json"))
}
"""Catalogues by the part that a page names ("" is that of all pages), then by language."""
ENGLISH = {key: text for part in PARTS.values() for key, text in part["en"].items()}
OURS = {path.name: path.read_text("utf-8") for path in sorted(STATIC.glob("*.js"))}
VENDORED = tomllib.loads((STATIC / "vendor/vendored.toml").read_text("utf-8"))["file"]
APPROVED = tuple(
    one.message for one in (DESIGNATIONS, POLICIES, SECTIONS, ZONES, SIGNING_KEYS, USERS, WATCHES, HOTLIST)
)
"""What waits for a second person's approval, and an entry, of which the screens tell each field."""


def structs_in(found: Any) -> Iterator[inspect.StructType]:
    """A message's type, and those of its fields."""
    if isinstance(found, inspect.StructType):
        yield found
    for one in (
        *(field.type for field in getattr(found, "fields", ())), *getattr(found, "types", ()),
        *getattr(found, "item_types", ()), *filter(None, [getattr(found, "item_type", None)]),
    ):  # fmt: skip
        yield from structs_in(one)


def fields_of(*messages: type) -> set[str]:
    """The names of all their fields."""
    return {
        field.encode_name for one in messages for made in structs_in(inspect.type_info(one)) for field in made.fields
    }


GROUPS = {
    "act": ACTS, "role": ROLES, "priority": get_args(Priority), "action": get_args(Action), "hotlist": get_args(HotList),
    "match": get_args(Match), "direction": get_args(Direction), "network": get_args(Network), "language": LANGUAGES,
    "wind": "01234567", "abroad": get_args(State), "abroad.why": get_args(Reason), "abroad.cure": get_args(Reason),
    "offence": [one.replace(" ", "_") for one in OFFENCES], "channel": get_args(Channel),
    "verdict": get_args(Verdict), "rejection": get_args(Rejection), "case.phase": get_args(CasePhase), "step": get_args(Name),
    "entry": get_args(record.Act), "outcome": get_args(record.Ending),
    "class": [one for one in get_args(VehicleClass) if one != "unknown"], "did": get_args(Did) + get_args(Happened),
    "do": [one for one in get_args(Did) if one != "undo"], "phase": get_args(Phase), "dismissal": get_args(Dismissal),
    "ending": get_args(Ending), "why": get_args(WhyRefused), "answer": get_args(ReceiptOutcome),
    "camera.state": get_args(CameraState), "camera.to": get_args(CameraState), "purpose": get_args(Purpose),
    "trouble": get_args(TroubleKind), "trouble.found": get_args(TroubleKind), "trouble.cure": get_args(TroubleKind),
    "knock": get_args(Why), "knock.cure": get_args(Why), "field": fields_of(*APPROVED), "value": (
        "yes", "no", *get_args(Channel), *get_args(Road), "outbound", "inbound", "border", "lez", "watch",
    ), "what": {f"{one.method} {one.path}" for one in ROUTES},
}  # fmt: skip
"""What the API may say, by the group of keys that has the words for it."""

REFUSING = (
    "access/organisation",
    "access/record",
    "access/rights",
    "access/signing",
    "evidence/store",
    "lists",
    "state/adopting",
    "desks",
)
"""Where refusals that a page may meet are made, below pipeline: modules and folders."""
FOR_SYSTEMS = ("desks/feed_routes.py",)
"""Refusals that only other systems meet, which no page shows."""
NAMED_AT = {"Problem": 1, "bad_request": 1, "BadRecord": 0, "_rule": 0, "Denied": "rule"}
"""Of each call that makes a refusal, which argument is its rule: its place or its name."""


PAGES = {path: content.decode() for path, (content, media) in sorted(page_files().items()) if media == "text/html"}
"""Each page as it is served, by its path."""


def parts_of(name: str) -> list[str]:
    """The parts of the catalogues that a page loads."""
    named = re.search(r'data-words="([\w ]*)"', PAGES[name])
    return ["", *(named[1].split() if named else [])]


def loaded_by(name: str) -> set[str]:
    """The scripts and sheets that a page loads, itself or through a script, below /static/."""
    waiting, found = set(re.findall(r'"/static/([^"]+)"', PAGES[name])), set[str]()
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting |= set(re.findall(r'(?:from|import) ?"\./([^"]+)"', OURS.get(one, ""))) - found
    return found


def used_keys(names: set[str]) -> set[str]:
    """Every key that these files name whole."""
    keys = {
        one
        for name in names
        for call in re.findall(r"\bt\(([^()]*)", OURS.get(name, ""))
        for one in re.findall(r'"([\w.]+)"', call)
    }
    return keys | {
        key for name in names & set(PAGES) for key in re.findall(r'data-t(?:-label)?="([\w.]+)"', PAGES[name])
    }


@pytest.mark.parametrize("part", PARTS)
def test_the_four_catalogues_have_the_same_keys_and_the_same_places_in_their_words(part: str) -> None:
    """Nobody reads a key, or a sentence without its name or number. No key stands in two parts."""
    english = PARTS[part]["en"]
    for words in PARTS[part].values():
        assert list(english) == list(words)
        assert [] == [key for key, text in words.items() if not text.strip()]
        places = {key: sorted(re.findall(r"{\w+}", text)) for key, text in words.items()}
        assert places == {key: sorted(re.findall(r"{\w+}", text)) for key, text in english.items()}
    assert [] == [key for other, one in PARTS.items() if other != part for key in one["en"] if key in english]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_all_words_that_it_uses(page: str) -> None:
    """What its scripts and the page itself name whole is in the catalogues that it loads."""
    known = {key for part in parts_of(page) for key in PARTS[part]["en"]}
    keys = used_keys(loaded_by(page) | {page})
    assert len(keys) > 20
    assert [] == [key for key in sorted(keys) if key not in known and f"{key}.other" not in known]


def test_every_value_of_the_api_has_words() -> None:
    """Whatever it may say of a closed list."""
    assert [] == [
        f"{group}.{one}" for group, values in GROUPS.items() for one in values if f"{group}.{one}" not in ENGLISH
    ]


def rules_in(path: Path) -> set[str]:
    """The rules of the refusals that this module makes."""
    calls = [one for one in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(one, ast.Call)]
    named = [(one, NAMED_AT.get(getattr(one.func, "id", ""))) for one in calls]
    given = [
        argument
        for call, at in named
        for argument in (
            call.args[at : at + 1] if isinstance(at, int) else [one.value for one in call.keywords if one.arg == at]
        )
    ]
    return {one.value for argument in given for one in ast.walk(argument) if isinstance(one, ast.Constant)}


def test_every_refusal_has_words_in_the_readers_language() -> None:
    """Nobody at a desk reads the server's English alone, or the name of a rule."""
    modules = [path for name in REFUSING for path in (ROOT / "pipeline").glob(f"{name}.py")]
    modules += [path for name in REFUSING for path in (ROOT / "pipeline" / name).glob("*.py")]
    rules = {rule for path in modules if not path.as_posix().endswith(FOR_SYSTEMS) for rule in rules_in(path)}
    rules = rules - {"consumer"} | {"bad_request", *get_args(WhyNotCounted)}  # a consumer is a system
    assert {"role", "zone", "bad_lines", "nobody_waits", "self", "not_withdrawn", "keys"} <= rules
    assert [] == sorted(rule for rule in rules if f"refused.{rule}" not in ENGLISH)


@pytest.mark.parametrize("name", PAGES)
def test_pages_hold_no_words_of_their_own(name: str) -> None:
    """But the name of the platform, and what those without scripts are told, in all languages."""
    words = {text.strip() for text in re.findall(r">([^<>]+)<", PAGES[name]) if re.search(r"\w", text)}
    assert {"Vigie"} | {one["noscript"] for one in PARTS[""].values()} == words


@pytest.mark.parametrize("one", VENDORED, ids=lambda one: one["name"])
def test_code_of_others_is_unchanged_and_has_its_licence(one: dict[str, str]) -> None:
    """As it was published, with the text of its licence beside it."""
    assert one["sha256"] == hashlib.sha256((STATIC / "vendor" / one["name"]).read_bytes()).hexdigest()
    assert re.fullmatch(r"\d+\.\d+\.\d+", one["version"])
    text = (STATIC / "vendor" / one["text"]).read_text("utf-8")
    assert {
        "MIT": "MIT License",
        "Apache-2.0": "Apache License",
        "BSD-3-Clause": "Redistribution and use in source and binary",
    }[one["licence"]].casefold() in text.casefold()


def test_nothing_of_others_lies_there_unnamed() -> None:
    """Files, and the addresses at which modules find each other."""
    named = {one["name"] for one in VENDORED} | {one["text"] for one in VENDORED} | {"vendored.toml"}
    assert named == {path.name for path in (STATIC / "vendor").iterdir()}
    served = {path: content for path, (content, _) in page_files().items() if path.endswith((".js", ".mjs"))}
    for path, content in served.items():
        for name in re.findall(r'(?:from|import) ?"([^"]+)"', content.decode()):
            assert name.startswith("./"), f"{path} names {name}"
            assert path.rpartition("/")[0] + name[1:] in served


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_small(page: str) -> None:
    """Everything that it loads, with the largest language, before any compression."""
    sizes = {path: len(content) for path, (content, _) in page_files().items()}
    words = max(
        sum(sizes[f"/static/words.{part and f'{part}.'}{one}.json"] for part in parts_of(page)) for one in LANGUAGES
    )
    assert len(PAGES[page]) + words + sum(sizes[f"/static/{one}"] for one in loaded_by(page)) < MOST_BYTES


def test_the_screens_are_the_pages_and_their_rights_and_roles_exist() -> None:
    """Each has its page and its name, is opened by a right that somebody has, and is the first one of roles that may open it."""
    screens = re.findall(r'{ name: "(\w+)", needs: \[([^\]]*)\], first: \[([^\]]*)\] }', OURS["screens.js"])
    assert {f"/{name}" for name, _, _ in screens} == set(PAGES) - {"/"}
    for name, needs, first in screens:
        assert f"screen.{name}" in PARTS[""]["en"]
        acts = set(re.findall(r'"([\w.]+)"', needs))
        assert acts <= set(ACTS)
        assert acts
        for role in re.findall(r'"(\w+)"', first):
            assert acts & set(RIGHTS[role]), f"{role} may not open {name}"  # type: ignore[index]  # a role, or the test fails


def test_whatever_needs_two_persons_can_be_done_once_it_is_approved() -> None:
    """The screen knows where each act is done."""
    assert {f'"{act}": (key' for act in get_args(TwoPersons)} == set(
        re.findall(r'"[\w.]+": \(key', OURS["approvals.js"])
    )


def test_screens_offer_every_reason_that_the_api_takes() -> None:
    """The lists of reasons and outcomes, and which phases are over."""
    for name, values, file in (
        ("DISMISSALS", get_args(Dismissal), "acting.js"),
        ("ENDINGS", get_args(Ending), "acting.js"),
        ("ENDED", ENDED, "incidents.js"),
        ("STATES", get_args(CameraState), "fleet.js"),
        ("WORST", WORST, "fleet.js"),
    ):
        found = re.search(rf"const {name} = \[([^\]]+)\]", OURS[file])
        assert found
        assert set(values) == set(re.findall(r'"(\w+)"', found[1]))


def test_screens_count_an_incident_as_long_as_the_matcher_does() -> None:
    """The window within which a hit is of the same incident."""
    found = re.search(r"WINDOW_MS = (\d+) \* ([\d_]+);", OURS["incidents.js"])
    assert found
    assert WINDOW_MS == int(found[1]) * int(found[2].replace("_", ""))
