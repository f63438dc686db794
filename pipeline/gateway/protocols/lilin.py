"""LILIN: the list of what was read, and the stream of run-time events, both asked for by the gateway.

Source: https://github.com/LILINOpenGitHub/LILIN-LPR-Camera-SDK. `TS` is microseconds since 1970, UTC; times with GMT are UTC.
Owners' names, phone numbers and addresses stand in the list; they are not taken.
"""

import re
from collections.abc import Iterator
from itertools import islice

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, text_of
from pipeline.gateway.drafts import Draft, all_of, finished
from pipeline.gateway.items import Ignored, Item
from pipeline.gateway.node import MAX_LIST, Node
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import epoch, moment_of
from pipeline.gateway.words import share_of

NAME = "lilin"
PASSAGE_MS = UNIQUE_KEPT_MS
_FIELD = re.compile(r"(LPR|LPR_TIME|LP_BMP)(\d)=([^,\r\n]{0,200})")
_LINE_END, _FILE = re.compile(r"[\r\n]+"), re.compile(r"\S*")
_LONGEST = 40
"""Characters of a plate or a time in the stream."""


def recognises(request: Request) -> bool:
    """Whether the message has the first field of its list or of its stream."""
    return request.says(b'"LPR_COUNT"') or request.says(b"LPR0=", b"LPR_TIME0=")


def parse(request: Request) -> list[Item]:
    """One item for each entry of the list, or for each plate in the stream."""
    around = request.circumstances
    if b"LPR_TIME0=" in request.body:
        rows = islice(_rows(text_of(request.body)), MAX_LIST + 1)
        return [_run_time(plate, time, file, around) for plate, time, file in rows] or [Ignored(reason="heartbeat")]
    lists = (one.at("INFORMATION") for one in json_of(request.body))
    return all_of(_entry(entry, around) for entries in lists for entry in entries) or [Ignored(reason="no_result")]


def _entry(entry: Node, around: Circumstances) -> Item:
    if not entry.at("TS").word and not entry.at("MOD_TS").word:
        return Ignored(reason="other_event")  # an entry of a list of plates, not a passage
    picture = entry.at("LP_BMP").word
    draft = Draft(
        plate=entry.at("LPR").text,
        moment=epoch(entry.at("TS").integer, 1_000_000, "TS")
        or moment_of(entry.at("MOD_TS").text, "MOD_TS", around, zone="UTC"),
        camera={},
        confidence=share_of(entry.at("THRESHOLD").number),
        country=countries.of_any(entry.at("COUNTRY").text),
        direction=entry.at("DIRECTION").word,
        event_key=f"{entry.at('CAR_ID').word}/{entry.at('TS').word}" if entry.at("CAR_ID") else "",
        picture_files=(picture[:300],) if picture else (),
    )
    return finished(draft, around)


def _rows(text: str) -> Iterator[tuple[str, str, str]]:
    """Yields plate, time and file of each plate in the stream: the three have the same number and stand in one line, the file as
    the next field after the time."""
    for line in _LINE_END.split(text):
        plates: dict[str, str] = {}
        time = ("", "")
        for name, number, value in _FIELD.findall(line):
            if name == "LPR":
                plates.setdefault(number, value)
            elif name == "LPR_TIME":
                time = (number, value)
            elif time[0] == number and (plate := plates.pop(number, "")) and max(len(plate), len(time[1])) <= _LONGEST:
                yield plate, time[1], _FILE.match(value)[0]  # type: ignore[index]  # it also matches nothing


def _run_time(plate: str, time: str, file: str, around: Circumstances) -> Item:
    draft = Draft(
        plate=plate,
        moment=moment_of(time, "LPR_TIME", around, zone="UTC"),
        camera={},
        picture_files=(file,) if file else (),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """A plain answer, which is not sent: the gateway itself asks this camera."""
    return plain_answer(good)
