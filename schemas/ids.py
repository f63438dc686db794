"""Ids as functions of what they name: a replay makes the same id, so every end can drop the second copy.

>>> read_id("E40-12", 1735689600000, "1ABC234")
'r-b8f230338e6bbfde030f0e20'
"""

from hashlib import blake2b

_SEPARATOR = "\x1f"


def _digest(kind: str, *parts: str) -> str:
    return f"{kind}-{blake2b(_SEPARATOR.join(parts).encode(), digest_size=12).hexdigest()}"


def track_id(camera_id: str, captured_at_ms: int, box: tuple[int, int, int, int]) -> str:
    """The id of one passage's track, made of the camera, the capture time of the first sight (ms UTC), and the plate's box at that
    sight (x, y, width, height)."""
    return _digest("t", camera_id, str(captured_at_ms), *map(str, box))


def read_id(camera_id: str, captured_at_ms: int, plate: str) -> str:
    """The id of one read, made of camera, capture time (ms UTC) and plate."""
    return _digest("r", camera_id, str(captured_at_ms), plate)


def alert_id(read_id: str, entry_id: str) -> str:
    """The id of one hit, made of the ids of read and hotlist entry."""
    return _digest("a", read_id, entry_id)


def corrected_alert_id(alert_id: str, content: str) -> str:
    """The id of an alert that replaces another, made of that one's id and the new content."""
    return _digest("a", alert_id, content)


def violation_id(section_id: str, entry_read_id: str, exit_read_id: str) -> str:
    """The id of one violation, made of the ids of the section and both reads."""
    return _digest("v", section_id, entry_read_id, exit_read_id)


def lesser_violation_id(
    violation_id: str, distance_m: float, corrected_kmh: int, limit_kmh: int, rule_version: str
) -> str:
    """The id of a violation that what arrived late makes lesser, made of the id that its two reads alone give and of what
    counts then."""
    return _digest("v", violation_id, f"{distance_m} m, {corrected_kmh} of {limit_kmh} km/h, {rule_version}")


def forward_id(alert_id: str, country: str, kind: str = "hit") -> str:
    """The id of one message across the border, made of the alert's id, the country and the kind. For a recall or a
    correction, alert_id is the forward_id that it is about."""
    return _digest("f", alert_id, country, kind)


def forward_id_of(alert_id: str, revision: int, country: str) -> str:
    """The id of the forward of this revision of an alert to a country. What was confirmed again after it was taken back is another
    message."""
    return forward_id(alert_id if revision == 1 else f"{alert_id}.{revision}", country)


def receipt_id(forward_id: str, outcome: str) -> str:
    """The id of one receipt, made of the forward's id and the outcome."""
    return _digest("p", forward_id, outcome)


def dead_letter_id(stage: str, topic: str, partition: int, offset: int, index: int | None = None) -> str:
    """The id of one refusal, made of the stage and the record's topic, partition, offset and index in its batch (None: the
    whole record was refused)."""
    return _digest("d", stage, topic, str(partition), str(offset), "" if index is None else str(index))


def action_id(who: str, key: str) -> str:
    """The id of what one person decided, made of the account and the key of the request: a repeated request is the same action."""
    return _digest("c", who, key)


def outcome_id(access_id: str) -> str:
    """The access_id of the outcome of an intent, made of the intent's access_id."""
    return _digest("e", access_id, "outcome")
