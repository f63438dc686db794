"""Files that cameras put into a folder: pictures whose names hold the read, and tables.

Names: time (14 or 17 digits, which may be apart) and plate, joined with _, as Hikvision and other cameras upload them; Axis and
LILIN write microseconds and what is shown between them (20260504120000_954662roi_1ABC234_17). Only the folder tells the camera. A
file may still be uploaded when it is read: a JPEG without its end is tried again later, and refused when it has not grown for a
minute. Tables: `tables.py`.
"""

import re

from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Ignored, Item, Rejected
from pipeline.gateway.pictures import JPEG, PNG, is_whole, shown
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.protocols.tables import is_table, items_of_table
from pipeline.gateway.request import Request
from pipeline.gateway.times import moment_of

NAME = "files"
PASSAGE_MS = UNIQUE_KEPT_MS
WAIT_S = 60.0
_TIME = re.compile(
    r"(?<![0-9A-Za-z])((?:19|20)\d\d)[-.]?(\d\d)[-.]?(\d\d)[-_T]?(\d\d)[-.]?(\d\d)[-.]?(\d\d)"
    r"(?:[-.]?(\d{3})|_(\d{6})(?:roi|lp))?(?![0-9A-Za-z])"
)
_OTHER = re.compile(
    r"(?i)vehicle|detection|plate|anpr|lpr|ocr|ctx|overview|image|picture|snap|cam(era)?|\d{1,3}(\.\d{1,3}){3}|ch\d+|lane\d*|event|track|\d{1,2}"
)


def recognises(request: Request) -> bool:
    """Whether the message is a picture or a table, and did not come over HTTP."""
    if request.method or not request.circumstances.file_name:
        return False
    return (
        request.body[:3] == JPEG or request.body.startswith(PNG) or _is_picture_name(request) or is_table(request.body)
    )


def _is_picture_name(request: Request) -> bool:
    name = (request.circumstances.file_name or "").lower()
    return name.endswith((".jpg", ".jpeg", ".png")) and (not request.body or request.body[:2] == JPEG[:2])


def parse(request: Request) -> list[Item]:
    """One item for a picture, or one for each row of a table. Ignored: the file may still be written."""
    if not (request.body[:2] == JPEG[:2] or request.body.startswith(PNG) or not request.body):
        return items_of_table(request.body, request.circumstances)
    around = request.circumstances
    camera = {"folder": around.folder or ""}
    if not request.body or not is_whole(request.body):
        waiting = around.file_age_s is None or around.file_age_s < WAIT_S
        if waiting:
            return [Ignored(reason="not_complete_yet", camera={name: value for name, value in camera.items() if value})]
        return [Rejected(reason="incomplete_file", detail=f"no end, and has not grown for {around.file_age_s:.0f} s")]
    stem = (around.file_name or "").rpartition("/")[2].rpartition(".")[0]
    time = _TIME.search(stem)
    before, after = (stem[: time.start()], stem[time.end() :]) if time else ("", stem)
    draft = Draft(
        plate=_plate([part for part in f"{after}_{before}".split("_") if part]),
        moment=moment_of("".join(time.groups("")) if time else "", "the file's name", around),
        camera=camera,
        pictures=(shown(request.body),),
    )
    return [finished(draft, around)]


def _plate(parts: list[str]) -> str:
    """The part of the name that is the plate: TEXT of plate-TEXT, if there is one; else the first that is no known word and no
    address; empty where there is none. parts: those after the time, then those before it."""
    for part in parts:
        if part.lower().startswith("plate-"):
            return part[6:]
    return next((part for part in parts if not _OTHER.fullmatch(part)), "")


def answer(good: bool) -> Answer:
    """A plain answer, which is not sent: files are not answered."""
    return plain_answer(good)
