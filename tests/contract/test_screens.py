"""The files of the pages: words in four languages, code of others unchanged, and small enough for a cold start."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from pipeline.access.roles import ACTS, ROLES
from pipeline.desks.pages import page_files
from pipeline.hotlist.incidents import WINDOW_MS
from schemas.outcomes import Match
from schemas.reads import Direction, Network, VehicleClass
from schemas.reference import Action, HotList, Priority

STATIC = Path(__file__).parents[2] / "pipeline/desks/static"
LANGUAGES = ("fr", "nl", "de", "en")
MOST_BYTES = 200_000
CATALOGUES = {one: json.loads((STATIC / f"words.{one}.json").read_text("utf-8")) for one in LANGUAGES}
OURS = {path.name: path.read_text("utf-8") for path in sorted(STATIC.glob("*.js"))}
VENDORED = tomllib.loads((STATIC / "vendor/vendored.toml").read_text("utf-8"))["file"]
GROUPS = {
    "act": ACTS, "role": ROLES, "priority": get_args(Priority), "action": get_args(Action), "hotlist": get_args(HotList),
    "match": get_args(Match), "direction": get_args(Direction), "network": get_args(Network), "language": LANGUAGES,
    "class": [one for one in get_args(VehicleClass) if one != "unknown"],
}  # fmt: skip
"""What the API may say, by the group of keys that has the words for it."""


def used_keys() -> set[str]:
    """Every key that scripts and pages name whole."""
    keys = {
        one
        for text in OURS.values()
        for call in re.findall(r"\bt\(([^()]*)", text)
        for one in re.findall(r'"([\w.]+)"', call)
    }
    pages = "".join(path.read_text("utf-8") for path in STATIC.glob("*.html"))
    return keys | set(re.findall(r'data-t(?:-label)?="([\w.]+)"', pages))


def test_the_four_catalogues_have_the_same_keys_and_the_same_places_in_their_words() -> None:
    """Nobody reads a key, or a sentence without its name or number."""
    english = CATALOGUES["en"]
    for words in CATALOGUES.values():
        assert list(english) == list(words)
        assert [] == [key for key, text in words.items() if not text.strip()]
        places = {key: sorted(re.findall(r"{\w+}", text)) for key, text in words.items()}
        assert places == {key: sorted(re.findall(r"{\w+}", text)) for key, text in english.items()}


def test_every_word_that_is_used_is_in_the_catalogues() -> None:
    """What scripts and pages name, and whatever the API may say."""
    english = CATALOGUES["en"]
    keys = used_keys()
    assert len(keys) > 100
    missing = [key for key in sorted(keys) if key not in english and f"{key}.other" not in english]
    missing += [
        f"{group}.{one}" for group, values in GROUPS.items() for one in values if f"{group}.{one}" not in english
    ]
    assert [] == missing


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.glob("*.html")))
def test_pages_hold_no_words_of_their_own(name: str) -> None:
    """But the name of the platform, and what those without scripts are told, in all languages."""
    page = (STATIC / name).read_text("utf-8")
    words = {text.strip() for text in re.findall(r">([^<>]+)<", page) if re.search(r"\w", text)}
    assert {"Vigie"} | {one["noscript"] for one in CATALOGUES.values()} == words


@pytest.mark.parametrize("one", VENDORED, ids=lambda one: one["name"])
def test_code_of_others_is_unchanged_and_has_its_licence(one: dict[str, str]) -> None:
    """As it was published, with the text of its licence beside it."""
    assert one["sha256"] == hashlib.sha256((STATIC / "vendor" / one["name"]).read_bytes()).hexdigest()
    assert re.fullmatch(r"\d+\.\d+\.\d+", one["version"])
    text = (STATIC / "vendor" / one["text"]).read_text("utf-8")
    assert {"MIT": "MIT License", "Apache-2.0": "Apache License"}[one["licence"]].casefold() in text.casefold()


def test_nothing_of_others_lies_there_unnamed() -> None:
    """Files, and the addresses at which modules find each other."""
    named = {one["name"] for one in VENDORED} | {one["text"] for one in VENDORED} | {"vendored.toml"}
    assert named == {path.name for path in (STATIC / "vendor").iterdir()}
    served = {path: content for path, (content, _) in page_files().items() if path.endswith((".js", ".mjs"))}
    for path, content in served.items():
        for name in re.findall(r'(?:from|import) ?"([^"]+)"', content.decode()):
            assert name.startswith("./"), f"{path} names {name}"
            assert path.rpartition("/")[0] + name[1:] in served


def test_a_page_is_small() -> None:
    """All files of all pages together, with the largest catalogue, before any compression."""
    sizes = {path: len(content) for path, (content, _) in page_files().items()}
    catalogues = [size for path, size in sizes.items() if path.endswith(".json")]
    assert len(LANGUAGES) == len(catalogues)
    assert sum(sizes.values()) - sum(catalogues) + max(catalogues) < MOST_BYTES


def test_screens_count_an_incident_as_long_as_the_matcher_does() -> None:
    """The window within which a hit is of the same incident."""
    found = re.search(r"WINDOW_MS = (\d+) \* ([\d_]+);", OURS["incidents.js"])
    assert found
    assert WINDOW_MS == int(found[1]) * int(found[2].replace("_", ""))
