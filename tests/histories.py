"""Builds histories as `vigie decide` reads them, and decides them in this process."""

import json
from collections.abc import Sequence
from typing import Any

from pipeline.decide.deciding import Deciding
from pipeline.decide.history import events_in
from pipeline.decide.outcomes import HistoryOutcome
from pipeline.runtime.settings import load_settings

START_MS = 1_780_300_800_000  # 1 June 2026, 08:00 UTC
DAY_MS = 86_400_000
CLOCK = {"source": "gnss", "worst_error_ms": 5.0, "sync_age_ms": 1_000}
HistoryLine = dict[str, Any]


def camera(camera_id: str, lon: float, **fields: Any) -> HistoryLine:
    """Puts a fixed camera on the road along 50.80 north."""
    item = {"camera_id": camera_id, "name": camera_id, "network": "federal", "position": {"lat": 50.80, "lon": lon},
            "purposes": ["hotlist", "section_control", "cross_border"]}  # fmt: skip
    return put("cameras", item | fields)


def put(collection: str, item: HistoryLine, after_ms: int = 0) -> HistoryLine:
    """Puts an item."""
    return {"at_ms": START_MS + after_ms, "put": {"collection": collection, "item": item}}


def section(limit_kmh: int = 120, after_ms: int = 0, **fields: Any) -> HistoryLine:
    """Puts the section of 5,000 m: 150 s are 120 km/h."""
    item = {
        "section_id": "S1", "name": "S1", "country": "BE", "limit_kmh": limit_kmh, "entries": [{"camera_id": "IN"}],
        "exits": [{"camera_id": "OUT"}], "certificate": {
            "number": "C 1", "valid_from_ms": START_MS - DAY_MS, "valid_until_ms": START_MS + DAY_MS},
        "distances": [{"entry_camera_id": "IN", "exit_camera_id": "OUT", "metres": 5_000.0}],
    }  # fmt: skip
    return put("sections", item | fields, after_ms)


def entry(after_ms: int = 0, **fields: Any) -> HistoryLine:
    """Puts a stolen vehicle on the hotlist."""
    item = {"entry_id": "e1", "plate": "1ABC234", "hotlist": "stolen", "category": "theft", "priority": "high", "action": "stop",
            "owner": "zone 5341", "legal_basis": "police function act"}  # fmt: skip
    return put("hotlist", item | fields, after_ms)


def reads(after_ms: int, *captured: tuple[str, int], plate: str = "1ABC234", **fields: Any) -> HistoryLine:
    """One batch: camera and capture, in ms after the start."""
    batch = [
        {"camera_id": camera_id, "captured_at_ms": START_MS + at_ms, "plate": plate, "confidence": 0.99, "country": "BE",
         "clock": CLOCK} | fields
        for camera_id, at_ms in captured
    ]  # fmt: skip
    return {"at_ms": START_MS + after_ms, "reads": batch}


def remove(collection: str, key: str, after_ms: int) -> HistoryLine:
    """Removes an item."""
    return {"at_ms": START_MS + after_ms, "remove": {"collection": collection, "key": key}}


def policy(after_ms: int = 0, **fields: Any) -> HistoryLine:
    """Puts a policy for stolen vehicles and the Netherlands."""
    item = {"policy_id": "NL-1", "country": "NL", "lists": ["stolen"], "legal_basis": "Benelux treaty art. 13",
            "purpose": "pursuit", "contact": "desk"}  # fmt: skip
    return put("policies", item | fields, after_ms)


AGAIN = {"number": "C 2", "valid_from_ms": START_MS - DAY_MS, "valid_until_ms": START_MS + DAY_MS}
ROAD = (camera("IN", 4.50), camera("OUT", 4.56))


async def decided(*lines: HistoryLine) -> list[HistoryOutcome]:
    """All outcomes of a history."""
    written = [json.dumps(line).encode() for line in lines]
    return [outcome async for outcome in Deciding(load_settings({})).outcomes(events_in(written))]


def told(outcomes: Sequence[HistoryOutcome]) -> list[tuple[str, int]]:
    """What came, without what only explains, and when, in ms after the start."""
    return [
        (next(name for name in outcome.__struct_fields__[1:] if getattr(outcome, name) is not None), outcome.at_ms - START_MS)
        for outcome in outcomes
        if not outcome.explains
    ]  # fmt: skip


def reasons(outcomes: Sequence[HistoryOutcome]) -> list[str]:
    """Why passages prove nothing."""
    return [outcome.proves_nothing.reason for outcome in outcomes if outcome.proves_nothing is not None]
